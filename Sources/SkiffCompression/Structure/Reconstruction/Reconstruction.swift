import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// Fits the weights and biases of nodes that lost inputs, so that their sums come as near as they can to those of the graph
/// before (Luo and others, "ThiNet", 2017; He and others, "Channel Pruning for Accelerating Very Deep Neural Networks", 2017).
///
/// One node after the other, in the order in which they run: what a node is fitted on comes from those that are fitted.
struct Reconstruction {
  /// The graph before.
  let source: Graph
  let coupling: AxisCoupling
  let kept: [ValueAxis: [Int]]
  let samples: [[String: Tensor]]

  /// The most weights of an output, whose products with each other are kept.
  private static let largestWidth = 4608
  /// The rows that are looked at for each weight of an output.
  private static let rowsPerWeight = 5
  /// The rows that are added at a time.
  private static let blockSize = 64
  /// How strongly weights can be held where they are, relative to the mean square of what they are multiplied with.
  private static let ridges = [1, 1e-1, 1e-2, 1e-3, 1e-4]
  /// One of so many samples, or where there are fewer of so many places, says how strongly they are.
  private static let heldOut = 5

  /// What a reconstruction did.
  struct Outcome {
    var graph: Graph
    var fitted: [ChannelPruningReport.Reconstruction] = []
    var unfitted: [ChannelPruningReport.KeptNode] = []
  }

  /// The graph with fitted weights.
  func apply(to pruned: Graph) throws(ModelError) -> Outcome {
    var outcome = Outcome(graph: pruned)
    var pending = Set(coupling.contractions.filter { kept[$0.data] != nil }.map(\.node))
    for id in source.nodeIDs where pending.remove(id) != nil && pruned.contains(id) {
      let location = source[id].location
      try locating(location) { () throws(ModelError) in
        switch consumer(id, in: outcome.graph) {
        case .refused(let reason): outcome.unfitted.append(.init(location: location, reason: reason))
        case .fits(let consumer): outcome.fitted.append(try fit(consumer, &outcome.graph))
        }
      }
    }
    return outcome
  }

  /// A node whose weights can be fitted.
  private struct Consumer {
    let id: NodeID
    /// The operator without the clamp of its results.
    let `operator`: any Operator
    let input: ValueID
    let weights: ValueID
    let constant: Constant
    let bias: Constant?
    /// The axis of the outputs in the result.
    let channels: Int

    var groups: Int { (`operator` as? Convolution)?.groups ?? 1 }
    var outputs: Int { constant.shape[0] }
    /// The weights of an output.
    var width: Int { constant.shape.dropFirst().reduce(1, *) }
  }

  private enum Consumption {
    case fits(Consumer)
    case refused(String)
  }

  private func consumer(_ id: NodeID, in graph: Graph) -> Consumption {
    let node = graph[id]
    guard let unclamped = node.operator.unclamped else {
      return .refused("only weights of convolutions and fully connected operators are fitted")
    }
    let bias = node.inputs.count > 2 ? node.inputs[2] : nil
    guard let input = node.inputs[0], let weights = node.inputs[1], let constant = graph[weights].constant,
      bias.map({ graph[$0].constant != nil }) ?? true
    else { return .refused("its weights are computed") }
    guard graph[weights].users.count == 1 else { return .refused("other nodes have the same weights") }
    guard let rank = graph[node.outputs[0]].type?.rank, constant.type.dataType.isFloatingPoint else {
      return .refused("its results are not known to be real numbers")
    }
    let consumer = Consumer(
      id: id, operator: unclamped, input: input, weights: weights, constant: constant,
      bias: bias.flatMap { graph[$0].constant },
      channels: (unclamped as? Convolution)?.layout.channelAxis(rank: rank) ?? rank - 1)
    guard consumer.outputs > 0, (1...Self.largestWidth).contains(consumer.width) else {
      return .refused("an output has \(consumer.width) weights, at most \(Self.largestWidth) are fitted")
    }
    return .fits(consumer)
  }

