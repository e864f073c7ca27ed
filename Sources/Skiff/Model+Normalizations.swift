import SkiffBinary
import SkiffCompression

extension Compression.Step {
  /// Whether channels can be others after it, or distributed otherwise, than normalizations of the source say.
  var changesChannels: Bool {
    switch self {
    case .channels, .layers, .lowRank, .rotate, .smooth: true
    case .equalize, .weights, .int8: false
    }
  }
}

extension Model {
  /// What normalizations of the source say of the graph, for a compression that asks; nothing where an earlier one can have changed it.
  func normalizedOutputs(for compression: Compression) throws(ModelError) -> NormalizedOutputs {
    let isAsked = compression.steps.contains {
      if case .weights(let weights) = $0 { weights.usesNormalizations } else { false }
    }
    return isAsked && !isCompressed ? try NormalizedOutputs(of: source, in: graph) : NormalizedOutputs()
  }
}
