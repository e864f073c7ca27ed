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
    try prune("pruned channels (\(pruning.ranking.rawValue))", samples) { (graph, runs) throws(ModelError) in
      try pruning.apply(to: graph, samples: runs)
    }
  }

  /// Removes residual branches of the model; what fails leaves it as it was.
  ///
  /// - Parameter samples: What says how much a branch adds.
  @discardableResult
  public mutating func pruneLayers(
    _ pruning: LayerPruning, samples: Samples
  ) throws(ModelError) -> LayerPruning.Report {
    try prune("pruned layers", samples) { (graph, runs) throws(ModelError) in
      try pruning.apply(to: graph, samples: runs)
    }
  }

  private mutating func prune<Report>(
    _ name: String, _ samples: Samples?,
    _ body: (Graph, [[String: Tensor]]) throws(ModelError) -> (graph: Graph, report: Report)
  ) throws(ModelError) -> Report {
    var copy = self
    try copy.prepare()
    let runs = try copy.reordered(samples?.runs(for: source) ?? []).map(copy.graph.accepting)
    let (graph, report) = try body(copy.graph, runs)
    copy.graph = graph
    copy.recipe.append(name)
    if let samples {
      copy.calibrationDigest = samples.digest
      samples.releasePages()
    }
    copy.examples = []
    self = copy
    return report
  }
}
