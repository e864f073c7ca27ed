import ArgumentParser
import Skiff

/// What a file of a lower precision must hold against its source.
struct ThresholdOptions: ParsableArguments {
  @Option(help: "The least signal to noise ratio of a quantized output, in dB.") var minSqnr: Double?
  @Option(help: "The least cosine of a quantized output.") var minCosine: Double?
  @Option(help: "The least share of equal greatest elements, from 0 to 1.") var minTop1: Double?

  /// Whether any is given.
  var isGiven: Bool { minSqnr != nil || minCosine != nil || minTop1 != nil }

  /// Nothing but what is given.
  var thresholdsAsGiven: Certificate.Thresholds {
    var thresholds = thresholds
    thresholds.signalToNoise = minSqnr ?? -.infinity
    thresholds.cosine = minCosine ?? -1
    thresholds.top1Agreement = minTop1 ?? 0
    return thresholds
  }

  /// The usual thresholds but for what is given.
  var thresholds: Certificate.Thresholds {
    var thresholds = Certificate.Thresholds()
    if let minSqnr { thresholds.signalToNoise = minSqnr }
    if let minCosine { thresholds.cosine = minCosine }
    thresholds.top1Agreement = minTop1
    return thresholds
  }

  func validate() throws {
    guard minTop1.map((0...1).contains) ?? true, minCosine.map((-1...1).contains) ?? true,
      minSqnr?.isFinite ?? true
    else { throw ValidationError("--min-top1 takes a number from 0 to 1, --min-cosine one from -1 to 1.") }
  }
}
