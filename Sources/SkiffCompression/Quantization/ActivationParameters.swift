import SkiffIR

/// The scale and zero point of activations from their range.
///
/// The rules of TensorFlow Lite's quantization specification; every step is rounded to float32 as its converter does.
enum ActivationParameters {
  /// The parameters of int8, symmetric or not, or of int16, which always is.
  static func parameters(
    _ range: ClosedRange<Float>, as dataType: DataType, isSymmetric: Bool
  ) -> QuantizationParameters {
    dataType == .int16 ? int16(range) : int8(range, isSymmetric: isSymmetric)
  }

  /// The parameters of int8.
  static func int8(_ range: ClosedRange<Float>, isSymmetric: Bool) -> QuantizationParameters {
    isSymmetric ? symmetricInt8(range) : int8(range)
  }

  /// Symmetric int16, the range widened to have 0 in its middle.
  ///
  /// What was 0 throughout gets the steps of numbers up to 1: runtimes have tables of functions with a place for each 128 steps,
  /// between which they interpolate, so with steps of 1 they give anything near 0.
  private static func int16(_ range: ClosedRange<Float>) -> QuantizationParameters {
    let greatest = max(abs(range.lowerBound), abs(range.upperBound))
    let scale = greatest / 32767
    return QuantizationParameters(scale: scale == 0 ? 1 / 32767 : scale, zeroPoint: 0)
  }

  /// Symmetric int8: the range is widened to have 0 in its middle, from -127 to 127 as in weights, since -128 has no opposite.
  private static func symmetricInt8(_ range: ClosedRange<Float>) -> QuantizationParameters {
    let scale = max(abs(range.lowerBound), abs(range.upperBound)) / 127
    return QuantizationParameters(scale: scale == 0 ? 1 : scale, zeroPoint: 0)
  }

  /// Asymmetric int8: the range is widened to hold 0, which is represented exactly.
  private static func int8(_ range: ClosedRange<Float>) -> QuantizationParameters {
    let least = min(0, range.lowerBound)
    let greatest = max(0, range.upperBound)
    let scale = (greatest - least) / 255
    guard scale > 0, scale.isFinite else {
      return QuantizationParameters(scale: scale == 0 ? 1 : .greatestFiniteMagnitude / 256, zeroPoint: 0)
    }
    let zeroPoint = (-128 - least / scale).rounded(.toNearestOrAwayFromZero)
    return QuantizationParameters(scale: scale, zeroPoint: Int(max(-128, min(127, zeroPoint))))
  }
}
