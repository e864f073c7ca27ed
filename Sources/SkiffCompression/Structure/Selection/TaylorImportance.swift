import SkiffBinary
import SkiffGradient
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// What the loss would change by without each unit, to first order, squared: the Taylor criterion of Molchanov and others,
/// "Importance Estimation for Neural Network Pruning", 2019, equation 8, with a gate where a unit is used.
///
/// A unit that is multiplied by zero in all sums that it is used in changes the loss by −Σ a · ∂loss/∂a over its activations there.
/// Its importance is the mean of the square of that over samples.
///
/// With labels the loss is the cross-entropy of the first output. Without, it is the divergence of the outputs from those of the
/// model itself, whose gradient is zero where it starts; what counts is its curvature, the Fisher information of the model's own
/// predictions (Theis and others, "Faster gaze prediction with dense networks and Fisher pruning", 2018): that of a softmax for
/// classes that it predicts, that of other outputs for a normal distribution around them, so that the importance is half of the
/// growth of the squared error. Curvatures are products of Jacobians, which random signs estimate without bias (Hutchinson, 1990).
struct TaylorImportance {
  let graph: Graph
  let coupling: AxisCoupling
  /// The class of each row of the first output, sample by sample.
  let labels: [Int]?

  /// How many estimates are made of the curvature at a sample.
  private static let draws = 8

  /// The importance of each unit of each group.
  func scores(
    of groups: [PruningGroup], samples: [[String: Tensor]]
  ) throws(ModelError) -> [[Double]] {
    var losses: [[String: [Int]]: GatedLoss] = [:]
    for sample in samples {
      let shapes = sample.mapValues(\.shape)
      if losses[shapes] == nil {
        losses[shapes] = try GatedLoss(graph, coupling, inputShapes: shapes, hasLabels: labels != nil)
      }
    }
    let targets = try targets(samples, losses)
    let draws = labels == nil ? Self.draws : 1
    let shared = losses
    let workers = graph.states.isEmpty ? max(1, min(Parallel.processorCount, samples.count)) : 1
    let parts = try Parallel.map(workers: workers) { (worker) throws(ModelError) in
      var sessions: [[String: [Int]]: Session] = [:]
      var results: [(sample: Int, squares: [[Double]])] = []
      for index in stride(from: worker, to: samples.count, by: workers) {
        let shapes = samples[index].mapValues(\.shape)
        guard let loss = shared[shapes] else { continue }
        let session = sessions[shapes] ?? Session(loss.plan)
        sessions[shapes] = session
        for draw in 0..<draws {
          var inputs = samples[index]
          let seed = UInt64(index * draws + draw)
          var given = targets[index]
          if given == nil { given = try loss.signs(seed: seed) }
          for (name, tensor) in given ?? [:] { inputs[name] = tensor }
          let changes = try loss.changes(session.run(inputs))
          results.append((index, groups.map { Self.squares(of: $0, changes) }))
        }
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
    let count = Double(max(1, samples.count * draws))
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

  /// The wanted distributions for each sample where there are labels.
  private func targets(
    _ samples: [[String: Tensor]], _ losses: [[String: [Int]]: GatedLoss]
  ) throws(ModelError) -> [[String: Tensor]?] {
    guard let labels else { return samples.map { _ in nil } }
    var result: [[String: Tensor]?] = []
    var row = 0
    for sample in samples {
      guard let loss = losses[sample.mapValues(\.shape)] else { continue }
      let (name, target) = try loss.target(labels, from: &row)
      result.append([name: target])
    }
    guard row == labels.count else {
      throw ModelError(
        .invalidArgument, "there are \(labels.count) labels, but \(row) rows of the model's first output")
    }
    return result
  }
}
