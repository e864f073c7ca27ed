import SkiffBinary
import SkiffIR
import SkiffOperators

/// Giving the channels between layers ranges alike, so that one scale suits all weights of a layer: what the layers that make a channel
/// divide it by, those that take it multiply it with, which no rectifier in between notices.
///
/// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.1 and appendix A: for two layers
/// with ranges r of a channel the factor is √(r₁ / r₂), which makes both √(r₁ · r₂). Here as many layers as sums join have a channel in common
/// (``ScalingGroups``). The factor is √(p / u) with p the greatest range of those that make it and u that of those that take it, where ranges count as parts
/// of the greatest of their layer, so that a layer of small weights has as much of a say:
///
///     p = P · max (r / R) over layers that make it, r their range of the channel, R of all channels, P the greatest R of these layers
///
/// and u likewise. Factors that biases would be blown up by are greater (``ScaledLayer/leastFactors()``).
public struct CrossLayerEqualization: Hashable, Sendable {
  /// How often every group of layers is equalized, at most; less if nothing changes any more.
  public var rounds = 50

  /// Creates the usual equalization.
  public init() {}

  /// The graph with other weights, which computes the same but for rounding.
  ///
  /// - Returns: Also the number of groups of layers, pairs and what sums join, and what the outputs of nodes were divided by, channel by channel.
  public func apply(
    to source: Graph
  ) throws(ModelError) -> (graph: Graph, groups: Int, factors: [NodeID: [Float]]) {
    var graph = source.untyingVectors()
    var layers: [NodeID: ScaledLayer] = [:]
    var groups: [ScalingGroup] = []
    for group in ScalingGroups(graph).all where !group.isNormalized(in: graph) {
      for id in group.producers + group.users where layers[id] == nil {
        layers[id] = try ScaledLayer(id, graph)
      }
      // A layer can take what is not channels alone, like all elements of an image in a row.
      let counts =
        group.producers.map { layers[$0]?.outputCount } + group.users.map { layers[$0]?.inputCount }
      if let first = counts[0], counts.allSatisfy({ $0 == first }) { groups.append(group) }
    }
    for _ in 0..<rounds {
      var greatest: Float = 1
      for group in groups {
        let made = Self.ranges(group.producers.compactMap { layers[$0]?.outputRanges() })
        let used = Self.ranges(group.users.compactMap { layers[$0]?.inputRanges() })
        let least = group.producers.compactMap { layers[$0]?.leastFactors() }
        let factors = made.indices.map { channel in
          let factor = (made[channel] / used[channel]).squareRoot()
          return factor > 0 && factor.isFinite ? least.reduce(factor) { max($0, $1[channel]) } : 1
        }
        for id in group.producers { layers[id]?.divideOutputs(by: factors) }
        for id in group.users { layers[id]?.multiplyInputs(by: factors) }
        greatest = factors.reduce(greatest) { max($0, $1, 1 / $1) }
      }
      if greatest < 1.001 { break }
    }
    for group in groups {
      for id in group.producers + group.users { try layers[id]?.store(in: &graph) }
    }
    return (graph, groups.count, layers.mapValues(\.outputFactors))
  }

  /// The greatest range of each channel in some layers, as a part of the greatest of its layer, times the greatest of all.
  private static func ranges(_ layers: [[Float]]) -> [Float] {
    let greatest = layers.map { $0.max() ?? 0 }
    let all = greatest.max() ?? 0
    guard let count = layers.first?.count else { return [] }
    return (0..<count).map { channel in
      zip(layers, greatest).reduce(0) { $1.1 > 0 ? max($0, $1.0[channel] * (all / $1.1)) : $0 }
    }
  }
}

extension ScalingGroup {
  /// Whether a normalization makes some of the values.
  fileprivate func isNormalized(in graph: Graph) -> Bool {
    producers.contains { graph[$0].operator is any TrailingNormalization }
  }
}
