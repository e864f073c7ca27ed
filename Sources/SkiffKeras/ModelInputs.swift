import SkiffBinary
import SkiffIR

extension KerasArchitecture {
  /// The names and types of what the model is applied to; the batch is a symbol wherever it is not fixed.
  func inputTypes() throws(ModelError) -> [(name: String, type: TensorType)] {
    switch kind {
    case .functional:
      var types: [(name: String, type: TensorType)] = []
      for reference in inputs {
        guard let layer = layer(reference.layer) else {
          throw ModelError(
            .malformed, "there is no layer '\(reference.layer)'", at: Location(attribute: "input_layers"))
        }
        types.append((layer.name, try layer.inputType(named: layer.name, buildShape: nil)))
      }
      return types
    case .sequential:
      guard let first = layers.first else { throw ModelError(.unsupported, "the model has no layers") }
      let name = first.className == "InputLayer" ? first.name : "\(first.name)_input"
      // A model at the first place has its own input layer.
      if let inner = first.model.first {
        let types = try inner.inputTypes()
        guard types.count == 1 else {
          throw ModelError(.malformed, "the first layer has \(types.count) inputs", at: first.location)
        }
        return types
      }
      return [(name, try first.inputType(named: name, buildShape: buildShape ?? first.buildShape))]
    }
  }

  /// The names of what the model returns, in order; equal ones are possible.
  var outputNames: [String] {
    switch kind {
    case .functional: outputs.map(\.layer)
    case .sequential: [layers.last?.name ?? name]
    }
  }
}

extension KerasLayer {
  /// The type that a layer's settings say its input has.
  fileprivate func inputType(named name: String, buildShape: [Int?]?) throws(ModelError) -> TensorType {
    try locating(location) { () throws(ModelError) in
      guard let sizes = try statedShape() ?? buildShape, !sizes.isEmpty else {
        throw ModelError(.unsupported, "the file does not say what the model's input looks like")
      }
      let settings = KerasSettings(config)
      let isInteger = className == "Embedding" && !settings.has("batch_input_shape")
      let dataType = try KerasPolicy.dataType(
        of: className == "InputLayer" || className == "Embedding" ? settings["dtype"] : nil,
        default: isInteger ? .int32 : .float32)
      let dimensions = sizes.enumerated().map { axis, size in
        size.map { Shape.Dimension.fixed($0) } ?? .symbol(axis == 0 ? "batch" : "\(symbolName(name))_\(axis)")
      }
      return TensorType(dataType, Shape(dimensions))
    }
  }

  private func statedShape() throws(ModelError) -> [Int?]? {
    for key in ["batch_shape", "batch_input_shape"] {
      guard let list = config[key]?.array else { continue }
      var sizes: [Int?] = []
      for item in list {
        guard item == .null || item.integer.map({ (0..<1 << 31).contains($0) }) == true else {
          throw ModelError(.malformed, "a size is \(item.kind)", at: Location(attribute: key))
        }
        sizes.append(item.integer)
      }
      return sizes
    }
    return nil
  }
}

/// A name that can be a symbol in the text form.
private func symbolName(_ name: String) -> String {
  let letters = name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
  return letters.first?.isNumber == true ? "_" + String(letters) : String(letters)
}
