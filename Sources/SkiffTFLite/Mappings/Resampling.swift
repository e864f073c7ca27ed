import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Operators that make images larger or smaller.
  static let resampling: [Mapping] = [
    Mapping(
      "RESIZE_BILINEAR", Resize.self,
      read: { (reader) throws(ModelError) in
        var resize = Resize()
        resize.mode = .linear
        resize.coordinates =
          reader.options.boolean("align_corners")
          ? .alignCorners : reader.options.boolean("half_pixel_centers") ? .halfPixel : .asymmetric
        return [try reader.add(resize.alongSpace, [reader.input(0), nil, nil, reader.input(1)])]
      },
      write: { (resize, writer) throws(ModelError) in
        guard resize.mode == .linear else { return false }
        var options = FlatObject("ResizeBilinearOptions")
        switch resize.coordinates {
        case .alignCorners: options["align_corners"] = .integer(1)
        case .halfPixel, .pytorchHalfPixel: options["half_pixel_centers"] = .integer(1)
        case .asymmetric: break
        default: throw ModelError(.unsupported, "these coordinates", at: Location(attribute: "coordinates"))
        }
        try writer.emitResize("RESIZE_BILINEAR", options)
        return true
      }),
    Mapping(
      "RESIZE_NEAREST_NEIGHBOR", Resize.self,
      read: { (reader) throws(ModelError) in
        var resize = Resize()
        resize.mode = .nearest
        resize.rounding = .floor
        resize.coordinates = reader.options.boolean("half_pixel_centers") ? .tfHalfPixelForNN : .asymmetric
        if reader.options.boolean("align_corners") {
          guard resize.coordinates == .asymmetric else {
            throw ModelError(.unsupported, "aligned corners and half pixels at once")
          }
          resize.coordinates = .alignCorners
          resize.rounding = .roundPreferCeil
        }
        return [try reader.add(resize.alongSpace, [reader.input(0), nil, nil, reader.input(1)])]
      },
      write: { (resize, writer) throws(ModelError) in
        guard resize.mode == .nearest else { return false }
        var options = FlatObject("ResizeNearestNeighborOptions")
        switch (resize.coordinates, resize.rounding) {
        case (.alignCorners, .roundPreferCeil): options["align_corners"] = .integer(1)
        case (.tfHalfPixelForNN, .floor): options["half_pixel_centers"] = .integer(1)
        case (.asymmetric, .floor): break
        // Whole factors: the element whose copies these are, however centres are rounded.
        case (.halfPixel, .roundPreferFloor), (.halfPixel, .roundPreferCeil),
          (.pytorchHalfPixel, .roundPreferFloor), (.halfPixelSymmetric, .roundPreferFloor):
          guard try writer.enlargesByWholeFactors() else { fallthrough }
        default:
          throw ModelError(
            .unsupported, "these coordinates and rounding", at: Location(attribute: "coordinates"))
        }
        try writer.emitResize("RESIZE_NEAREST_NEIGHBOR", options)
        return true
      }),
    Mapping(
      "TRANSPOSE_CONV", TransposedConvolution.self, read: readTransposed,
      write: { (node, writer) throws(ModelError) in try writeTransposed(node, writer) }),
  ]

  private static func readTransposed(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    var node = TransposedConvolution()
    node.layout = .last
    node.strides = [reader.options.integer("stride_h"), reader.options.integer("stride_w")]
    node.padding = try reader.padding()
    node.activation = try reader.activation()
    let sizes = try reader.integers(0, "sizes of the result")
    guard sizes.count == 4 else { throw ModelError(.malformed, "\(sizes.count) sizes of the result") }
    node.outputSizes = Array(sizes[1...2])
    return [try reader.add(node, [reader.input(2), reader.input(1), reader.optionalInput(3)])]
  }

  /// What SAME does not cut off in the same way is cut off by a slice of the whole result.
  private static func writeTransposed(
    _ node: TransposedConvolution, _ writer: NodeWriter
  ) throws(ModelError) -> Bool {
    try writer.requireChannelsLast(node.layout)
    let (input, weights) = (try writer.fixedShape(0), try writer.fixedShape(1))
    let result = try writer.result(0)
    guard node.groups == 1, input.count == 4, let sizes = writer.exporter.types[result].shape.fixed else {
      throw ModelError(.unsupported, "groups, other than two axes, or sizes that are not fixed")
    }
    let window = try node.window(weights: weights)
    try writer.requireNoDilation(window)
    let begins = node.begins(Array(input[1...2]), Array(sizes[1...2]), window)
    let same = (0..<2).allSatisfy { axis in
      let (size, stride) = (sizes[axis + 1], window.strides[axis])
      let count = (size + stride - 1) / stride
      let total = max(0, (count - 1) * stride + window.size[axis] - size)
      return count == input[axis + 1] && total / 2 == begins[axis]
    }
    var whole = sizes
    if !same {
      for axis in 0..<2 {
        let full = (input[axis + 1] - 1) * window.strides[axis] + window.size[axis]
        whole[axis + 1] = max(full, begins[axis] + sizes[axis + 1])
      }
    }
    var options = FlatObject(
      "TransposeConvOptions",
      ["stride_h": .integer(window.strides[0]), "stride_w": .integer(window.strides[1])]
    ).setting("padding", to: same ? "SAME" : "VALID")
    options = options.setting(
      "fused_activation_function", to: FusedActivation.formatNames[node.activation] ?? "NONE")
    var type = writer.exporter.types[result]
    type.shape = Shape(whole)
    let target = whole == sizes ? result : try writer.temporary(type)
    let kernel = try writer.required(1)
    let operands = [
      try writer.integers(whole), kernel, try writer.required(0),
      try writer.bias(2, weights: kernel, outputs: weights[0]),
    ]
    try writer.emit("TRANSPOSE_CONV", operands, [target], options)
    if target != result {
      try writer.emit(
        "SLICE", [target, writer.integers([0] + begins + [0]), writer.integers(sizes)], [result],
        FlatObject("SliceOptions"))
    }
    return true
  }
}

