import SkiffBinary

extension TFLiteModel {
  /// Writes the file: the tables first, then the buffers one after the other.
  ///
  /// - Parameters:
  ///   - largestImage: Where tables and buffers together are larger, buffers stand behind the FlatBuffer instead
  ///     of in it, as files beyond 2 GiB must have them.
  ///   - fill: Writes the buffer of that number, for those that are to come ``Buffer/later(count:)``.
  package func write(
    to file: inout OutputFile, largestImage: Int = FlatImage.largestSize,
    filling fill: (Int, inout OutputFile) throws(ModelError) -> Void = { _, _ in }
  ) throws(ModelError) {
    let filled = buffers.indices.filter { buffers[$0].count > 0 }
    func write(_ buffer: Int, _ file: inout OutputFile) throws(ModelError) {
      switch buffers[buffer] {
      case .data(let bytes): try file.write(bytes)
      case .later: try fill(buffer, &file)
      }
    }
    // What is wrong with the tables is found in both layouts.
    let inside = try? FlatImage(object(places: .inside), schema: .tflite)
    if let inside, inside.count <= largestImage {
      try inside.write(to: &file) { (index, file) throws(ModelError) in try write(filled[index], &file) }
    } else {
      try writeOutside(to: &file, filled, write)
    }
  }

  private func writeOutside(
    to file: inout OutputFile, _ filled: [Int], _ write: (Int, inout OutputFile) throws(ModelError) -> Void
  ) throws(ModelError) {
    // Any number but 0 takes the same room, so that a first layout tells where the tables end.
    let placeholder = [Int](repeating: 1, count: buffers.count)
    var end = try FlatImage(object(places: .outside(placeholder)), schema: .tflite).count
    var places = placeholder
    for buffer in filled {
      places[buffer] = (end + Self.alignment - 1) / Self.alignment * Self.alignment
      end = places[buffer] + buffers[buffer].count
    }
    let image = try FlatImage(object(places: .outside(places)), schema: .tflite)
    try image.write(to: &file) { _, _ in }
    for buffer in filled {
      try file.align(to: Self.alignment)
      try write(buffer, &file)
      guard file.count == places[buffer] + buffers[buffer].count else {
        throw ModelError(.invalidArgument, "buffer \(buffer) is not as large as announced")
      }
    }
  }

  /// What the format asks of a buffer's place in the file.
  private static let alignment = 16

  private enum Places {
    case inside
    case outside([Int])
  }

  private func object(places: Places) -> FlatObject {
    var root = FlatObject("Model", ["version": .integer(version)])
    root["description"] = description.map(FlatValue.string)
    root["operator_codes"] = .objects(operatorCodes.map(\.object))
    root["subgraphs"] = .objects(subgraphs.map(\.object))
    root["buffers"] = .objects(
      buffers.enumerated().map { index, buffer in
        guard buffer.count > 0 else { return FlatObject("Buffer") }
        switch places {
        case .inside:
          return FlatObject("Buffer", ["data": .reserved(count: buffer.count, alignment: Self.alignment)])
        case .outside(let places):
          return FlatObject("Buffer", ["offset": .integer(places[index]), "size": .integer(buffer.count)])
        }
      })
    if !metadataBuffers.isEmpty { root["metadata_buffer"] = .integers(metadataBuffers) }
    if !metadata.isEmpty { root["metadata"] = .objects(metadata.map(\.object)) }
    if !signatures.isEmpty { root["signature_defs"] = .objects(signatures.map(\.object)) }
    return root
  }
}

extension TFLiteModel.OperatorCode {
  fileprivate var object: FlatObject {
    var object = FlatObject(
      "OperatorCode", ["builtin_code": .integer(builtin), "version": .integer(version)])
    object["deprecated_builtin_code"] = .integer(min(builtin, 127))
    object["custom_code"] = customCode.map(FlatValue.string)
    return object
  }
}

extension TFLiteModel.Subgraph {
  fileprivate var object: FlatObject {
    var object = FlatObject(
      "SubGraph",
      [
        "tensors": .objects(tensors.map(\.object)), "inputs": .integers(inputs),
        "outputs": .integers(outputs), "operators": .objects(operators.map(\.object)),
        "debug_metadata_index": .integer(debugMetadataIndex),
      ])
    object["name"] = name.map(FlatValue.string)
    return object
  }
}

extension TFLiteModel.Tensor {
  fileprivate var object: FlatObject {
    var object = FlatObject(
      "Tensor",
      [
        "name": .string(name), "shape": .integers(shape), "type": .integer(type), "buffer": .integer(buffer),
        "has_rank": .integer(hasRank ? 1 : 0), "is_variable": .integer(isVariable ? 1 : 0),
      ])
    object["shape_signature"] = shapeSignature.map(FlatValue.integers)
    object["quantization"] = quantization.map { .object($0.object) }
    object["sparsity"] = sparsity.map(FlatValue.object)
    object["variant_tensors"] = variantTensors.map(FlatValue.objects)
    return object
  }
}

extension TFLiteModel.Quantization {
  fileprivate var object: FlatObject {
    var object = FlatObject("QuantizationParameters", ["quantized_dimension": .integer(axis)])
    for (name, values) in [("min", min), ("max", max), ("scale", scale)] {
      object[name] = values.map { .reals($0.map(Double.init)) }
    }
    object["zero_point"] = zeroPoint.map(FlatValue.integers)
    object["details"] = details.map(FlatValue.object)
    return object
  }
}

extension TFLiteModel.Operator {
  fileprivate var object: FlatObject {
    var object = FlatObject(
      "Operator",
      [
        "opcode_index": .integer(code), "inputs": .integers(inputs), "outputs": .integers(outputs),
        "debug_metadata_index": .integer(debugMetadataIndex),
      ])
    if let options {
      object[options.isSecondUnion ? "builtin_options_2" : "builtin_options"] = .object(options)
    }
    object["custom_options"] = customOptions.map(FlatValue.bytes)
    object["mutating_variable_inputs"] = mutatingVariableInputs.map(FlatValue.integers)
    object["intermediates"] = intermediates.map(FlatValue.integers)
    return object
  }
}

extension FlatObject {
  /// Whether these options belong to the union that took over when the first one was full.
  fileprivate var isSecondUnion: Bool {
    guard case .union(let members)? = FlatSchema.tflite.table("Operator").field("builtin_options_2")?.type
    else { return false }
    return members.contains(type)
  }
}

extension TFLiteModel.Metadata {
  fileprivate var object: FlatObject {
    var object = FlatObject("Metadata", ["buffer": .integer(buffer)])
    object["name"] = name.map(FlatValue.string)
    return object
  }
}

extension TFLiteModel.Signature {
  fileprivate var object: FlatObject {
    var object = FlatObject("SignatureDef", ["subgraph_index": .integer(subgraph)])
    object["signature_key"] = key.map(FlatValue.string)
    object["inputs"] = .objects(inputs.map(\.object))
    object["outputs"] = .objects(outputs.map(\.object))
    return object
  }
}

extension TFLiteModel.TensorMap {
  fileprivate var object: FlatObject {
    var object = FlatObject("TensorMap", ["tensor_index": .integer(tensor)])
    object["name"] = name.map(FlatValue.string)
    return object
  }
}
