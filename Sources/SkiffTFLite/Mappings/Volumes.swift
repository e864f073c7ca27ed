import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Convolutions over three axes, and blocks of axes put into the batch.
  static let volumes: [Mapping] = [
    Mapping(
      "CONV_3D", Convolution.self,
      accepts: { convolution, node, graph in convolution.groups == 1 && node.rank(in: graph) == 5 },
      read: { (reader) throws(ModelError) in
        var convolution = Convolution()
        convolution.layout = .last
        (convolution.strides, convolution.dilations) = (reader.volumeStrides, reader.volumeDilations)
        convolution.padding = try reader.padding()
        convolution.activation = try reader.activation()
        guard try reader.type(0).rank == 5, try reader.type(1).rank == 5 else {
          throw ModelError(.malformed, "a convolution of \(try reader.type(0)) with \(try reader.type(1))")
        }
        let weights = try reader.permuted(reader.input(1), by: [4, 0, 1, 2, 3])
        return [
          try reader.add(convolution, [reader.input(0), weights] + reader.inputs.dropFirst(2))
        ]
      },
      write: { (convolution, writer) throws(ModelError) in
        try writer.requireChannelsLast(convolution.layout)
        let window = try convolution.window(weights: writer.fixedShape(1))
        let (input, padding) = try writer.padded(for: window)
        var operands = [input, try writer.permuted(writer.required(1), by: [1, 2, 3, 4, 0])]
        if let bias = try writer.optional(2) { operands.append(bias) }
        try writer.emit(
          "CONV_3D", operands, [writer.result(0)],
          writer.volumeOptions(
            window.strides, window.dilations, padding: padding, convolution.activation))
        return true
      }),
    Mapping(
      "CONV_3D_TRANSPOSE", TransposedConvolution.self,
      accepts: { convolution, node, graph in convolution.groups == 1 && node.rank(in: graph) == 5 },
      read: { (reader) throws(ModelError) in
        var node = TransposedConvolution()
        node.layout = .last
        (node.strides, node.dilations) = (reader.volumeStrides, reader.volumeDilations)
        node.padding = try reader.padding()
        node.activation = try reader.activation()
        let sizes = try reader.sizes(0, "sizes of the result")
        guard sizes.count == 5, try reader.type(1).rank == 5 else {
          throw ModelError(.malformed, "\(sizes.count) sizes of the result")
        }
        node.outputSizes = sizes[1...3].compactMap(\.fixed)
        guard node.outputSizes.count == 3 else {
          throw ModelError(.unsupported, "sizes of the result that are computed when the model runs")
        }
        let weights = try reader.permuted(reader.input(1), by: [3, 0, 1, 2, 4])
        return [try reader.add(node, [reader.input(2), weights, reader.optionalInput(3)])]
      },
      write: { (node, writer) throws(ModelError) in
        try writer.requireChannelsLast(node.layout)
        let window = try node.window(weights: writer.fixedShape(1))
        let (input, sizes) = (try writer.fixedShape(0), writer.exporter.types[try writer.result(0)].shape)
        guard node.groups == 1, let result = sizes.fixed else {
          throw ModelError(.unsupported, "groups over three axes, or sizes that are not fixed")
        }
        let begins = node.begins(Array(input[1...3]), Array(result[1...3]), window)
        let isSame = (0..<3).allSatisfy { axis in
          let (size, stride) = (result[axis + 1], window.strides[axis])
          let extent = (window.size[axis] - 1) * window.dilations[axis] + 1
          let count = (size + stride - 1) / stride
          return count == input[axis + 1]
            && max(0, (count - 1) * stride + extent - size) / 2 == begins[axis]
        }
        // What SAME does not cut off in the same way is cut off by a slice of the whole result.
        var whole = result
        if !isSame {
          for axis in 0..<3 {
            let full = (input[axis + 1] - 1) * window.strides[axis] + window.extent(axis)
            whole[axis + 1] = max(full, begins[axis] + result[axis + 1])
            // Kernels compare the input with what the convolution makes of the result.
            guard whole[axis + 1] - full < window.strides[axis] else {
              throw ModelError(
                .unsupported, "a result beyond all windows", at: Location(attribute: "outputSizes"))
            }
          }
        }
        var type = writer.exporter.types[try writer.result(0)]
        type.shape = Shape(whole)
        let target = whole == result ? try writer.result(0) : try writer.temporary(type)
        var operands = [
          try writer.integers(whole),
          try writer.permuted(writer.required(1), by: [1, 2, 3, 0, 4]), try writer.required(0),
        ]
        if let bias = try writer.optional(2) { operands.append(bias) }
        try writer.emit(
          "CONV_3D_TRANSPOSE", operands, [target],
          writer.volumeOptions(
            window.strides, window.dilations, padding: isSame ? "SAME" : "VALID", node.activation))
        if whole != result {
          try writer.emit(
            "SLICE", [target, writer.integers([0] + begins + [0]), writer.integers(result)],
            [writer.result(0)], FlatObject("SliceOptions"))
        }
        return true
      }),
    Mapping(
      "SPACE_TO_BATCH_ND", SpaceToBatch.self,
      read: { (reader) throws(ModelError) in
        var node = SpaceToBatch()
        (node.blockSizes, node.pads) = (try reader.integers(1, "blocks"), try reader.pairs(2, "amounts"))
        return [try reader.add(node, [reader.input(0)])]
      },
      write: { (node, writer) throws(ModelError) in
        try writer.emitBlocks(
          "SPACE_TO_BATCH_ND", node.blockSizes, node.pads, FlatObject("SpaceToBatchNDOptions"))
        return true
      }),
    Mapping(
      "BATCH_TO_SPACE_ND", BatchToSpace.self,
      read: { (reader) throws(ModelError) in
        var node = BatchToSpace()
        (node.blockSizes, node.crops) = (try reader.integers(1, "blocks"), try reader.pairs(2, "amounts"))
        return [try reader.add(node, [reader.input(0)])]
      },
      write: { (node, writer) throws(ModelError) in
        try writer.emitBlocks(
          "BATCH_TO_SPACE_ND", node.blockSizes, node.crops, FlatObject("BatchToSpaceNDOptions"))
        return true
      }),
  ]
}

