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
        try writer.emitResize(resize, "RESIZE_BILINEAR", "ResizeBilinearOptions", isLinear: true)
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
        try writer.emitResize(
          resize, "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions", isLinear: false)
      }),
    Mapping(
      decomposing: Resize.self,
      write: { (resize, writer) throws(ModelError) in
        try writer.writeResizeByAxes(resize)
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
    // The number of images may be computed; it is that of the input.
    let sizes = try reader.sizes(0, "sizes of the result")
    guard sizes.count == 4 else { throw ModelError(.malformed, "\(sizes.count) sizes of the result") }
    node.outputSizes = sizes[1...2].compactMap(\.fixed)
    guard node.outputSizes.count == 2, node.outputSizes.allSatisfy({ Int32(exactly: $0) != nil }) else {
      throw ModelError(.unsupported, "sizes of the result that are computed when the model runs")
    }
    return [try reader.add(node, [reader.input(2), reader.input(1), reader.optionalInput(3)])]
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
    // The number of images need not be fixed; it has no part in what follows.
    let (input, sizes) = (
      writer.exporter.types[operand].shape.dimensions.map { $0.fixed ?? -1 },
      writer.exporter.types[result].shape.dimensions.map { $0.fixed ?? -1 }
    )
    guard node.groups == 1, input.count == 4, !input[1...2].contains(-1), !sizes[1...].contains(-1) else {
      throw ModelError(.unsupported, "groups, more than two axes, or sizes that are not fixed")
    }
    let window = try node.window(weights: fixed)
    try writer.requireNoDilation(window)
    let spatial = isFlat ? 2...2 : 1...2
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
    type.shape = Shape([type.shape[0]] + whole[1...].map { .fixed($0) })
    let target = whole == sizes ? result : try writer.temporary(type)
    let weights = try writer.required(1)
    let kernel = isFlat ? try writer.reshaped(weights, to: [fixed[0], 1] + fixed[1...]) : weights
    let operands = [
      try writer.sizes(whole, of: operand), kernel, operand,
      try writer.bias(2, weights: kernel, outputs: fixed[0]),
    ]
    try writer.emit("TRANSPOSE_CONV", operands, [target], options)
    if target != result {
      try writer.emit(
        "SLICE", [target, writer.integers([0] + begins + [0]), writer.integers(sizes)], [result],
        FlatObject("SliceOptions"))
    }
    if isFlat { try writer.emitReshape(result, to: writer.result(0)) }
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
  /// Sizes of a result, of which the first is the operand's where it is not known.
  fileprivate func sizes(_ sizes: [Int], of operand: Int) throws(ModelError) -> Int {
    guard sizes[0] < 0 else { return try integers(sizes) }
    return try copiedShape(of: operand, [nil] + sizes[1...].map { $0 })
  }

  private func resizedSizes() throws(ModelError) -> (old: [Int], new: [Int], scales: [Float]?) {
    let (input, result) = (try type(0).shape, exporter.types[try self.result(0)].shape)
    // The number of images and that of channels have no part in the resizing, whether they are fixed or not.
    let isKept = (0..<input.rank).map { axis in
      [0, input.rank - 1].contains(axis) && input[axis] == result[axis] && input[axis].fixed == nil
    }
    let old = (0..<input.rank).map { isKept[$0] ? 1 : input[$0].fixed }.compactMap(\.self)
    let new = (0..<input.rank).map { isKept[$0] ? 1 : result[$0].fixed }.compactMap(\.self)
    guard old.count == input.rank, new.count == input.rank else {
      throw ModelError(.unsupported, "a resize of \(input) to \(result), whose sizes are not fixed")
    }
    guard node.inputs.count > 2, let scales = node.inputs[2] else { return (old, new, nil) }
    guard let constant = exporter.graph[scales].constant else {
      throw ModelError(.unsupported, "scales that are computed when the model runs")
    }
    return (old, new, try constant.materialize().floats())
  }

  /// Appends a resize of height and width to the sizes of the result; false if the format has no such resize.
  fileprivate func emitResize(
    _ resize: Resize, _ name: String, _ table: String, isLinear: Bool
  ) throws(ModelError) -> Bool {
    let (old, new, scales) = try resizedSizes()
    guard let form = resize.form(from: old, to: new, scales: scales), form.isLinear == isLinear else {
      return false
    }
    var options = FlatObject(table)
    if form.alignsCorners { options["align_corners"] = .integer(1) }
    if form.hasHalfPixels { options["half_pixel_centers"] = .integer(1) }
    try emit(name, [required(0), integers([new[1], new[2]])], [result(0)], options)
    return true
  }

  /// Writes a resize axis by axis: a selection of elements, or a product with the matrix of their weights.
  fileprivate func writeResizeByAxes(_ resize: Resize) throws(ModelError) {
    let (old, new, scales) = try resizedSizes()
    let rank = old.count
    guard resize.coordinates != .tfCropAndResize else {
      throw ModelError(.unsupported, "a region of interest", at: Location(attribute: "coordinates"))
    }
    let axes = try resize.resizedAxes(rank: rank)
    let sizes =
      scales == nil
      ? try Tensor(integers: known(3, "sizes"), as: .int64, shape: [axes.count]) : nil
    let plans = try resize.plans(
      old, axes, [nil, nil, scales.map { Tensor($0, shape: [axes.count]) }, sizes])
    guard plans.allSatisfy({ $0.resized == new[$0.axis] }) else {
      throw ModelError(.unsupported, "a resize of \(Shape(old)) to \(Shape(new))")
    }
    var tensor = try required(0)
    for plan in plans {
      if resize.mode == .nearest {
        tensor = try gathered(tensor, axis: plan.axis, plan.positions)
        continue
      }
      guard try !type(0).isQuantized else {
        throw ModelError(.unsupported, "this resize has no form in integers in the format")
      }
      var order = Array(0..<rank)
      order.swapAt(plan.axis, rank - 1)
      let isLast = plan.axis == rank - 1
      let lines = isLast ? tensor : try permuted(tensor, by: order)
      var type = exporter.types[lines]
      type.shape[rank - 1] = .fixed(plan.resized)
      let product = try temporary(type)
      let matrix = try exporter.addUnnamed(
        Tensor(plan.matrix, shape: [plan.resized, plan.size]).cast(to: type.dataType))
      var options = FlatObject("FullyConnectedOptions")
      options["keep_num_dims"] = .integer(1)
      try emit("FULLY_CONNECTED", [lines, matrix, -1], [product], options)
      tensor = isLast ? product : try permuted(product, by: order)
    }
    try finish(tensor)
  }
}
