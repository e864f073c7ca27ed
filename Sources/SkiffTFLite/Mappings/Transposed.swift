import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Convolutions backwards, over height and width.
  static let transposed: [Mapping] = [
    Mapping(
      "TRANSPOSE_CONV", TransposedConvolution.self,
      accepts: { convolution, node, graph in
        convolution.groups == 1 && convolution.dilations.allSatisfy { $0 == 1 }
          && node.rank(in: graph) ?? 0 <= 4
      },
      read: readTransposed,
      write: { (node, writer) throws(ModelError) in try writeTransposed(node, writer) }),
    Mapping(reading: "Convolution2DTransposeBias", as: TransposedConvolution.self) {
      (reader) throws(ModelError) in try readBiased(reader)
    },
  ]

  /// MediaPipe's operator: input, weights and bias; its options are padding (1: SAME, 2: VALID) and strides along height and
  /// width, 32 bits each. SAME cuts off what the last window has beyond the last step, the smaller half at the beginning.
  private static func readBiased(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    guard let data = reader.item.customOptions, data.count >= 12 else {
      throw ModelError(.malformed, "has no options")
    }
    let padding = try data.load(at: 0, as: Int32.self)
    var node = TransposedConvolution()
    (node.layout, node.padding, node.pads) = (.last, .explicit, [0, 0, 0, 0])
    node.strides = [Int(try data.load(at: 4, as: Int32.self)), Int(try data.load(at: 8, as: Int32.self))]
    let (input, weights) = (try reader.type(0), try reader.type(1))
    guard node.strides.allSatisfy({ $0 > 0 }), input.rank == 4, weights.rank == 4 else {
      throw ModelError(.malformed, "strides \(node.strides) for \(input) and \(weights)")
    }
    for axis in 0..<2 where padding == 1 {
      guard let extent = weights.shape[axis + 1].fixed, let size = input.shape[axis + 1].fixed, size > 0
      else {
        throw ModelError(.unsupported, "sizes that are not fixed")
      }
      let total = max(0, extent - (size - 1) % node.strides[axis] - 1)
      (node.pads[axis], node.pads[axis + 2]) = (total / 2, total - total / 2)
    }
    return [try reader.add(node, [reader.input(0), reader.input(1), reader.input(2)])]
  }

  private static func readTransposed(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    var node = TransposedConvolution()
    node.layout = .last
    node.strides = [reader.options.integer("stride_h"), reader.options.integer("stride_w")]
    node.padding = try reader.padding()
    node.activation = try reader.activation()
    // The number of images may be computed; it is that of the input.
    let sizes = try reader.sizes(0, "sizes of the result")
    guard sizes.count == 4 else { throw ModelError(.malformed, "\(sizes.count) sizes of the result") }
    node.outputSizes = sizes[1...2].compactMap(\.fixed)
    if node.outputSizes.count < 2 {
      node = try node.withOpenSizes(sizes, of: reader.type(2), weights: reader.type(1))
    }
    guard node.outputSizes.allSatisfy({ Int32(exactly: $0) != nil }) else {
      throw ModelError(.malformed, "sizes of the result \(Shape(sizes))")
    }
    return [try reader.add(node, [reader.input(2), reader.input(1), reader.bias(3)])]
  }

  /// What SAME does not cut off in the same way is cut off by a slice of the whole result; one spatial axis becomes
  /// two by an axis of size 1 before it.
  private static func writeTransposed(
    _ node: TransposedConvolution, _ writer: NodeWriter
  ) throws(ModelError) -> Bool {
    try writer.requireChannelsLast(node.layout)
    let fixed = try writer.fixedShape(1)
    let isFlat = fixed.count == 3
    let result = isFlat ? try writer.temporary(like: writer.result(0), inserting: 1) : try writer.result(0)
    var operand = try writer.required(0)
    if isFlat { operand = try writer.inserted(operand, axis: 1) }
    // The number of images need not be fixed; it has no part in what follows. Where the others are not, those of an example
    // say what is added to the input's, times the stride.
    let shape = writer.exporter.types[operand].shape
    var input = shape.dimensions.map { $0.fixed ?? -1 }
    let window = try node.window(weights: fixed)
    let spatial = isFlat ? 2...2 : 1...2
    let isOpen = input[1...2].contains(-1)
    if isOpen { for axis in 1...2 where input[axis] < 0 { input[axis] = 64 } }
    var sizes = writer.exporter.types[result].shape.dimensions.map { $0.fixed ?? -1 }
    if isOpen {
      guard node.outputSizes.isEmpty else {
        throw ModelError(.unsupported, "fixed sizes of the result for those of the input that are not")
      }
      let space = try node.space(input[spatial].map { .fixed($0) }, window)
      for (axis, size) in zip(spatial, space) { sizes[axis] = size.fixed ?? -1 }
    }
    guard input.count == 4, !sizes[1...].contains(-1) else {
      throw ModelError(.unsupported, "sizes of the result that are not fixed")
    }
    let begins =
      (isFlat ? [0] : []) + node.begins(Array(input[spatial]), Array(sizes[spatial]), window)
    let strides = (isFlat ? [1] : []) + window.strides
    let extents = (isFlat ? [1] : []) + window.size
    let same = (0..<2).allSatisfy { axis in
      let (size, stride) = (sizes[axis + 1], strides[axis])
      let count = (size + stride - 1) / stride
      let total = max(0, (count - 1) * stride + extents[axis] - size)
      return count == input[axis + 1] && total / 2 == begins[axis]
    }
    var whole = sizes
    if !same {
      for axis in 0..<2 {
        let full = (input[axis + 1] - 1) * strides[axis] + extents[axis]
        whole[axis + 1] = max(full, begins[axis] + sizes[axis + 1])
      }
    }
    var options = FlatObject(
      "TransposeConvOptions", ["stride_h": .integer(strides[0]), "stride_w": .integer(strides[1])]
    ).setting("padding", to: same ? "SAME" : "VALID")
    options = options.setting(
      "fused_activation_function", to: FusedActivation.formatNames[node.activation] ?? "NONE")
    var type = writer.exporter.types[result]
    if isOpen {
      for axis in 1...2 where whole[axis] != sizes[axis] { type.shape[axis] = .unknown }
    } else {
      type.shape = Shape([type.shape[0]] + whole[1...].map { .fixed($0) })
    }
    let target = whole == sizes ? result : try writer.temporary(type)
    let weights = try writer.required(1)
    let kernel = isFlat ? try writer.reshaped(weights, to: [fixed[0], 1] + fixed[1...]) : weights
    func sizeTensor(_ sizes: [Int]) throws(ModelError) -> Int {
      guard isOpen else { return try writer.sizes(sizes, of: operand) }
      let added = (0..<2).map { sizes[$0 + 1] - input[$0 + 1] * strides[$0] }
      return try writer.scaledSizes(of: operand, by: [1] + strides + [0], plus: [0] + added + [sizes[3]])
    }
    let bias = try writer.bias(2, weights: kernel, outputs: fixed[0])
    try writer.emit(
      "TRANSPOSE_CONV", [sizeTensor(whole), kernel, operand, bias], [target],
      writer.saying(biasType: bias, in: options))
    if target != result, isOpen {
      // Ends that count from behind hold for all sizes.
      let ends = (0..<2).map { begins[$0] + sizes[$0 + 1] - whole[$0 + 1] }
      let untilEnd = ends.enumerated().reduce(0b1001) { $1.element == 0 ? $0 | 2 << $1.offset : $0 }
      try writer.emit(
        "STRIDED_SLICE",
        [
          target, writer.integers([0] + begins + [0]), writer.integers([0] + ends + [0]),
          writer.integers([1, 1, 1, 1]),
        ], [result],
        FlatObject("StridedSliceOptions", ["end_mask": .integer(untilEnd)]))
    } else if target != result {
      try writer.emit(
        "SLICE", [target, writer.integers([0] + begins + [0]), writer.integers(sizes)], [result],
        FlatObject("SliceOptions"))
    }
    if isFlat { try writer.emitRemoval(of: 1, from: result, to: writer.result(0)) }
    return true
  }
}

