import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators with a window over the spatial axes.
enum SpatialMappings {
  static let rows: [Mapping] = [
    Mapping("AveragePool", averagePool).writing(AveragePool.self) { (pool, node) throws(ModelError) in
      var attributes = try WindowAttributes(pool, node).list
      attributes["count_include_pad"] = .flag(pool.countsPadding)
      return [try node.pooled("AveragePool", attributes, pool.layout)]
    },
    Mapping("Conv", convolution).writing(Convolution.self) { (convolution, node) throws(ModelError) in
      var attributes = try WindowAttributes(convolution, node).list
      attributes["group"] = .integer(convolution.groups)
      let input = try node.channelsFirst(0, from: convolution.layout)
      let weights = try node.channelsFirst(1, from: convolution.layout)
      let result = try node.add("Conv", input, weights, node.optional(2), attributes: attributes)
      return [try node.restored(result, to: convolution.layout)]
    },
    Mapping("ConvTranspose", transposedConvolution)
      .writing(TransposedConvolution.self) { (convolution, node) throws(ModelError) in
        let attributes = try convolution.attributes(node)
        let input = try node.channelsFirst(0, from: convolution.layout)
        let rank = try node.type(1).rank
        let order = [rank - 1] + Array(0..<rank - 1)
        let weights = try convolution.layout == .last ? node.permuted(1, by: order) : node.operand(1)
        let result = try node.add("ConvTranspose", input, weights, node.optional(2), attributes: attributes)
        return [try node.restored(result, to: convolution.layout)]
      },
    Mapping("GlobalAveragePool") { (node) throws(ModelError) in try node.globalPool(ReduceMean()) },
    Mapping("GlobalLpPool", globalLpPool),
    Mapping("GlobalMaxPool") { (node) throws(ModelError) in try node.globalPool(ReduceMax()) },
    Mapping("LpPool", lpPool).writing(LpPool.self) { (pool, node) throws(ModelError) in
      var attributes = try WindowAttributes(pool, node).list
      attributes["p"] = .integer(pool.order)
      return [try node.pooled("LpPool", attributes, pool.layout)]
    },
    Mapping("MaxPool", maxPool).writing(MaxPool.self) { (pool, node) throws(ModelError) in
      let own = try node.realType()
      guard let wide = RuntimeKernels.widerType(than: own, for: "MaxPool") else {
        return [try node.pooled("MaxPool", WindowAttributes(pool, node).list, pool.layout)]
      }
      let input = try node.cast(node.channelsFirst(0, from: pool.layout), to: wide)
      let result = try node.add("MaxPool", input, attributes: WindowAttributes(pool, node).list)
      return [try node.restored(node.cast(result, to: own), to: pool.layout)]
    },
    .expressing(MaxPoolPositions.self, when: { pool, _, _ in pool.layout == .first }) {
      (pool, node) throws(ModelError) in
      var attributes = try WindowAttributes(pool, node).list
      attributes["storage_order"] = .flag(pool.countsColumnsFirst)
      return [try node.add("MaxPool", node.operands(), attributes, results: 2)[1]]
    },
    Mapping("MaxUnpool", since: 9, maxUnpool).writing(MaxUnpool.self) { (pool, node) throws(ModelError) in
      var attributes: AttributeList = ["kernel_shape": .integers(pool.size)]
      attributes["strides"] = pool.strides.isEmpty ? nil : .integers(pool.strides)
      attributes["pads"] = pool.pads.isEmpty ? nil : .integers(pool.pads)
      return try node.add(
        "MaxUnpool", [node.operand(0), node.indices(1), node.indices(2)], attributes)
    },
  ]

  static func convolution(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    try node.add(windowed(&node), node.inputs)
  }

  /// A convolution as the attributes say, whose weights are the operand at `weights`.
  static func windowed(_ node: inout NodeImport, weights: Int = 1) throws(ModelError) -> Convolution {
    try node.checkWindow(ofWeights: node.input(weights))
    var convolution = Convolution()
    convolution.groups = try node.integer("group", default: 1)
    convolution.strides = try node.windowList("strides") ?? []
    convolution.dilations = try node.windowList("dilations") ?? []
    (convolution.padding, convolution.pads) = try node.padding()
    return convolution
  }

