import SkiffBinary
import SkiffIR
import SkiffOperators

/// Resizing, under its old name and its new one.
enum ResizeMappings {
  static let rows: [Mapping] = [
    Mapping("Resize", since: 10, resize10),
    Mapping("Resize", since: 11, resize11).writing(Resize.self) { (resize, node) throws(ModelError) in
      var whole = resize
      whole.axes = []
      if let sizes = try resize.sizesOfAllAxes(node) {
        return try node.add("Resize", [node.operand(0), "", "", node.integers(sizes)], whole.attributes)
      }
      if let scales = try resize.scalesOfAllAxes(node) {
        let list = try node.constant(Tensor(scales, shape: [scales.count]))
        return try node.add("Resize", [node.operand(0), "", list], whole.attributes)
      }
      return try node.add(
        "Resize", [node.operand(0), node.optional(1), node.optional(2), node.indices(3)], resize.attributes)
    },
    Mapping("Upsample", since: 1, upsample1),
    Mapping("Upsample", since: 7, upsample7),
    Mapping("Upsample", since: 9, until: 9, resize10),
  ]

  /// The sizes of the first version are two attributes, for height and width.
  static func upsample1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let scales = [1, 1, try node.real("height_scale", default: 1), try node.real("width_scale", default: 1)]
    return try upsample(&node, scales: node.graph.addConstant(Tensor(scales, shape: [4])))
  }

  static func upsample7(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard let scales = try node.optionalReals("scales") else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "scales"))
    }
    return try upsample(&node, scales: node.graph.addConstant(Tensor(scales, shape: [scales.count])))
  }

  static func resize10(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    try upsample(&node, scales: node.input(1))
  }

  /// Below version 11 elements lie at `x / scale`; the nearest one is that below, or as ONNX Runtime has it, above
  /// along axes that shrink: where others grow, these come first.
  private static func upsample(_ node: inout NodeImport, scales: ValueID) throws(ModelError) -> [ValueID] {
    var resize = Resize()
    resize.coordinates = .asymmetric
    let factors = try node.graph[scales].constant?.materialize().floats() ?? []
    resize.rounding = .floor
    switch try node.text("mode", default: "nearest") {
    case "nearest": resize.mode = .nearest
    case "linear", "bilinear": resize.mode = .linear
    case let other: throw unknown(other, "mode")
    }
    guard resize.mode == .nearest, factors.contains(where: { $0 < 1 }) else {
      return try node.add(resize, [node.input(0), nil, scales])
    }
    var shrinking = resize
    shrinking.rounding = .ceil
    guard factors.contains(where: { $0 > 1 }) else {
      return try node.add(shrinking, [node.input(0), nil, scales])
    }
    func list(_ scales: [Float]) -> ValueID {
      node.graph.addConstant(Tensor(scales, shape: [scales.count]))
    }
    let smaller = try node.add(shrinking, [node.input(0), nil, list(factors.map { min($0, 1) })])
    return try node.add(resize, [smaller[0], nil, list(factors.map { max($0, 1) })])
  }

  static func resize11(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var resize = Resize()
    try setModes(of: &resize, &node)
    resize.cubicCoefficient = try node.real("cubic_coeff_a", default: -0.75)
    resize.excludesOutside = try node.flag("exclude_outside")
    resize.extrapolation = try node.real("extrapolation_value", default: 0)
    resize.antialiases = try node.flag("antialias")
    resize.axes = try node.optionalIntegers("axes") ?? []
    // A list without elements was how scales were left out at first.
    func list(_ index: Int) -> ValueID? {
      node.optional(index).flatMap { node.graph[$0].type?.shape == [0] ? nil : $0 }
    }
    let region = resize.coordinates == .tfCropAndResize ? list(1) : nil
    let sizes = list(3)
    var operands: [ValueID?] = [try node.input(0), region, sizes == nil ? list(2) : nil, sizes]
    while operands.last == .some(nil) { operands.removeLast() }
    return try node.add(resize, operands)
  }

  private static func setModes(of resize: inout Resize, _ node: inout NodeImport) throws(ModelError) {
    switch try node.text("mode", default: "nearest") {
    case "nearest": resize.mode = .nearest
    case "linear": resize.mode = .linear
    case "cubic": resize.mode = .cubic
    case let other: throw unknown(other, "mode")
    }
    switch try node.text("coordinate_transformation_mode", default: "half_pixel") {
    case "half_pixel": resize.coordinates = .halfPixel
    case "half_pixel_symmetric": resize.coordinates = .halfPixelSymmetric
    case "pytorch_half_pixel": resize.coordinates = .pytorchHalfPixel
    case "align_corners": resize.coordinates = .alignCorners
    case "asymmetric": resize.coordinates = .asymmetric
    case "tf_half_pixel_for_nn": resize.coordinates = .tfHalfPixelForNN
    case "tf_crop_and_resize": resize.coordinates = .tfCropAndResize
    case let other: throw unknown(other, "coordinate_transformation_mode")
    }
    switch try node.text("nearest_mode", default: "round_prefer_floor") {
    case "round_prefer_floor": resize.rounding = .roundPreferFloor
    case "round_prefer_ceil": resize.rounding = .roundPreferCeil
    case "floor": resize.rounding = .floor
    case "ceil": resize.rounding = .ceil
    case let other: throw unknown(other, "nearest_mode")
    }
    switch try node.text("keep_aspect_ratio_policy", default: "stretch") {
    case "stretch": resize.policy = .stretch
    case "not_larger": resize.policy = .notLarger
    case "not_smaller": resize.policy = .notSmaller
    case let other: throw unknown(other, "keep_aspect_ratio_policy")
    }
  }

  private static func unknown(_ value: String, _ attribute: String) -> ModelError {
    ModelError(.malformed, "there is no '\(value)'", at: Location(attribute: attribute))
  }
}

