import SkiffIR

extension Diagnosis {
  /// Below this signal to noise ratio, in decibels, an output has lost too much.
  private static let poor = 25.0

  /// What to do about each operator, those first that add the most noise, and about all of them together.
  public var advice: [Finding] { costliest.flatMap(\.advice) + (adviceTogether.map { [$0] } ?? []) }

  /// What to do where many operators add a little noise each, as 8 bits do in deep and in recurrent networks.
  var adviceTogether: Finding? {
    let noises = operators.compactMap(\.noiseAdded)
    let total = noises.reduce(0, +)
    guard operators.contains(where: \.hasBytes), let most = noises.max(), most < total / 2,
      let worst = outputs.min(by: { $0.signalToNoise < $1.signalToNoise }), worst.signalToNoise < Self.poor
    else { return nil }
    return Finding(
      .spread, at: worst.name,
      "\(worst.signalToNoise.shortText) dB, and no operator adds most of the noise (the costliest \((most / total).percentText))",
      remedy:
        "try activations of 16 bits or of ranges that each run has (int8: {activations: int16 or dynamic}; --quantize)"
    )
  }
}
