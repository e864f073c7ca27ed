import SkiffBinary
import SkiffIR
import SkiffInterpreter

extension Samples {
  /// The inputs of one run after the other, for what is measured on samples: sample by sample where an open first axis counts
  /// them, else all of it at once, as where it is time.
  ///
  /// No file says what an open axis is. Two samples at a time, from the middle of the set, must give what they give one by one.
  ///
  /// - Parameter countsSamples: Whether the format of the model says that the first axis counts samples.
  package func separateRuns(
    for graph: Graph, countsSamples: Bool = false
  ) throws(ModelError) -> [[String: Tensor]] {
    let runs: [[String: Tensor]]
    do throws(ModelError) {
      runs = try self.runs(for: graph)
    } catch {
      // Inputs that count samples on other axes, or other things, have as many places along their first axes as they have.
      guard let whole = try? self.runs(for: graph, openCount: nil) else { throw error }
      return whole
    }
    guard !countsSamples, runs.count > 1, graph.inputs.contains(where: graph.hasOpenFirstAxis),
      graph.states.isEmpty,
      let pairs = try? self.runs(for: graph, openCount: 2), pairs.count * 2 <= runs.count
    else { return runs }
    let middle = pairs.count / 2
    if graph.isEqual(pairs[middle], Array(runs[2 * middle..<2 * middle + 2])) { return runs }
    return try self.runs(for: graph, openCount: nil)
  }
}

extension Model {
  /// The inputs of one run after the other, for what is measured on samples.
  func separateRuns(of samples: Samples) throws(ModelError) -> [[String: Tensor]] {
    // Layers of Keras take samples along the first axis.
    try samples.separateRuns(for: source, countsSamples: format == .keras)
  }
}

extension Graph {
  /// What rounding may differ by, as a part of an output's range, and what ranges may that a run has of its own.
  private static let bounds = (exact: 1e-3, ownRange: 0.05)

  /// Whether the outputs of a run are those of others one after the other along some axis. If one of the runs fails, nothing is
  /// known of them.
  fileprivate func isEqual(_ joint: [String: Tensor], _ parts: [[String: Tensor]]) -> Bool {
    func results(_ inputs: [String: Tensor]) throws(ModelError) -> [String: Tensor] {
      let inputs = try accepting(inputs)
      return try Session(Plan(self, inputShapes: inputs.mapValues(\.shape))).run(inputs)
    }
    guard let whole = try? results(joint), let single = try? parts.map(results) else { return true }
    let bound = roundsByOwnRange ? Self.bounds.ownRange : Self.bounds.exact
    return whole.allSatisfy { name, tensor in
      let parts = single.compactMap { $0[name] }
      return (0..<tensor.rank).contains { axis in
        guard let together = try? Tensor(joining: parts, along: axis, name: name),
          together.shape == tensor.shape
        else { return false }
        var metrics = OutputMetrics(name: name)
        return (try? metrics.add(reference: together, candidate: tensor)) != nil
          && metrics.relativeError <= bound
      }
    }
  }
}
