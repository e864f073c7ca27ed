import SkiffCompression

/// What a compression did.
public struct CompressionReport: Sendable, CustomStringConvertible {
  /// The number of nodes that compute with integers.
  public internal(set) var quantizedNodes = 0
  /// How many of these have other activations than the rest.
  public internal(set) var otherNodes = 0
  /// What the activations of the rest are.
  public internal(set) var activations = Int8Quantization.Activations.int8
  /// The nodes that stayed in floating point, with the reason.
  public internal(set) var floatNodes: [QuantizationReport.FloatNode] = []
  /// What prunings of channels did.
  public internal(set) var channels: [ChannelPruningReport] = []
  /// What prunings of layers did.
  public internal(set) var layers: [LayerPruning.Report] = []
  /// What became of products that are two or three smaller ones.
  public internal(set) var lowRanks: [LowRankApproximation.Change] = []
  /// The groups of layers whose channels were equalized: pairs, and what sums join.
  public internal(set) var equalizedGroups = 0
  /// What was rotated, and what could not be.
  public internal(set) var rotation = ChannelRotation.Report()
  /// The values whose channels were smoothed.
  public internal(set) var smoothedValues = 0
  /// What became of weights that were changed by themselves.
  public internal(set) var weights: [WeightCompression.Change] = []
  /// The tensors of weights that are left alone because they are inside of branches or loops.
  public internal(set) var weightsInside = 0
  /// The bytes of the constants before.
  public internal(set) var bytesBefore = 0
  /// The bytes of the constants after, as they are in memory.
  public internal(set) var bytesAfter = 0
  /// The number of runs on samples.
  public internal(set) var sampleCount = 0

  /// Some lines for people.
  public var description: String {
    var lines = channels.map(\.description)
    for layers in layers {
      lines.append(
        "layers: \(layers.multiplicationsBefore) multiplications -> \(layers.multiplicationsAfter), "
          + "\(layers.removed.count) branches removed, \(layers.left.count) left")
      lines += layers.removed.map {
        "removed: the branch that ends at \($0.location), \(Float(100 * $0.share)) % of the sum"
      }
    }
    if quantizedNodes + floatNodes.count > 0 {
      let integers =
        switch activations {
        case .int8: otherNodes > 0 ? "in int8, \(otherNodes) of them with int16 activations" : "in int8"
        case .int16:
          "in int8 with int16 activations"
            + (otherNodes > 0 ? ", \(otherNodes) of them with int8 activations" : "")
        case .dynamic: "with weights in int8"
        }
      let calibration = activations == .dynamic ? "" : ", calibrated on \(sampleCount) samples"
      lines.append("\(quantizedNodes) operators \(integers), \(floatNodes.count) in float\(calibration)")
    }
    lines += lowRanks.map {
      "rank \($0.ranks.map(String.init).joined(separator: ", ")): \($0.location), "
        + "\($0.weightsBefore) weights -> \($0.weightsAfter), loses \(Float(100 * $0.error)) %"
    }
    if equalizedGroups > 0 { lines.append("\(equalizedGroups) groups of layers equalized") }
    lines += rotation.lines
    if smoothedValues > 0 { lines.append("channels of \(smoothedValues) values smoothed") }
    lines.append("weights in memory: \(bytesBefore) bytes -> \(bytesAfter) bytes")
    for change in weights {
      let zeros = change.zeros == 0 ? "" : ", \(100 * change.zeros / max(1, change.elements)) % zeros"
      let noise = change.signalToNoise.isFinite ? "\((change.signalToNoise * 10).rounded() / 10) dB" : "exact"
      lines.append("  '\(change.label)': \(change.elements) weights, \(change.coding)\(zeros), \(noise)")
    }
    if weightsInside > 0 {
      lines.append("\(weightsInside) tensors of weights inside of branches and loops stay as they are")
    }
    return (lines + floatNodes.map { "float: \($0.location): \($0.reason)" }).joined(separator: "\n")
  }
}

extension ChannelRotation.Report {
  /// A line for each rotation, and for each of what could not be rotated.
  fileprivate var lines: [String] {
    rotations.map {
      "rotated: \($0.location), \($0.channels) channels with each other in \($0.tensors) tensors"
    }
      + obstacles.map { "not rotated: \($0.location): \($0.reason)" }
  }
}
