import SkiffBinary
import SkiffIR

/// Rounding weights to integers of few bits, as which they are stored; the graph computes with what they stand for, or with
/// the integers, if activations become integers too.
public struct WeightQuantization: Hashable, Sendable {
  /// Which weights share a scale.
  public enum Granularity: Hashable, Sendable {
    /// All of a tensor.
    case tensor
    /// Those of an output.
    case channel
    /// Runs of so many within an output.
    case block(Int)
  }

  /// The bits of an integer, 2 to 8.
  public var bits = 8
  /// Which weights share a scale.
  public var granularity = Granularity.channel
  /// Whether the integers lie around zero; else each group has a zero point.
  public var isSymmetric = true
  /// Whether a range is narrowed where that lowers the squared error, beyond which weights are clamped.
  public var clips = true

  /// Creates the usual quantization: 8 bits, a scale for each output.
  public init() {}

  /// Checks that there is such a quantization.
  func verify() throws(ModelError) {
    guard (2...8).contains(bits) else {
      throw ModelError(.invalidArgument, "weights cannot be integers of \(bits) bits")
    }
    if case .block(let size) = granularity, !(1...WeightCompression.longestRun).contains(size) {
      throw ModelError(.invalidArgument, "blocks cannot have \(size) weights")
    }
  }

  /// The least and the greatest integer.
  var range: ClosedRange<Int> {
    let half = 1 << (bits - 1)
    return isSymmetric ? 1 - half...half - 1 : -half...half - 1
  }

  /// The part of the range that is tried, widest first.
  private static let shares = (0...24).map { 1 - Float($0) / 40 }

  /// The scale and zero point of a group.
  ///
  /// - Parameter importance: What an error of each weight costs, nil for the same.
  func parameters(_ weights: some Collection<Float>, importance: [Float]?) -> (scale: Float, zeroPoint: Int) {
    let (least, greatest) = (min(weights.min() ?? 0, 0), max(weights.max() ?? 0, 0))
    var best = parameters(least, greatest)
    guard clips, best.scale > 0 else { return best }
    var bestError = Double.infinity
    for share in Self.shares {
      let (scale, zeroPoint) = parameters(least * share, greatest * share)
      guard scale > 0 else { break }
      var error = 0.0
      for (index, weight) in weights.enumerated() {
        let difference = Double(rounded(weight, scale, zeroPoint) - weight)
        error += difference * difference * Double(importance?[index] ?? 1)
      }
      if error < bestError { (best, bestError) = ((scale, zeroPoint), error) }
    }
    return best
  }

  /// Scales have the precision of bfloat16, so that they take little in a file.
  private func parameters(_ least: Float, _ greatest: Float) -> (scale: Float, zeroPoint: Int) {
    if isSymmetric {
      return (Self.short(max(-least, greatest) / Float(range.upperBound)), 0)
    }
    let steps = Float(range.count - 1)
    // The difference of large ones would be infinite.
    let scale = Self.short(greatest / steps - least / steps)
    guard scale > 0 else { return (0, 0) }
    let zeroPoint = (Float(range.lowerBound) - least / scale).rounded()
    return (scale, min(max(Int(zeroPoint), range.lowerBound), range.upperBound))
  }

  /// The next number with 8 digits of mantissa that is not less.
  private static func short(_ value: Float) -> Float {
    let cut = value.bitPattern & 0xFFFF_0000
    let short = Float(bitPattern: cut == value.bitPattern ? cut : cut + 0x1_0000)
    return short.isFinite ? short : value
  }

  /// The integer that stands for a weight.
  func code(_ weight: Float, _ scale: Float, _ zeroPoint: Int) -> Int {
    guard scale > 0 else { return zeroPoint }
    let code = (weight / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
    // In this order what is not a number becomes the least integer.
    return Int(max(Float(range.lowerBound), min(code, Float(range.upperBound))))
  }

  /// The number that the integer for a weight stands for.
  func rounded(_ weight: Float, _ scale: Float, _ zeroPoint: Int) -> Float {
    Float(code(weight, scale, zeroPoint) - zeroPoint) * scale
  }
}
