import SkiffBinary
import SkiffIR
import SkiffPasses

/// How far rounding by itself moves the outputs of a network that makes much of small differences.
///
/// Any order of additions rounds in another way, which is as if weights differed in their last digits (backward error: Higham,
/// "Accuracy and Stability of Numerical Algorithms", 2002, section 1.5). So the source is run with each weight moved up or
/// down by one unit in the last place, and compared with itself: what is wrong with the file has no part in that.
extension Certificate {
  /// How far each output moves, as a part of its range; of none where the source does not run so.
  static func sensitivities(
    of source: Graph, _ runs: [[String: Tensor]]
  ) throws(ModelError) -> [String: Double] {
    // Weights that are dequantized, or cast, are moved as the numbers that they become.
    var (simplified, report) = (source, PassReport())
    try Pipeline(unconditional: RewritePass(RealizeConstants())).enteringBodies
      .run(on: &simplified, report: &report)
    try Pipeline.canonical.run(on: &simplified, report: &report)
    var generator = LastDigits(state: 0x5eed)
    let moved = try generator.moved(simplified)
    guard let comparison = try? Comparison(reference: simplified, candidate: moved, runs: runs, plainRuns: 0)
    else { return [:] }
    return Dictionary(comparison.outputs.map { ($0.name, $0.relativeError) }) { first, _ in first }
      .filter { $0.value.isFinite }
  }

  /// Moves numbers to one of their neighbours, in an order that looks like chance (Marsaglia, "Xorshift RNGs", 2003).
  private struct LastDigits {
    var state: UInt64

    /// The graph with the weights moved, those inside of operators too.
    mutating func moved(_ graph: Graph) throws(ModelError) -> Graph {
      var moved = graph
      for id in graph.constantIDs {
        // Sizes and scales that sizes are made of are lists.
        guard let constant = graph[id].constant, constant.type.dataType == .float32, constant.shape.count > 1
        else { continue }
        let elements = try constant.materialize().floats().map { self.moved($0) }
        moved.setConstant(id, to: Constant(Tensor(elements, shape: constant.shape)))
      }
      for id in graph.nodeIDs where !graph[id].operator.subgraphs.isEmpty {
        var node = graph[id].operator
        for case (let name, .graph(let body)) in node.attributeValues {
          try node.setAttribute(name, to: .graph(Subgraph(self.moved(body.graph))))
        }
        moved.setNode(id, to: node, inputs: graph[id].inputs)
      }
      return moved
    }

    mutating func moved(_ number: Float) -> Float {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      guard number != 0, number.isFinite else { return number }
      let neighbour = state & 1 == 0 ? number.nextUp : number.nextDown
      return neighbour.isFinite ? neighbour : number
    }
  }
}

extension Certificate.Thresholds {
  /// How many times what one change of all last digits does is still rounding: there are other changes.
  private static let sensitivityFactor = 4.0
  /// The greatest error, as a part of the output's range, that is called rounding on those grounds.
  private static let largestRounding = 1e-2

  /// The thresholds for an output that moves so far, as a part of its range, with the last digits of the weights; less than the
  /// usual error stays what is allowed.
  func allowing(_ sensitivity: Double?) -> Self {
    guard relativeError >= Self().relativeError else { return self }
    var result = self
    let rounding = min(Self.sensitivityFactor * (sensitivity ?? 0), Self.largestRounding)
    result.relativeError = max(relativeError, rounding)
    return result
  }
}
