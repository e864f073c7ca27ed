import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// What pruning means: the graph before, with all that is removed multiplied by zero where it is used.
struct PruningOracle {
  let source: Graph
  let plan: ChannelPruningPlan

  /// The graph of the same sizes as before.
  func masked() throws -> Graph {
    var graph = source
    for contraction in plan.coupling.contractions {
      try mask(contraction.data, of: contraction.node, &graph)
    }
    for id in source.nodeIDs where source[id].operator is any RecurrentOperator {
      // A unit is used by itself and its neighbours in the next step.
      if let recurrent = source[id].inputs[2] {
        try mask(ValueAxis(value: recurrent, axis: 2), of: id, &graph)
      }
    }
    try graph.verify()
    return graph
  }

  private func mask(_ axis: ValueAxis, of node: NodeID, _ graph: inout Graph) throws {
    guard let kept = plan.kept[axis] else { return }
    let shape = try #require(source[axis.value].type?.shape)
    let size = try #require(shape[axis.axis].fixed)
    var factors = [Float](repeating: 0, count: size)
    for index in kept { factors[index] = 1 }
    var sizes = [Int](repeating: 1, count: shape.rank)
    sizes[axis.axis] = size
    let mask = graph.addConstant(Tensor(factors, shape: sizes))
    let masked = try graph.add(Multiply(), axis.value, mask, before: node)
    let inputs = graph[node].inputs.map { $0 == axis.value ? masked : $0 }
    graph.setNode(node, to: graph[node].operator, inputs: inputs)
  }

  /// Prunes a graph and compares it with what that means.
  ///
  /// - Returns: The pruned graph and what was done.
  @discardableResult
  static func check(
    _ graph: Graph, _ pruning: ChannelPruning, samples: [[String: Tensor]], _ comment: Comment? = nil
  ) throws -> (graph: Graph, report: ChannelPruningReport) {
    let plan = try pruning.plan(for: graph, samples: samples)
    let expected = try PruningOracle(source: plan.coupling.graph, plan: plan).masked()
    let (pruned, report) = try pruning.apply(to: graph, samples: samples)
    for sample in samples {
      let shapes = sample.mapValues(\.shape)
      let a = try Session(Plan(expected, inputShapes: shapes)).run(sample)
      let b = try Session(Plan(pruned, inputShapes: shapes)).run(sample)
      for (name, tensor) in a {
        let other = try #require(b[name])
        #expect(tensor.shape == other.shape, comment)
        guard tensor.dataType.isFloatingPoint else {
          #expect(tensor == other, comment)
          continue
        }
        let (x, y) = (try tensor.floats(), try other.floats())
        let bound = 1e-4 * max(1, x.map(abs).filter(\.isFinite).max() ?? 1)
        #expect(
          zip(x, y).allSatisfy { abs($0 - $1) <= bound || $0 == $1 || $0.isNaN && $1.isNaN }, comment)
      }
    }
    return (pruned, report)
  }
}