extension Node {
  /// The number of axes of the first operand.
  func rank(in graph: Graph) -> Int? {
    inputs.first.flatMap(\.self).flatMap { graph[$0].type?.rank }
  }
}

extension OperatorReader {
  fileprivate var volumeStrides: [Int] {
    [options.integer("stride_d"), options.integer("stride_h"), options.integer("stride_w")]
  }

  fileprivate var volumeDilations: [Int] {
    ["dilation_d_factor", "dilation_h_factor", "dilation_w_factor"].map { options.integer($0) }
  }

  /// A beginning and an end for each axis, as all beginnings and then all ends.
  fileprivate func pairs(_ index: Int, _ name: String) throws(ModelError) -> [Int] {
    let pairs = try integers(index, name)
    guard pairs.count % 2 == 0 else { throw ModelError(.malformed, "\(pairs.count) \(name)") }
    return [0, 1].flatMap { offset in stride(from: offset, to: pairs.count, by: 2).map { pairs[$0] } }
  }
}

extension NodeWriter {
  /// The first operand as a window over three axes takes it, and the name of the padding that is left to it.
  fileprivate func padded(for window: Window) throws(ModelError) -> (input: Int, padding: String) {
    let input = try required(0)
    if window.padding == .sameUpper { return (input, "SAME") }
    if window.padding == .explicit, window.pads.allSatisfy({ $0 == 0 }) { return (input, "VALID") }
    let amounts = window.padAmounts(Array(try fixedShape(0)[1...3]))
    guard amounts.allSatisfy({ $0.begin >= 0 && $0.end >= 0 }) else {
      throw ModelError(.unsupported, "a negative padding", at: Location(attribute: "pads"))
    }
    let pairs = [[0, 0]] + amounts.map { [$0.begin, $0.end] } + [[0, 0]]
    return (try padded(input, pairs, lowest: false), "VALID")
  }

  fileprivate func volumeOptions(
    _ strides: [Int], _ dilations: [Int], padding: String, _ activation: FusedActivation
  ) -> FlatObject {
    FlatObject(
      "Conv3DOptions",
      [
        "stride_d": .integer(strides[0]), "stride_h": .integer(strides[1]), "stride_w": .integer(strides[2]),
        "dilation_d_factor": .integer(dilations[0]), "dilation_h_factor": .integer(dilations[1]),
        "dilation_w_factor": .integer(dilations[2]),
      ]
    ).setting("padding", to: padding).setting(
      "fused_activation_function", to: FusedActivation.formatNames[activation] ?? "NONE")
  }

  fileprivate func emitBlocks(
    _ name: String, _ blocks: [Int], _ amounts: [Int], _ options: FlatObject
  ) throws(ModelError) {
    let count = blocks.count
    let all = amounts.isEmpty ? [Int](repeating: 0, count: 2 * count) : amounts
    let list = (0..<count).flatMap { [all[$0], all[count + $0]] }
    guard let pairs = try exporter.derive(integers(list), by: .reshape([count, 2])) else {
      throw ModelError(.invalidGraph, "amounts \(list)")
    }
    try emit(name, [required(0), integers(blocks), pairs], [result(0)], options)
  }
}
