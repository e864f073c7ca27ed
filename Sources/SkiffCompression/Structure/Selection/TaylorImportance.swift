import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// What the loss would change by without each unit, to first order, squared: the Taylor criterion of Molchanov and others,
/// "Importance Estimation for Neural Network Pruning", 2019, equation 8, with a gate where a unit is used.
///
/// A unit that is multiplied by zero in all sums that it is used in changes the loss by −Σ a · ∂loss/∂a over its activations there.
/// Its importance is the mean of the square of that over samples. What the loss is, ``LossOutputs`` says.
struct TaylorImportance {
  let graph: Graph
  let coupling: AxisCoupling
  /// The class of each row of the first output, sample by sample.
  let labels: [Int]?

  /// The importance of each unit of each group.
  func scores(
    of groups: [PruningGroup], samples: [[String: Tensor]]
  ) throws(ModelError) -> [[Double]] {
    let runs = try LossRuns(samples, labels: labels) { shapes throws(ModelError) in
      try GatedLoss(graph, coupling, inputShapes: shapes, hasLabels: labels != nil)
    }
    let workers = min(Parallel.processorCount, runs.mostWorkers)
    let parts = try Parallel.map(workers: workers) { (worker) throws(ModelError) in
      var results: [(sample: Int, squares: [[Double]])] = []
      try runs.run(worker: worker, of: workers) { (sample, loss, tensors) throws(ModelError) in
        let changes = try loss.changes(tensors)
        results.append((sample, groups.map { Self.squares(of: $0, changes) }))
      }
      return results
    }
    // In the order of the samples, so that sums do not depend on the number of processors.
    var scores = groups.map { [Double](repeating: 0, count: $0.units.count) }
    for (_, squares) in parts.joined().sorted(by: { $0.sample < $1.sample }) {
      for group in scores.indices {
        for unit in scores[group].indices { scores[group][unit] += squares[group][unit] }
      }
    }
    let count = Double(max(1, runs.count))
    return scores.map { $0.map { $0 / count } }
  }

  /// The square of what the loss changes by without each unit of a group.
  private static func squares(of group: PruningGroup, _ changes: [ValueAxis: [Double]]) -> [Double] {
    group.units.map { unit in
      var sum = 0.0
      for (axis, indices) in unit.indices {
        guard let changes = changes[axis] else { continue }
        for index in indices where index < changes.count { sum += changes[index] }
      }
      return sum * sum
    }
  }
}
