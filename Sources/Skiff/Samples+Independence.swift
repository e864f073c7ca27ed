import SkiffBinary
import SkiffIR
import SkiffInterpreter

extension Samples {
  /// The inputs of one run after the other: sample by sample where an open first axis counts samples, else all of it at once, as
  /// where it is time.
  ///
  /// No file says what an open axis is. Two samples at a time must give what they give one by one.
  package func separateRuns(for graph: Graph) throws(ModelError) -> [[String: Tensor]] {
    let runs = try runs(for: graph)
    let isOpen = graph.inputs.contains {
      graph[$0].type?.shape.dimensions.first.map { $0.fixed == nil } ?? false
    }
    guard runs.count > 1, isOpen, graph.states.isEmpty,
      let pair = try? self.runs(for: graph, openCount: 2).first,
      !graph.givesTheSame(pair, as: Array(runs[..<2]))
    else { return runs }
    return try self.runs(for: graph, openCount: nil)
  }
}

extension Graph {
  /// What rounding may differ by, as a part of an output's range, and what ranges may that a run has of its own.
  private static let bounds = (exact: 1e-3, ownRange: 0.05)

  /// Whether a run gives what others give one after the other; also if it, or one of them, fails.
  fileprivate func givesTheSame(_ joint: [String: Tensor], as parts: [[String: Tensor]]) -> Bool {
    func results(_ inputs: [String: Tensor]) throws(ModelError) -> [String: Tensor] {
      let inputs = try accepting(inputs)
      return try Session(Plan(self, inputShapes: inputs.mapValues(\.shape))).run(inputs)
    }
    guard let whole = try? results(joint), let single = try? parts.map(results) else { return true }
    let bound = roundsByOwnRange ? Self.bounds.ownRange : Self.bounds.exact
    return whole.allSatisfy { name, tensor in
      guard let together = try? Tensor(joining: single.compactMap { $0[name] }, name: name) else {
        return false
      }
      var metrics = OutputMetrics(name: name)
      return (try? metrics.add(reference: together, candidate: tensor)) != nil
        && metrics.relativeError <= bound
    }
  }
}
