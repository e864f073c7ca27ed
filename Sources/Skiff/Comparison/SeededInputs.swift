import SkiffBinary
import SkiffIR

/// Inputs that are random but the same for the same seed, and inputs at the bounds of what a type holds.
package struct SeededInputs {
  private var state: UInt64
  private static let largestCount = 1 << 27

  package init(seed: UInt64) { state = seed }

  /// One run of inputs for every input of the graph, whose sizes must be fixed.
  ///
  /// Floating point elements are uniform in [−1, 1], or in what the graph tells apart, integers in what their type holds, up to
  /// [0, 15] for wide types, or in the indices of the table in which they look something up.
  package mutating func next(for graph: Graph) throws(ModelError) -> [String: Tensor] {
    try inputs(for: graph) { type, bounds, generator in generator.element(of: type, in: bounds) }
  }

  /// Runs in which every element is 0, the least and the greatest of the random ones.
  package mutating func boundaries(for graph: Graph) throws(ModelError) -> [[String: Tensor]] {
    var runs: [[String: Tensor]] = []
    for place in 0..<3 {
      runs.append(
        try inputs(for: graph) { _, bounds, _ in [0, bounds.lowerBound, bounds.upperBound][place] })
    }
    return runs
  }

  private mutating func inputs(
    for graph: Graph, _ element: (DataType, ClosedRange<Double>, inout SeededInputs) -> Double
  ) throws(ModelError) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for id in graph.inputs {
      let place = Location(tensor: graph[id].name)
      guard let type = graph[id].type, let shape = type.shape.fixed else {
        throw ModelError(.invalidArgument, "the sizes are not fixed", at: place)
      }
      guard let count = shape.checkedProduct(), count <= Self.largestCount else {
        throw ModelError(
          .limitExceeded, "an input of shape \(type.shape) is too large to be made up", at: place)
      }
      let bounds = graph.roundedRange(of: id) ?? graph.indexRange(of: id) ?? Self.bounds(of: type.dataType)
      func elements<Number>(_ convert: (Double) -> Number) -> [Number] {
        (0..<count).map { _ in convert(element(type.dataType, bounds, &self)) }
      }
      let tensor =
        type.dataType.isFloatingPoint
        ? try Tensor(floats: elements { Float($0) }, as: type.dataType, shape: shape)
        : try Tensor(integers: elements { Int($0) }, as: type.dataType, shape: shape)
      result[graph[id].name] = tensor.quantized(with: type.quantization)
    }
    return result
  }

  private mutating func element(of type: DataType, in bounds: ClosedRange<Double>) -> Double {
    // SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    let unit = Double(bits >> 11) * 0x1p-53
    guard !type.isFloatingPoint else {
      return bounds.lowerBound + unit * (bounds.upperBound - bounds.lowerBound)
    }
    return (bounds.lowerBound + unit * (bounds.upperBound - bounds.lowerBound + 1)).rounded(.down)
  }

  private static func bounds(of type: DataType) -> ClosedRange<Double> {
    if type.isFloatingPoint { return -1...1 }
    if type == .boolean { return 0...1 }
    guard type.bitWidth <= 8 else { return 0...15 }
    let range = type.integerRange()
    return Double(range.lowerBound)...Double(range.upperBound)
  }
}