  static func transposedConvolution(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    try node.checkWindow(ofWeights: node.input(1))
    var convolution = TransposedConvolution()
    convolution.groups = try node.integer("group", default: 1)
    convolution.strides = try node.windowList("strides") ?? []
    convolution.dilations = try node.windowList("dilations") ?? []
    convolution.outputPadding = try node.windowList("output_padding") ?? []
    (convolution.padding, convolution.pads) = try node.padding()
    if let sizes = try node.windowList("output_shape") {
      // Given sizes decide the padding; its odd part is at the beginning unless it shall be at the end.
      let space = try node.type(of: node.input(0)).rank - 2
      convolution.outputSizes = Array(sizes.suffix(max(0, space)))
      if convolution.padding != .sameUpper { convolution.padding = .sameLower }
      convolution.pads = []
    } else if convolution.padding != .explicit {
      try cutToMultiples(&convolution, weights: node.type(of: node.input(1)).shape)
    }
    return try node.add(convolution, node.inputs)
  }

  /// Says by explicit padding what `auto_pad` cuts off so that sizes become n · stride.
  ///
  /// Where the window is shorter than its stride there is nothing to cut, and the size is less.
  private static func cutToMultiples(
    _ convolution: inout TransposedConvolution, weights: Shape
  ) throws(ModelError) {
    guard let sizes = weights.fixed else {
      throw ModelError(.unsupported, "weights whose shape \(weights) is not known")
    }
    let window = try convolution.window(weights: sizes)
    let extra = convolution.outputPadding
    let cuts = window.size.indices.map { axis in
      max(0, window.extent(axis) + (extra.isEmpty ? 0 : extra[axis]) - window.strides[axis])
    }
    let lesser = cuts.map { $0 / 2 }
    let greater = zip(cuts, lesser).map { $0 - $1 }
    convolution.pads = convolution.padding == .sameUpper ? lesser + greater : greater + lesser
    convolution.padding = .explicit
  }

  static func maxPool(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var pool = MaxPool()
    pool.size = try node.requiredWindowList("kernel_shape")
    pool.strides = try node.windowList("strides") ?? []
    pool.dilations = try node.windowList("dilations") ?? []
    (pool.padding, pool.pads) = try node.padding()
    pool.roundsUp = try node.flag("ceil_mode")
    let countsColumnsFirst = try node.flag("storage_order")
    let result = try node.add(pool, node.inputs)
    guard node.node.outputs.count > 1, !node.node.outputs[1].isEmpty else { return result }
    var positions = MaxPoolPositions()
    positions.countsColumnsFirst = countsColumnsFirst
    (positions.size, positions.strides, positions.dilations) = (pool.size, pool.strides, pool.dilations)
    (positions.padding, positions.pads, positions.roundsUp) = (pool.padding, pool.pads, pool.roundsUp)
    return try result + node.add(positions, node.inputs)
  }

  static func maxUnpool(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var pool = MaxUnpool()
    pool.size = try node.requiredWindowList("kernel_shape")
    pool.strides = try node.windowList("strides") ?? []
    pool.pads = try node.windowList("pads") ?? []
    return try node.add(pool, node.inputs)
  }

  static func averagePool(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    try node.add(averageWindow(&node), node.inputs)
  }

  /// A pooling as the attributes say.
  static func averageWindow(_ node: inout NodeImport) throws(ModelError) -> AveragePool {
    var pool = AveragePool()
    pool.size = try node.requiredWindowList("kernel_shape")
    pool.strides = try node.windowList("strides") ?? []
    pool.dilations = try node.windowList("dilations") ?? []
    (pool.padding, pool.pads) = try node.padding()
    pool.roundsUp = try node.flag("ceil_mode")
    pool.countsPadding = try node.flag("count_include_pad")
    return pool
  }

  static func lpPool(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var pool = LpPool()
    pool.size = try node.requiredWindowList("kernel_shape")
    pool.strides = try node.windowList("strides") ?? []
    pool.dilations = try node.windowList("dilations") ?? []
    (pool.padding, pool.pads) = try node.padding()
    pool.roundsUp = try node.flag("ceil_mode")
    pool.order = try normOrder(&node)
    let space = try node.type(of: node.input(0)).shape.dimensions.dropFirst(2).map(\.fixed)
    if pool.padding != .explicit {
      if let pads = try cuts(of: pool, space: space) { (pool.padding, pool.pads) = (.explicit, pads) }
      guard !space.contains(nil) || zip(pool.size, pool.strides).allSatisfy(>=) else {
        throw ModelError(.unsupported, "a window that is smaller than its step, padded as open sizes say")
      }
    }
    return try node.add(pool, node.inputs)
  }

