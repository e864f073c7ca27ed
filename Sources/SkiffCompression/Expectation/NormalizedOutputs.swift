import SkiffBinary
import SkiffIR
import SkiffOperators

/// How the results of nodes are distributed whose last step, before a clamp, is a batch normalization of the source: each channel has the
/// shift as its mean and the scale as its standard deviation.
///
/// Normalizations are taken into the weights before them when a graph is simplified. Their numbers are those of the source; which node
/// computes one is told by its origins.
package struct NormalizedOutputs: Sendable {
  /// Before the clamp.
  private(set) var channels: [NodeID: ChannelDistribution] = [:]

  /// What is known of a graph whose normalizations are not.
  package init() {}

  /// - Parameters:
  ///   - source: The graph as its file has it.
  ///   - graph: The same, simplified.
  package init(of source: Graph, in graph: Graph) throws(ModelError) {
    let origins = try NormalizationOrigins(source)
    for id in graph.nodeIDs {
      let node = graph[id]
      guard let normal = origins.normal(of: node), let axis = Self.channelAxis(of: node, in: graph),
        let type = graph[node.outputs[0]].type, axis < type.rank,
        type.shape[axis] == .fixed(normal.means.count)
      else { continue }
      channels[id] = ChannelDistribution(axis: axis, means: normal.means, deviations: normal.deviations)
    }
  }

  /// Follows the division of the outputs of nodes, channel by channel.
  package mutating func divide(by factors: [NodeID: [Float]]) {
    for (id, factors) in factors { channels[id] = channels[id].flatMap { $0.divided(by: factors) } }
  }

  /// Where the channels of a node's result are, if it can be what became of a normalization.
  private static func channelAxis(of node: Node, in graph: Graph) -> Int? {
    guard node.outputs.count == 1, let rank = graph[node.outputs[0]].type?.rank else { return nil }
    switch node.operator {
    case let convolution as Convolution: return convolution.layout.channelAxis(rank: rank)
    case is FullyConnected: return rank - 1
    case let normalization as BatchNormalization: return normalization.channelAxis(rank: rank)
    case is Add:
      // The shift of a normalization that nothing before it took in.
      let constants = node.inputs.compactMap { $0.flatMap { graph[$0].constant?.shape } }
      guard node.inputs.count == 2, constants.count == 1,
        let place = constants[0].firstIndex(where: { $0 != 1 }),
        constants[0].count(where: { $0 != 1 }) == 1
      else { return nil }
      return rank - constants[0].count + place
    default: return nil
    }
  }
}

/// The batch normalizations of a source, by where its nodes come from.
private struct NormalizationOrigins {
  struct Normal: Equatable {
    let means: [Double]
    let deviations: [Double]
  }

  private var normals: [Origin: Normal] = [:]
  private var clamps: Set<Origin> = []

  init(_ source: Graph) throws(ModelError) {
    // What has no origin could be part of a node without a trace.
    guard source.nodeIDs.allSatisfy({ !source[$0].origins.isEmpty }) else { return }
    var others = Self.inside(source)
    for id in source.nodeIDs {
      let node = source[id]
      let normal = try Self.normal(of: node, in: source)
      for origin in node.origins {
        if node.operator is Relu || node.operator is Clip {
          clamps.insert(origin)
        } else if let normal, normals[origin] == nil || normals[origin] == normal {
          normals[origin] = normal
        } else {
          others.insert(origin)
        }
      }
    }
    // An origin that is several things says nothing.
    others.formUnion(clamps.intersection(normals.keys))
    clamps.subtract(others)
    normals = normals.filter { !others.contains($0.key) }
  }

  /// What a node gives before its clamp, if the last of what it computes before that is a normalization.
  func normal(of node: Node) -> Normal? {
    guard let last = node.origins.last(where: { !clamps.contains($0) }) else { return nil }
    return normals[last]
  }

  /// The origins of all nodes in branches and bodies, which can have come out of them.
  private static func inside(_ graph: Graph) -> Set<Origin> {
    var origins: Set<Origin> = []
    for subgraph in graph.nodeIDs.flatMap({ graph[$0].operator.subgraphs }) {
      origins.formUnion(subgraph.graph.nodeIDs.flatMap { subgraph.graph[$0].origins })
      origins.formUnion(inside(subgraph.graph))
    }
    return origins
  }

  /// The distribution behind a normalization whose parameters are constants: the variance that it divides by counts without the epsilon
  /// that is added.
  private static func normal(of node: Node, in graph: Graph) throws(ModelError) -> Normal? {
    guard let normalization = node.operator as? BatchNormalization, node.inputs.count == 5 else { return nil }
    var parameters: [[Double]] = []
    for input in node.inputs.dropFirst() {
      guard let constant = input.flatMap({ graph[$0].constant }) else { return nil }
      parameters.append(try constant.materialize().floats().map(Double.init))
    }
    let (scale, shift, variance) = (parameters[0], parameters[1], parameters[3])
    guard scale.count == shift.count, scale.count == variance.count else { return nil }
    let deviations = zip(scale, variance).map { scale, variance in
      abs(scale) * (variance / (variance + Double(normalization.epsilon))).squareRoot()
    }
    guard shift.allSatisfy(\.isFinite), deviations.allSatisfy(\.isFinite) else { return nil }
    return Normal(means: shift, deviations: deviations)
  }
}