  /// Replaces the weights and the bias of a node by those that fit best.
  private func fit(
    _ consumer: Consumer, _ graph: inout Graph
  ) throws(ModelError) -> ChannelPruningReport.Reconstruction {
    let (fitting, held) = try measure(consumer, in: graph)
    let width = consumer.width
    var values = try consumer.constant.materialize().floats()
    var biases =
      try consumer.bias?.materialize().floats() ?? [Float](repeating: 0, count: consumer.outputs)
    var (errorBefore, errorAfter, energy) = (0.0, 0.0, 0.0)
    for (group, system) in fitting.enumerated() {
      let first = group * system.outputs
      let old = Self.columns(values, biases, first, system)
      let new = Self.fit(system, held[group], near: old)
      errorBefore += held[group].error(of: old)
      errorAfter += new.error
      energy += held[group].energy
      for output in 0..<system.outputs {
        for index in 0..<width {
          values[(first + output) * width + index] = Float(new.weights[index * system.outputs + output])
        }
        biases[first + output] = Float(new.weights[width * system.outputs + output])
      }
    }
    let type = consumer.constant.type.dataType
    let weights = try Tensor(floats: values, as: type, shape: consumer.constant.shape)
    graph.setConstant(consumer.weights, to: Constant(weights))
    let bias = graph.addConstant(try Tensor(floats: biases, as: type, shape: [consumer.outputs]))
    let applied = graph[consumer.id].operator
    graph.setNode(consumer.id, to: applied, inputs: [consumer.input, consumer.weights, bias])
    graph.removeUnused()
    return .init(
      location: source[consumer.id].location, errorBefore: energy > 0 ? errorBefore / energy : 0,
      errorAfter: energy > 0 ? errorAfter / energy : 0)
  }

  /// What the weights of each group are fitted on, and what says how well: inputs as they are now, and the sums of the graph
  /// before.
  private func measure(
    _ consumer: Consumer, in graph: Graph
  ) throws(ModelError) -> (fitting: [NormalEquations], held: [NormalEquations]) {
    var (expected, actual) = (source, graph)
    let sums = try expected.addNode(consumer.operator, source[consumer.id].inputs)[0]
    expected.setOnlyOutput(sums, name: "")
    actual.setOnlyOutput(consumer.input, name: "")
    expected.removeUnused()
    actual.removeUnused()
    let left = kept[ValueAxis(value: source[consumer.id].outputs[0], axis: consumer.channels)]
    let empty = NormalEquations(width: consumer.width + 1, outputs: consumer.outputs / consumer.groups)
    var fitting = [NormalEquations](repeating: empty, count: consumer.groups)
    var held = fitting
    let most = (max(2048, Self.rowsPerWeight * consumer.width) + samples.count - 1) / samples.count
    let (before, after) = (SampleSessions(expected), SampleSessions(actual))
    for (index, sample) in samples.enumerated() {
      guard var y = try before.run(sample)[""], let x = try after.run(sample)[""] else { continue }
      if let left { y = try y.keeping([consumer.channels: left]) }
      guard
        let rows = try WeightedRows(
          consumer.operator, weights: consumer.constant.shape, input: x, result: y, limit: most)
      else { continue }
      if samples.count < Self.heldOut {
        Self.add(rows, to: &fitting) { $0 % Self.heldOut != 0 }
        Self.add(rows, to: &held) { $0 % Self.heldOut == 0 }
      } else if index % Self.heldOut == 0 {
        Self.add(rows, to: &held)
      } else {
        Self.add(rows, to: &fitting)
      }
    }
    return (fitting, held)
  }

  /// The weights that fit best, held near to others as strongly as is best for what they are not fitted on.
  ///
  /// - Returns: The weights, fitted on all, and the error of those that are not fitted on `held` there.
  private static func fit(
    _ system: NormalEquations, _ held: NormalEquations, near old: [Double]
  ) -> (weights: [Double], error: Double) {
    var best = (weights: old, error: held.error(of: old))
    var chosen: Double?
    for ridge in ridges {
      guard let weights = system.solution(near: old, ridge: ridge) else { break }
      let error = held.error(of: weights)
      guard error < best.error else { break }
      best = (weights, error)
      chosen = ridge
    }
    guard let chosen else { return best }
    var all = system
    all.join(held)
    return (all.solution(near: old, ridge: chosen) ?? best.weights, best.error)
  }

  /// Adds rows, or those of them whose blocks are wanted.
  private static func add(
    _ rows: WeightedRows, to equations: inout [NormalEquations],
    where isWanted: (Int) -> Bool = { _ in true }
  ) {
    for group in equations.indices {
      for first in stride(from: 0, to: rows.count, by: blockSize) where isWanted(first / blockSize) {
        var (x, y): ([Double], [Double]) = ([], [])
        for index in first..<min(first + blockSize, rows.count) {
          rows.append(index, group: group, to: &x, &y)
          x.append(1)
        }
        equations[group].add(x, y)
      }
    }
  }

  /// The weights and biases of the outputs of a group, a row for each weight and one for the bias.
  private static func columns(
    _ weights: [Float], _ biases: [Float], _ first: Int, _ system: NormalEquations
  ) -> [Double] {
    let width = system.width - 1
    var result = [Double](repeating: 0, count: system.width * system.outputs)
    for output in 0..<system.outputs {
      for index in 0..<width {
        result[index * system.outputs + output] = Double(weights[(first + output) * width + index])
      }
      result[width * system.outputs + output] = Double(biases[first + output])
    }
    return result
  }
}
