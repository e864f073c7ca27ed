import SkiffBinary
import SkiffIR
import SkiffInterpreter

extension Samples {
  /// The inputs of one run after the other, and the axes along which the outputs of all runs follow each other, the first where
  /// none is named: sample by sample where an open first axis counts samples, else all of it at once, as where it is time.
  ///
  /// No file says what an open axis is. Two samples at a time must give what they give one by one.
  package func separateRuns(
    for graph: Graph
  ) throws(ModelError) -> (runs: [[String: Tensor]], axes: [String: Int]) {
    let runs = try runs(for: graph)
    let isOpen = graph.inputs.contains {
      graph[$0].type?.shape.dimensions.first.map { $0.fixed == nil } ?? false
    }
    guard runs.count > 1, isOpen, graph.states.isEmpty,
      let pair = try? self.runs(for: graph, openCount: 2).first
    else { return (runs, [:]) }
    if let axes = graph.sampleAxes(of: pair, Array(runs[..<2])) { return (runs, axes) }
    return (try self.runs(for: graph, openCount: nil), [:])
  }
}

extension Graph {
  /// What rounding may differ by, as a part of an output's range, and what ranges may that a run has of its own.
  private static let bounds = (exact: 1e-3, ownRange: 0.05)

  /// The axes along which the outputs of a run are those of others one after the other; nil if they are not. If one of the runs
  /// fails, nothing is known of them.
  fileprivate func sampleAxes(of joint: [String: Tensor], _ parts: [[String: Tensor]]) -> [String: Int]? {
    func results(_ inputs: [String: Tensor]) throws(ModelError) -> [String: Tensor] {
      let inputs = try accepting(inputs)
      return try Session(Plan(self, inputShapes: inputs.mapValues(\.shape))).run(inputs)
    }
    guard let whole = try? results(joint), let single = try? parts.map(results) else { return [:] }
    let bound = roundsByOwnRange ? Self.bounds.ownRange : Self.bounds.exact
    var axes: [String: Int] = [:]
    for (name, tensor) in whole {
      let parts = single.compactMap { $0[name] }
      let axis = (0..<tensor.rank).first { axis in
        guard let together = try? Tensor(joining: parts, along: axis, name: name),
          together.shape == tensor.shape
        else { return false }
        var metrics = OutputMetrics(name: name)
        return (try? metrics.add(reference: together, candidate: tensor)) != nil
          && metrics.relativeError <= bound
      }
      guard let axis else { return nil }
      axes[name] = axis
    }
    return axes
  }
}
