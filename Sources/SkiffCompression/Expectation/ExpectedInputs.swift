import SkiffIR
import SkiffOperators

/// What products are given on average, found without samples: from the batch normalizations before them, through what keeps their
/// channels apart.
///
/// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.2.1. As there, padding counts as
/// what it surrounds, though it is zero.
struct ExpectedInputs {
  private let graph: Graph
  private let normalized: NormalizedOutputs
  private var channels: [ValueID: ChannelDistribution] = [:]

  init(_ graph: Graph, _ normalized: NormalizedOutputs) {
    (self.graph, self.normalized) = (graph, normalized)
    for id in graph.nodeIDs where graph[id].outputs.count == 1 {
      let activation = (graph[id].operator as? any ActivationHost)?.activation ?? .none
      channels[graph[id].outputs[0]] = unclamped(id)?.clamped(
        from: Double(activation.lowerBound), to: Double(activation.upperBound))
    }
  }

  /// The means of the columns of weights; nil where they are not known.
  func means(of weight: WeightTensor) -> InputMeans? {
    guard let (node, input) = weight.product(in: graph) else { return nil }
    return means(of: node, input, weights: weight.shape, columns: weight.columns)
  }

  private func means(
    of node: any Operator, _ input: ValueID, weights: [Int], columns: Int
  ) -> InputMeans? {
    guard let groups = InputRows.groups(of: node, weights: weights), let known = channels[input],
      let rank = graph[input].type?.rank
    else { return nil }
    let means = known.means.map { Float($0) }
    guard let convolution = node as? Convolution else {
      guard known.axis == rank - 1, means.count == columns else { return nil }
      return InputMeans(values: means, groups: 1)
    }
    let axis = convolution.layout.channelAxis(rank: rank)
    guard known.axis == axis, weights.count == rank else { return nil }
    let own = weights[axis]
    guard own > 0, means.count == groups * own else { return nil }
    // The channels of a window follow each other, or all its elements of one channel.
    let each = convolution.layout == .last ? 1 : columns / own
    return InputMeans(
      values: (0..<groups * columns).map { index in
        means[index / columns * own + index % columns / each % own]
      }, groups: groups)
  }

  private func operand(_ node: Node) -> (channels: ChannelDistribution, type: TensorType)? {
    guard let input = node.inputs.first.flatMap(\.self), let channels = channels[input],
      let type = graph[input].type
    else { return nil }
    return (channels, type)
  }

  /// What a node gives before its clamp.
  private func unclamped(_ id: NodeID) -> ChannelDistribution? {
    let node = graph[id]
    if let own = normalized.channels[id] { return own }
    guard let (operand, type) = operand(node), let result = graph[node.outputs[0]].type else { return nil }
    switch node.operator {
    case is Identity: return operand
    case is Relu: return operand.clamped(from: 0, to: .infinity)
    case let clip as Clip:
      guard node.inputs.dropFirst().allSatisfy({ $0 == nil }) else { return nil }
      return operand.clamped(
        from: clip.minimum.map(Double.init) ?? -.infinity, to: clip.maximum.map(Double.init) ?? .infinity)
    case is HardSwish: return operand.hardSwished
    case is Add: return sum(node, result)
    case is Convolution, is FullyConnected: return product(node, result)
    case let pool as AveragePool:
      return operand.axis == pool.layout.channelAxis(rank: type.rank) ? operand.onlyMeans : nil
    case let mean as ReduceMean: return average(mean, operand, rank: type.rank)
    case is Reshape, is Squeeze, is Unsqueeze: return operand.regrouped(from: type.shape, to: result.shape)
    case let transpose as Transpose:
      return transpose.permutation(rank: type.rank).firstIndex(of: operand.axis).map(operand.moved)
    case is Pad: return type.shape[operand.axis] == result.shape[operand.axis] ? operand.onlyMeans : nil
    case let concat as Concat: return joined(node, concat.axis, rank: result.rank)
    default: return nil
    }
  }

  /// What a product without a normalization gives: the weights times what they are given, on average too.
  private func product(_ node: Node, _ result: TensorType) -> ChannelDistribution? {
    guard node.inputs.count > 1, let input = node.inputs[0],
      let constant = node.inputs[1].flatMap({ graph[$0].constant }), let rows = constant.shape.first, rows > 0
    else { return nil }
    let columns = constant.shape.reduce(1, *) / rows
    guard columns > 0,
      let means = means(of: node.operator, input, weights: constant.shape, columns: columns),
      let weights = try? constant.materialize().floats()
    else { return nil }
    var results = [Double](repeating: 0, count: rows)
    if node.inputs.count > 2, let bias = node.inputs[2] {
      guard let shifts = try? graph[bias].constant?.materialize().floats(), shifts.count == rows else {
        return nil
      }
      results = shifts.map(Double.init)
    }
    for index in weights.indices {
      let group = index / columns * means.groups / rows
      results[index / columns] += Double(weights[index] * means.values[group * columns + index % columns])
    }
    guard results.allSatisfy(\.isFinite) else { return nil }
    let layout = (node.operator as? Convolution)?.layout ?? .last
    return ChannelDistribution(axis: layout.channelAxis(rank: result.rank), means: results)
  }

  private func sum(_ node: Node, _ result: TensorType) -> ChannelDistribution? {
    var parts: [ChannelDistribution] = []
    for case let input? in node.inputs {
      guard let part = channels[input], graph[input].type?.shape == result.shape else { return nil }
      parts.append(part)
    }
    return parts.count == 2 ? parts[0].adding(parts[1]) : nil
  }

  private func average(_ mean: ReduceMean, _ operand: ChannelDistribution, rank: Int) -> ChannelDistribution?
  {
    guard let axes = try? normalizedAxes(mean.axes, rank: rank), !axes.isEmpty, !axes.contains(operand.axis)
    else { return nil }
    let gone = mean.keepsDimensions ? 0 : axes.count { $0 < operand.axis }
    return operand.onlyMeans.moved(to: operand.axis - gone)
  }

  private func joined(_ node: Node, _ axis: Int, rank: Int) -> ChannelDistribution? {
    let parts = node.inputs.compactMap { $0.flatMap { channels[$0] } }
    guard parts.count == node.inputs.count, let axis = try? normalizedAxis(axis, rank: rank),
      parts.allSatisfy({ $0.axis == axis })
    else { return nil }
    return .joined(parts)
  }
}

/// What is multiplied with each column of weights, on average.
struct InputMeans {
  /// The means, group by group.
  let values: [Float]
  /// The groups that rows of weights are divided into, in order.
  let groups: Int
}
