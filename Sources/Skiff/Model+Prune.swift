import SkiffBinary
import SkiffCompression
import SkiffIR

extension Model {
  /// Removes channels, neurons, attention heads and recurrent units of the model; what fails leaves it as it was.
  ///
  /// - Parameter samples: What the ranking or the reconstruction looks at, if one of them does.
  @discardableResult
  public mutating func pruneChannels(
    _ pruning: ChannelPruning, samples: Samples? = nil
  ) throws(ModelError) -> ChannelPruningReport {
    let name = "pruned channels (\(pruning.ranking.rawValue))"
    return try compress(Compression([.channels(pruning)], samples: samples, description: name)).channels[0]
  }

  /// Removes residual branches of the model; what fails leaves it as it was.
  ///
  /// - Parameter samples: What says how much a branch adds.
  @discardableResult
  public mutating func pruneLayers(
    _ pruning: LayerPruning, samples: Samples
  ) throws(ModelError) -> LayerPruning.Report {
    try compress(Compression([.layers(pruning)], samples: samples, description: "pruned layers")).layers[0]
  }
}