extension Resize {
  /// The operator on height and width of channel-last images.
  fileprivate var alongSpace: Resize {
    var copy = self
    copy.axes = [1, 2]
    return copy
  }
}

extension NodeWriter {
  private func resizedShapes() throws(ModelError) -> (input: Shape, result: Shape) {
    let (input, result) = (try type(0).shape, exporter.types[try self.result(0)].shape)
    guard input.rank == 4, input[0] == result[0], input[3] == result[3] else {
      throw ModelError(.unsupported, "a resize of \(input) to \(result)")
    }
    return (input, result)
  }

  fileprivate func enlargesByWholeFactors() throws(ModelError) -> Bool {
    let (input, result) = try resizedShapes()
    return (1...2).allSatisfy { axis in
      guard let old = input[axis].fixed, let new = result[axis].fixed, old > 0 else { return false }
      return new % old == 0
    }
  }

  /// Appends a resize of height and width to the sizes of the result.
  ///
  /// The format scales by the ratio of the sizes; scales that are given must be that.
  fileprivate func emitResize(_ name: String, _ options: FlatObject) throws(ModelError) {
    let (input, result) = try resizedShapes()
    guard let height = result[1].fixed, let width = result[2].fixed else {
      throw ModelError(.unsupported, "a resize to sizes that are not fixed")
    }
    if node.inputs.count > 2, let scales = node.inputs[2], let constant = exporter.graph[scales].constant {
      let factors = try constant.materialize().floats().suffix(input.rank)
      let spatial = factors.count == 4 ? Array(factors.dropFirst().prefix(2)) : Array(factors)
      for (axis, factor) in zip(1...2, spatial) {
        guard let old = input[axis].fixed, let new = result[axis].fixed,
          abs(Float(old) * factor - Float(new)) < 1e-3
        else { throw ModelError(.unsupported, "a scale other than the ratio of the sizes") }
      }
    }
    try emit(name, [required(0), integers([height, width])], [self.result(0)], options)
  }
}
