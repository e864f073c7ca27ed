import SkiffIR
import SkiffOperators

/// Divisors that are never 0, of which integers would round some to 0: norms that a clamp keeps from it, for example.
///
/// What is divided by 0 is no number, and runtimes make different integers of that.
struct RoundedDivisors {
  /// Why these nodes stay in real numbers.
  static let reason = "it makes divisors, of which integers would round some to 0"

  /// The nodes that compute such divisors or what they are roots of, and those that only move them.
  private(set) var nodes: Set<NodeID> = []

  private let graph: Graph
  private let known: KnownParameters

  init(_ graph: Graph, _ known: KnownParameters) {
    (self.graph, self.known) = (graph, known)
    for id in graph.nodeIDs {
      var (next, isRounded) = (Self.divisor(of: graph[id]), false)
      while let value = next {
        next = nil
        guard let producer = graph[value].producer else { continue }
        if isRoundedToZero(value) {
          nodes.insert(producer)
          isRounded = true
        }
        // A root of what becomes 0 is 0 too.
        let made = graph[producer].operator
        if made.movesExactly || made is Sqrt { next = graph[producer].inputs[0] }
      }
      // In integers it would round its operand itself.
      if isRounded, graph[id].operator is Rsqrt { nodes.insert(id) }
    }
  }

  private static func divisor(of node: Node) -> ValueID? {
    switch node.operator {
    case is Divide: node.inputs[1]
    case is Reciprocal, is Rsqrt: node.inputs[0]
    default: nil
    }
  }

  private func isRoundedToZero(_ value: ValueID) -> Bool {
    guard known.given[value] == nil, let range = known.range(of: value, in: graph),
      range.lowerBound > 0 || range.upperBound < 0,
      let scale = known.parameters(of: value, in: graph)?.perTensor?.scale
    else { return false }
    return min(abs(range.lowerBound), abs(range.upperBound)) < scale / 2
  }
}