extension TransposedConvolution {
  /// The operator whose result has sizes that are those of the input times the strides, plus a number: which says what is cut
  /// off or added.
  fileprivate func withOpenSizes(
    _ sizes: [Shape.Dimension], of input: TensorType, weights: TensorType
  ) throws(ModelError) -> TransposedConvolution {
    var result = self
    (result.outputSizes, result.padding, result.pads) = ([], .explicit, [0, 0, 0, 0])
    result.outputPadding = [0, 0]
    for axis in 0..<2 {
      guard input.rank == 4, weights.rank == 4, let extent = weights.shape[axis + 1].fixed,
        let added = (sizes[axis + 1] - input.shape[axis + 1] * .fixed(strides[axis])).fixed,
        Int32(exactly: added) != nil
      else {
        throw ModelError(.unsupported, "sizes of the result that are computed when the model runs")
      }
      let cut = extent - strides[axis] - added
      result.outputPadding[axis] = max(0, -cut)
      result.pads[axis] = padding == .explicit ? 0 : max(0, cut) / 2
      result.pads[axis + 2] = max(0, cut) - result.pads[axis]
    }
    return result
  }
}

extension NodeWriter {
  /// Sizes of a result, of which the first is the operand's where it is not known.
  fileprivate func sizes(_ sizes: [Int], of operand: Int) throws(ModelError) -> Int {
    guard sizes[0] < 0 else { return try integers(sizes) }
    return try copiedShape(of: operand, [nil] + sizes[1...].map { $0 })
  }
}