  /// The padding that `auto_pad` gives where windows are so far apart that some of it is negative; nil if none is, or sizes
  /// are open.
  private static func cuts(of pool: LpPool, space: [Int?]) throws(ModelError) -> [Int]? {
    let window = try Window(
      size: pool.size, strides: pool.strides, dilations: pool.dilations, padding: pool.padding, pads: [])
    guard space.count == window.size.count else { return nil }
    var (begins, ends, isCut) = ([Int](), [Int](), false)
    for (axis, size) in space.enumerated() {
      guard let size else { return nil }
      let stride = window.strides[axis]
      let total = ((size + stride - 1) / stride - 1) * stride + window.extent(axis) - size
      let begin = pool.padding == .sameUpper ? total / 2 : (total + 1) / 2
      begins.append(begin)
      ends.append(total - begin)
      isCut = isCut || total < 0
    }
    return isCut ? begins + ends : nil
  }

  static func globalLpPool(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    switch try normOrder(&node) {
    case 1: return try node.globalPool(ReduceL1())
    case 2: return try node.globalPool(ReduceL2())
    case let order: throw ModelError(.unsupported, "a norm of order \(order)", at: Location(attribute: "p"))
    }
  }

  /// The first version has a real number.
  private static func normOrder(_ node: inout NodeImport) throws(ModelError) -> Int {
    guard node.version < 2 else { return try node.integer("p", default: 2) }
    guard let order = Int(exactly: try node.real("p", default: 2)) else {
      throw ModelError(.unsupported, "a norm whose order is no whole number", at: Location(attribute: "p"))
    }
    return order
  }
}

extension NodeExport {
  /// Adds a pooling.
  fileprivate func pooled(
    _ name: String, _ attributes: AttributeList, _ layout: ChannelLayout
  ) throws(ModelError) -> String {
    try restored(add(name, channelsFirst(0, from: layout), attributes: attributes), to: layout)
  }
}

extension NodeImport {
  /// Reduces all spatial axes, which stay with size 1.
  mutating func globalPool(_ reduction: some Reduction) throws(ModelError) -> [ValueID] {
    let input = try input(0)
    let rank = try type(of: input).rank
    guard rank > 2 else { throw ModelError(.malformed, "an operand of rank \(rank) has no spatial axes") }
    var reduction = reduction
    reduction.axes = Array(2..<rank)
    return try add(reduction, [input])
  }

  /// Checks a stated window against the weights.
  mutating func checkWindow(ofWeights weights: ValueID) throws(ModelError) {
    guard let window = try windowList("kernel_shape"), let sizes = graph[weights].type?.shape.fixed,
      sizes.dropFirst(2) != window[...]
    else { return }
    throw ModelError(
      .malformed, "\(window) for weights \(Shape(sizes))", at: Location(attribute: "kernel_shape"))
  }

  /// An attribute with a number for each spatial axis, or two.
  mutating func windowList(_ name: String) throws(ModelError) -> [Int]? {
    guard let list = try optionalIntegers(name) else { return nil }
    // Windows beyond 31 bits overflow when they are multiplied by a stride or a dilation.
    guard list.allSatisfy({ $0 > -(1 << 31) && $0 < 1 << 31 }) else {
      throw ModelError(.malformed, "a number beyond 31 bits", at: Location(attribute: name))
    }
    return list
  }

  mutating func requiredWindowList(_ name: String) throws(ModelError) -> [Int] {
    guard let list = try windowList(name) else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: name))
    }
    return list
  }

  /// The padding that `auto_pad` and `pads` ask for.
  mutating func padding() throws(ModelError) -> (Padding, [Int]) {
    let pads = try windowList("pads") ?? []
    switch try text("auto_pad", default: "NOTSET") {
    case "NOTSET", "": return (.explicit, pads)
    case "VALID": return (.explicit, [])
    case "SAME_UPPER": return (.sameUpper, [])
    case "SAME_LOWER": return (.sameLower, [])
    case let other:
      throw ModelError(.malformed, "there is no padding '\(other)'", at: Location(attribute: "auto_pad"))
    }
  }
}
