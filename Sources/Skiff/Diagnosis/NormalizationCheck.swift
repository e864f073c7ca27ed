import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whether what comes to the first normalizations of a graph is as their statistics, which they have from training, say.
struct NormalizationCheck {
  private let graph: Graph
  /// The normalizations that nothing else normalizes before.
  private let nodes: [NodeID]

  /// Nil if the graph has no normalization with statistics.
  init?(_ graph: Graph) {
    var behind: Set<ValueID> = []
    var nodes: [NodeID] = []
    for id in graph.nodeIDs {
      let node = graph[id]
      let isBehind = node.inputs.contains { $0.map(behind.contains) ?? false }
      let isNormalization = node.operator is BatchNormalization
      if isNormalization, !isBehind { nodes.append(id) }
      if isNormalization || isBehind { behind.formUnion(node.outputs) }
    }
    guard !nodes.isEmpty else { return nil }
    (self.graph, self.nodes) = (graph, nodes)
  }

  /// How far the channels are from the statistics, in the mean over all of them: the squared distance of the means in stored
  /// standard deviations, and the logarithm of the ratio of the variances.
  func mismatch(_ runs: [[String: Tensor]]) throws(ModelError) -> Double {
    var cache = SessionCache(PlanCache(graph))
    var inputs: [ValueID: [Tensor]] = [:]
    let wanted = Set(nodes.compactMap { graph[$0].inputs[0] })
    for run in runs {
      _ = try cache.run(run) { id, tensor throws(ModelError) in
        if wanted.contains(id) { inputs[id, default: []].append(try tensor.copied()) }
      }
    }
    var (sum, count) = (0.0, 0)
    for id in nodes {
      let node = graph[id]
      guard let input = node.inputs[0], let tensors = inputs[input], let first = tensors.first,
        let normalization = node.operator as? BatchNormalization,
        let means = try node.inputs[3].flatMap({ graph[$0].constant })?.materialize().doubles(),
        let variances = try node.inputs[4].flatMap({ graph[$0].constant })?.materialize().doubles(),
        let axis = normalization.channelAxis(rank: first.rank)
      else { continue }
      let channels = try ChannelStatistics.of(tensors, axis: axis)
      for (channel, stored) in zip(channels, zip(means, variances)) {
        let variance = max(stored.1, 1e-12)
        let distance = channel.mean - stored.0
        sum += distance * distance / variance + abs(log(max(channel.variance, 1e-12) / variance))
        count += 1
      }
    }
    return count == 0 ? 0 : sum / Double(count)
  }
}
