import SkiffIR
import SkiffOperators

/// What lies between some values and others that are computed from them.
struct DependencePath {
  /// The values that depend on one of the first and that one of the last depends on, both included.
  private(set) var values: Set<ValueID> = []
  /// The nodes that compute such a value from another, in the order of the graph.
  private(set) var nodes: [NodeID] = []

  init(in graph: Graph, from outputs: [ValueID], to sources: [ValueID]) {
    var reached = Set(sources)
    for id in graph.nodeIDs {
      let node = graph[id]
      guard !node.isStep(in: graph), Self.contains(reached, node.inputs) else { continue }
      // Places beside the numbers that are there do not change with these.
      let results = node.operator is any GradientRule ? node.outputs.filter(graph.isReal) : node.outputs
      reached.formUnion(results)
    }
    var needed = Set(outputs)
    for id in graph.nodeIDs.reversed() {
      let node = graph[id]
      guard node.outputs.contains(where: needed.contains) else { continue }
      for case let input? in node.inputs { needed.insert(input) }
    }
    values = reached.intersection(needed)
    for id in graph.nodeIDs {
      let node = graph[id]
      guard !node.isStep(in: graph), node.outputs.contains(where: values.contains),
        Self.contains(reached, node.inputs)
      else { continue }
      nodes.append(id)
    }
  }

  private static func contains(_ values: Set<ValueID>, _ operands: [ValueID?]) -> Bool {
    for case let operand? in operands where values.contains(operand) { return true }
    return false
  }
}

extension Graph {
  /// Whether a value is of real numbers, or of integers that stand for some.
  fileprivate func isReal(_ value: ValueID) -> Bool {
    guard let type = self[value].type else { return true }
    return type.dataType.isFloatingPoint || type.isQuantized
  }
}
