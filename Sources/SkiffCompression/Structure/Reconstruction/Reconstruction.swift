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

  /// The most numbers that one output is made of, for their products with each other to be kept.
  private static let largestWidth = 4609
  /// The rows that are looked at for each weight of an output.
  private static let rowsPerWeight = 5
  /// The rows that are added at a time.
  private static let blockSize = 64
  /// How strongly weights can be held where they are, relative to the mean square of what they are multiplied with.
  private static let ridges = [1, 1e-1, 1e-2, 1e-3, 1e-4]
  /// One of so many samples, or where there are fewer of so many places, says how strongly they are.
  private static let heldOut = 5

  /// The graph with fitted weights.
  func apply(
    to pruned: Graph
  ) throws(ModelError) -> (graph: Graph, errors: [ChannelPruningReport.Reconstruction]) {
    var result = pruned
    var errors: [ChannelPruningReport.Reconstruction] = []
    var pending = Set(coupling.contractions.filter { kept[$0.data] != nil }.map(\.node))
    for id in source.nodeIDs where pending.remove(id) != nil && result.contains(id) {
      let fitted = try locating(source[id].location) { () throws(ModelError) in try fit(id, &result) }
      if let fitted { errors.append(fitted) }
    }
    return (result, errors)
  }

  private func fit(
    _ id: NodeID, _ graph: inout Graph
  ) throws(ModelError) -> ChannelPruningReport.Reconstruction? {
    let node = graph[id]
    guard let unclamped = node.operator.unclamped, node.inputs.count > 1, let input = node.inputs[0],
      let w = node.inputs[1], let weights = graph[w].constant, graph[w].users.count == 1,
      weights.type.dataType.isFloatingPoint
    else { return nil }
    let biasID = node.inputs.count > 2 ? node.inputs[2] : nil
    let bias = biasID.flatMap { graph[$0].constant }
    guard biasID == nil || bias != nil else { return nil }
    let width = weights.shape.dropFirst().reduce(1, *)
    guard width > 0, width < Self.largestWidth, let outputs = weights.shape.first, outputs > 0 else {
      return nil
    }

    var expected = source
    let sums = try expected.add(unclamped, list: source[id].inputs)
    expected.setOnlyOutput(sums, name: "")
    var actual = graph
    actual.setOnlyOutput(input, name: "")
    expected.removeUnused()
    actual.removeUnused()
    let groups = (unclamped as? Convolution)?.groups ?? 1
    let channels = NodeAxes(graph: source, node: source[id]).result(0).map { axes in
      (unclamped as? Convolution)?.layout.channelAxis(rank: axes.count) ?? axes.count - 1
    }
    var fitting = [NormalEquations](
      repeating: NormalEquations(width: width + 1, outputs: outputs / groups), count: groups)
    var held = fitting
    let rowsPerSample = (max(2048, Self.rowsPerWeight * width) + samples.count - 1) / samples.count
    let (before, after) = (SampleSessions(expected), SampleSessions(actual))
    for (index, sample) in samples.enumerated() {
      guard var y = try before.run(sample)[""], let x = try after.run(sample)[""], let channels else {
        continue
      }
      if let left = kept[ValueAxis(value: source[id].outputs[0], axis: channels)] {
        y = try y.keeping([channels: left])
      }
      guard let rows = try WeightedRows(unclamped, weights: weights.shape, input: x, result: y) else {
        return nil
      }
      if samples.count < Self.heldOut {
        Self.add(rows, rowsPerSample, to: &fitting) { $0 % Self.heldOut != 0 }
        Self.add(rows, rowsPerSample, to: &held) { $0 % Self.heldOut == 0 }
      } else if index % Self.heldOut == 0 {
        Self.add(rows, rowsPerSample, to: &held)
      } else {
        Self.add(rows, rowsPerSample, to: &fitting)
      }
    }
    var values = try weights.materialize().floats()
    var biases = try bias?.materialize().floats() ?? [Float](repeating: 0, count: outputs)
    var (errorBefore, errorAfter, energy) = (0.0, 0.0, 0.0)
    for (group, system) in fitting.enumerated() {
      let first = group * system.outputs
      let old = Self.columns(values, biases, first, system)
      let fit = Self.fit(system, held[group], near: old)
      let new = fit.weights
      errorBefore += held[group].error(of: old)
      errorAfter += fit.error
      energy += held[group].energy
      for output in 0..<system.outputs {
        for index in 0..<width {
          values[(first + output) * width + index] = Float(new[index * system.outputs + output])
        }
        biases[first + output] = Float(new[width * system.outputs + output])
      }
    }
    let type = weights.type.dataType
    graph.setConstant(w, to: Constant(try Tensor(floats: values, as: type, shape: weights.shape)))
    let fittedBias = graph.addConstant(try Tensor(floats: biases, as: type, shape: [outputs]))
    graph.setNode(id, to: node.operator, inputs: [input, w, fittedBias])
    graph.removeUnused()
    return .init(
      location: source[id].location, errorBefore: energy > 0 ? errorBefore / energy : 0,
      errorAfter: energy > 0 ? errorAfter / energy : 0)
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

  /// Adds rows at places spread over all of the result, or those of them whose blocks are wanted.
  private static func add(
    _ rows: WeightedRows, _ most: Int, to equations: inout [NormalEquations],
    where isWanted: (Int) -> Bool = { _ in true }
  ) {
    let taken = min(most, rows.count)
    guard taken > 0 else { return }
    for group in equations.indices {
      for first in stride(from: 0, to: taken, by: blockSize) where isWanted(first / blockSize) {
        var (x, y): ([Double], [Double]) = ([], [])
        for index in first..<min(first + blockSize, taken) {
          rows.append(index * rows.count / taken, group: group, to: &x, &y)
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

extension Operator {
  /// The operator without the clamp of its results, if it has weights that can be fitted.
  fileprivate var unclamped: (any Operator)? {
    switch self {
    case var convolution as Convolution:
      convolution.activation = .none
      return convolution
    case var product as FullyConnected:
      product.activation = .none
      return product
    default: return nil
    }
  }
}

extension Graph {
  fileprivate mutating func add(_ operator: any Operator, list inputs: [ValueID?]) throws(ModelError)
    -> ValueID
  {
    try addNode(`operator`, inputs)[0]
  }
}