extension Resize {
  // ONNX Runtime 1.32 takes a Resize of some axes between integers for one of all.

  /// The sizes of the result along all axes, where some were given and the others are known.
  fileprivate func sizesOfAllAxes(_ node: NodeExport) throws(ModelError) -> [Int]? {
    guard policy == .stretch, !node.has(1), node.has(3), let given = try node.known(3),
      var sizes = try node.type(0).shape.fixed, let axes = try axesInOrder(sizes.count, given.count)
    else { return nil }
    for (axis, size) in zip(axes, given) { sizes[axis] = size }
    return sizes
  }

  /// The factors along all axes, where some were given or those axes' sizes are known.
  fileprivate func scalesOfAllAxes(_ node: NodeExport) throws(ModelError) -> [Float]? {
    guard !node.has(1) else { return nil }
    let shape = try node.type(0).shape
    var scales = [Float](repeating: 1, count: shape.rank)
    if !node.has(3), let given = try node.knownReals(2),
      let axes = try axesInOrder(shape.rank, given.count)
    {
      for (axis, scale) in zip(axes, given) { scales[axis] = scale }
      return scales
    }
    guard policy == .stretch, node.has(3), let sizes = try node.known(3),
      let axes = try axesInOrder(shape.rank, sizes.count)
    else { return nil }
    for (axis, size) in zip(axes, sizes) {
      guard let old = shape[axis].fixed, old > 0 else { return nil }
      let scale = Float(size) / Float(old)
      // Runtimes round the product down to the size.
      guard (Float(old) * scale).rounded(.down) == Float(size) else { return nil }
      scales[axis] = scale
    }
    return scales
  }

  /// The axes that are resized, nil if it is none, another number, or if they are not in order: one after the other they round in theirs.
  private func axesInOrder(_ rank: Int, _ count: Int) throws(ModelError) -> [Int]? {
    var result: [Int] = []
    for axis in axes { result.append(try normalizedAxis(axis, rank: rank)) }
    let isInOrder = zip(result, result.dropFirst()).allSatisfy { $0 < $1 }
    return !result.isEmpty && result.count == count && isInOrder ? result : nil
  }

  fileprivate var attributes: AttributeList {
    var attributes: AttributeList = [
      "mode": .text(mode.rawValue), "coordinate_transformation_mode": .text(coordinates.onnxName),
      "keep_aspect_ratio_policy": .text(policy.onnxName),
    ]
    if mode == .nearest { attributes["nearest_mode"] = .text(rounding.onnxName) }
    if mode == .cubic { attributes["cubic_coeff_a"] = .real(cubicCoefficient) }
    if excludesOutside { attributes["exclude_outside"] = .flag(true) }
    if extrapolation != 0 { attributes["extrapolation_value"] = .real(extrapolation) }
    if antialiases { attributes["antialias"] = .flag(true) }
    attributes["axes"] = axes.isEmpty ? nil : .integers(axes)
    return attributes
  }
}

extension ResizeCoordinates {
  fileprivate var onnxName: String {
    switch self {
    case .halfPixel: "half_pixel"
    case .halfPixelSymmetric: "half_pixel_symmetric"
    case .pytorchHalfPixel: "pytorch_half_pixel"
    case .alignCorners: "align_corners"
    case .asymmetric: "asymmetric"
    case .tfHalfPixelForNN: "tf_half_pixel_for_nn"
    case .tfCropAndResize: "tf_crop_and_resize"
    }
  }
}

extension ResizeRounding {
  fileprivate var onnxName: String {
    switch self {
    case .roundPreferFloor: "round_prefer_floor"
    case .roundPreferCeil: "round_prefer_ceil"
    case .floor: "floor"
    case .ceil: "ceil"
    }
  }
}

extension AspectRatioPolicy {
  fileprivate var onnxName: String {
    switch self {
    case .stretch: "stretch"
    case .notLarger: "not_larger"
    case .notSmaller: "not_smaller"
    }
  }
}
