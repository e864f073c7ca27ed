import SkiffIR
import SkiffOperators

/// How a file says what is in memory.
struct WrittenForm {
  /// The graph in memory as the format takes it.
  let stored: Graph
  /// The graph that was read back.
  let written: Graph
  /// The operators that the format lacks and that the file says by others.
  let expressedOperators: [String]
  /// Whether real numbers are computed by other operators, by more of them or in another order than in memory.
  let isSaidOtherwise: Bool
  /// Whether the file has the graph in memory, node for node and constant for constant.
  let isSameGraph: Bool
  /// Whether operators say what integers stand for, between which runtimes compute real numbers.
  let roundsElsewhere: Bool
  /// Whether runtimes run the file in real numbers, since only operators say what is an integer. Of inputs and outputs that are integers
  /// only the types of values can say it.
  let runsInRealNumbers: Bool

  init(of stored: Graph, readBackAs written: Graph, in target: ModelFormat) throws(ModelError) {
    (self.stored, self.written) = (stored, written)
    let (meant, said) = (Self.operators(of: stored), Self.operators(of: written))
    expressedOperators = Set(meant.keys).subtracting(said.keys).sorted()
    // A form of an operator that the format has in others only is that operator and some more.
    isSaidOtherwise =
      !expressedOperators.isEmpty || said.contains { $1 > meant[$0] ?? 0 }
      || said[Transpose.name] != meant[Transpose.name]
    isSameGraph = try stored.semanticDigest() == written.semanticDigest()
    roundsElsewhere =
      target.quantizesByOperators && stored.valueIDs.contains { stored[$0].type?.isQuantized == true }
    runsInRealNumbers =
      roundsElsewhere
      && (written.inputs + written.outputs.map(\.value)).allSatisfy {
        written[$0].type?.isQuantized != true
      }
  }

  /// How often each operator computes real numbers in a graph; integers, and what only moves, are never said in another way.
  /// Transpositions count, between which sums are made in another order.
  private static func operators(of graph: Graph) -> [String: Int] {
    let nodes = graph.nodeIDs.map { graph[$0] }.filter { node in
      (!(node.operator is any DataMovement) || node.operator is Transpose)
        && node.outputs.contains { graph[$0].type?.dataType.isFloatingPoint == true }
    }
    let own = Dictionary(nodes.map { (type(of: $0.operator).name, 1) }, uniquingKeysWith: +)
    return graph.nodeIDs.flatMap { graph[$0].operator.subgraphs }.reduce(into: own) { counts, body in
      counts.merge(operators(of: body.graph), uniquingKeysWith: +)
    }
  }
}
