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
      "TRANSPOSE_CONV", TransposedConvolution.self,
      accepts: { convolution, node, graph in
        convolution.groups == 1 && convolution.dilations.allSatisfy { $0 == 1 }
          && node.rank(in: graph) ?? 0 <= 4
      },
      read: readTransposed,
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
    if node.outputSizes.count < 2 {
      node = try node.withOpenSizes(sizes, of: reader.type(2), weights: reader.type(1))
    }
    guard node.outputSizes.allSatisfy({ Int32(exactly: $0) != nil }) else {
      throw ModelError(.malformed, "sizes of the result \(Shape(sizes))")
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
    let operands = [
      try sizeTensor(whole), kernel, operand,
      try writer.bias(2, weights: kernel, outputs: fixed[0]),
    ]
    try writer.emit("TRANSPOSE_CONV", operands, [target], options)
    if target != result {
      try writer.emit(
        "SLICE",
        [target, writer.integers([0] + begins + [0]), isOpen ? sizeTensor(sizes) : writer.integers(sizes)],
        [result],
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

extension TensorFlowForm {
  fileprivate func options(_ table: String) -> FlatObject {
    var options = FlatObject(table)
    if alignsCorners { options["align_corners"] = .integer(1) }
    if hasHalfPixels { options["half_pixel_centers"] = .integer(1) }
    return options
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

  /// The sizes of a tensor times factors plus terms.
  fileprivate func scaledSizes(of tensor: Int, by factors: [Int], plus terms: [Int]) throws(ModelError) -> Int
  {
    let type = TensorType(.int32, [factors.count])
    let (sizes, scaled, result) = (try temporary(type), try temporary(type), try temporary(type))
    try emit("SHAPE", [tensor], [sizes], FlatObject("ShapeOptions").setting("out_type", to: "INT32"))
    try emit("MUL", [sizes, integers(factors)], [scaled], FlatObject("MulOptions"))
    try emit("ADD", [scaled, integers(terms)], [result], FlatObject("AddOptions"))
    return result
  }

  /// Height and width of the result of a resize, computed when the model runs, and sizes that stand for them: those of an
  /// input of 4 by 4 that grows by whole factors, or to sizes that an operand says; nil for other resizes.
  private func openSizes(_ resize: Resize) throws(ModelError) -> (tensor: Int, new: [Int], scales: [Float]?)?
  {
    let rank = try type(0).rank
    let axes = try resize.resizedAxes(rank: rank)
    guard rank == 4 else { return nil }
    if node.inputs.count > 2, let value = node.inputs[2] {
      guard let scales = try exporter.graph[value].constant?.materialize().floats(),
        scales.count == axes.count
      else { return nil }
      var factors = [1, 1, 1, 1]
      for (axis, scale) in zip(axes, scales) { factors[axis] = Int(exactly: scale) ?? 0 }
      guard factors[0] == 1, factors[3] == 1, factors.allSatisfy({ $0 > 0 }) else { return nil }
      let sizes = try scaledSizes(of: required(0), by: factors, plus: [0, 0, 0, 0])
      return (try part(sizes, at: [1, 2]), [4 * factors[1], 4 * factors[2]], scales)
    }
    // Where the result has one element, this takes another one than the format's operator.
    let (input, result) = (try type(0).shape, exporter.types[try self.result(0)].shape)
    guard resize.coordinates != .pytorchHalfPixel, resize.policy == .stretch,
      [0, 3].allSatisfy({ input[$0] == result[$0] }),
      let height = axes.firstIndex(of: 1), let width = axes.firstIndex(of: 2)
    else { return nil }
    return (try part(index(3), at: [height, width]), [7, 9], nil)
  }

  /// Some elements of a list.
  private func part(_ list: Int, at positions: [Int]) throws(ModelError) -> Int {
    let result = try temporary(TensorType(.int32, [positions.count]))
    try emit("GATHER", [list, integers(positions)], [result], FlatObject("GatherOptions"))
    return result
  }

  /// Whether height or width of an image is not known before the model runs.
  private var hasOpenSpace: Bool {
    get throws(ModelError) {
      let (input, result) = (try type(0).shape, exporter.types[try self.result(0)].shape)
      return input.rank == 4 && (1...2).contains { input[$0].fixed == nil || result[$0].fixed == nil }
    }
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
    if try hasOpenSpace, let open = try openSizes(resize) {
      let form = resize.form(from: [1, 4, 4, 1], to: [1] + open.new + [1], scales: open.scales)
      guard let form, form.isLinear == isLinear else { return false }
      try emit(name, [required(0), open.tensor], [result(0)], form.options(table))
      return true
    }
    let (old, new, scales) = try resizedSizes()
    guard let form = resize.form(from: old, to: new, scales: scales), form.isLinear == isLinear else {
      return false
    }
    try emit(name, [required(0), integers([new[1], new[2]])], [result(0)], form.options(table))
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
    for axis in axes { try checkListing([max(old[axis], new[axis])]) }
    let sizes = try scales == nil ? known(3, "sizes") : nil
    let plans = try resize.plans(
      old, axes,
      [
        nil, nil, scales.map { Tensor($0, shape: [$0.count]) },
        sizes.map { Tensor($0.map(Int64.init), shape: [$0.count]) },
      ])
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
      try checkListing([plan.resized, plan.size])
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
