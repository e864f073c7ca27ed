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
    var copy = self
    try copy.prepare()
    let runs = try copy.reordered(samples?.runs(for: source) ?? []).map(copy.graph.accepting)
    let (graph, report) = try pruning.apply(to: copy.graph, samples: runs)
    copy.graph = graph
    copy.recipe.append("pruned channels (\(pruning.ranking.rawValue))")
    if let samples {
      copy.calibrationDigest = samples.digest
      samples.releasePages()
    }
    copy.examples = []
    self = copy
    return report
  }
}
