import SkiffBinary
import SkiffIR
import SkiffOperators

/// Giving the channels between two layers ranges alike, so that one scale suits all weights of a layer: what one layer divides a
/// channel by, the next one multiplies it with, which no rectifier in between notices.
///
/// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.1.
public struct CrossLayerEqualization: Hashable, Sendable {
  /// How often every pair of layers is equalized, at most; less if nothing changes any more.
  public var rounds = 50

  /// Creates the usual equalization.
  public init() {}

  /// The graph with other weights, which computes the same but for rounding.
  ///
  /// - Returns: Also the number of pairs of layers.
  public func apply(to source: Graph) throws(ModelError) -> (graph: Graph, pairs: Int) {
    var graph = source.untyingVectors()
    let pairs = ChannelEdge.all(in: graph).filter { edge in
      edge.users.count == 1 && !(graph[edge.producer].operator is any TrailingNormalization)
    }
    var layers: [NodeID: ScaledLayer] = [:]
    for id in pairs.flatMap({ [$0.producer] + $0.users }) where layers[id] == nil {
      layers[id] = try ScaledLayer(id, graph)
    }
    for _ in 0..<rounds {
      var greatest: Float = 1
      for pair in pairs {
        guard var first = layers[pair.producer], var second = layers[pair.users[0]] else { continue }
        let (made, used) = (first.outputRanges(), second.inputRanges())
        // A layer can take what is not channels alone, like all elements of an image in a row.
        guard made.count == used.count else { continue }
        let factors = zip(made, used).map { made, used in
          let factor = (made / used).squareRoot()
          return factor > 0 && factor.isFinite ? factor : 1
        }
        first.divideOutputs(by: factors)
        second.multiplyInputs(by: factors)
        greatest = factors.reduce(greatest) { max($0, $1, 1 / $1) }
        (layers[pair.producer], layers[pair.users[0]]) = (first, second)
      }
      if greatest < 1.001 { break }
    }
    for layer in layers.values { try layer.store(in: &graph) }
    return (graph, pairs.count)
  }
}
