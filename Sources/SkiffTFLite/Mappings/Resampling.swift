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
        resize.coordinates = reader.options.boolean("half_pixel_centers") ? .halfPixel : .asymmetric
        if reader.options.boolean("align_corners") {
          guard resize.coordinates == .asymmetric else {
            throw ModelError(.unsupported, "aligned corners and half pixels at once")
          }
          resize.coordinates = .alignCorners
        }
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
  ]
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
  /// The sizes of a tensor times factors plus terms.
  func scaledSizes(of tensor: Int, by factors: [Int], plus terms: [Int]) throws(ModelError) -> Int {
    let type = TensorType(.int32, [factors.count])
    let (sizes, scaled, result) = (try self.sizes(of: tensor), try temporary(type), try temporary(type))
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
