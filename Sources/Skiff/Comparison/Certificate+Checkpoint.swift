import SkiffBinary
import SkiffIR

extension Certificate {
  /// The number of outputs that a file has as the graph in memory, and a sentence for each that it has not.
  static func tensors(
    of graph: Graph, readBackAs written: Graph
  ) throws(ModelError) -> (exact: Int, failures: [String]) {
    var known: [String: ValueID] = [:]
    for output in written.outputs { known[output.name] = output.value }
    var (exact, failures) = (0, [String]())
    for output in graph.outputs {
      guard let constant = graph[output.value].constant else { continue }
      let isEqual = try locating(Location(tensor: output.name)) { () throws(ModelError) in
        try known[output.name].flatMap { written[$0].constant }?.hasEqualElements(as: constant) ?? false
      }
      if isEqual {
        exact += 1
      } else {
        failures.append("output '\(output.name)': the file differs from the graph in memory")
      }
    }
    if written.outputs.count != graph.outputs.count {
      failures.append("the file has \(written.outputs.count) outputs instead of \(graph.outputs.count)")
    }
    return (exact, failures)
  }
}

extension Graph {
  /// Whether the graph is nothing but constants.
  var isCheckpoint: Bool { nodeIDs.isEmpty && inputs.isEmpty && states.isEmpty && !outputs.isEmpty }
}
