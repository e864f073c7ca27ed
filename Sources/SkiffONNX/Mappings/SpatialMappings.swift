import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators with a window over the spatial axes.
enum SpatialMappings {
  static let rows: [Mapping] = [
    Mapping("Conv", convolution),
    Mapping("MaxPool", maxPool),
    Mapping("AveragePool", averagePool),
  ]

  static func convolution(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let kernel = try node.windowList("kernel_shape")
    if let kernel, let sizes = node.graph[try node.input(1)].type?.shape.fixed,
      sizes.dropFirst(2) != kernel[...]
    {
      throw ModelError(
        .malformed, "\(kernel) for weights \(Shape(sizes))", at: Location(attribute: "kernel_shape"))
    }
    var convolution = Convolution()
    convolution.groups = try node.integer("group", default: 1)
    convolution.strides = try node.windowList("strides") ?? []
    convolution.dilations = try node.windowList("dilations") ?? []
    (convolution.padding, convolution.pads) = try node.padding()
    return try node.add(convolution, node.inputs)
  }

  static func maxPool(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard node.node.outputs.count < 2 || node.node.outputs[1].isEmpty else {
      throw ModelError(.unsupported, "the positions of the greatest elements are wanted")
    }
    // The order concerns the positions only.
    node.ignore("storage_order")
    var pool = MaxPool()
    pool.size = try node.requiredWindowList("kernel_shape")
    pool.strides = try node.windowList("strides") ?? []
    pool.dilations = try node.windowList("dilations") ?? []
    (pool.padding, pool.pads) = try node.padding()
    pool.roundsUp = try node.flag("ceil_mode")
    return try node.add(pool, node.inputs)
  }

  static func averagePool(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var pool = AveragePool()
    pool.size = try node.requiredWindowList("kernel_shape")
    pool.strides = try node.windowList("strides") ?? []
    pool.dilations = try node.windowList("dilations") ?? []
    (pool.padding, pool.pads) = try node.padding()
    pool.roundsUp = try node.flag("ceil_mode")
    pool.countsPadding = try node.flag("count_include_pad")
    return try node.add(pool, node.inputs)
  }
}

extension NodeImport {
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
