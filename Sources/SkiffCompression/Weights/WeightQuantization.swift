import CKernels
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

  /// The scale and zero point of a group. Scales have the precision of bfloat16, so that they take little in a file.
  ///
  /// - Parameter importance: What an error of each weight costs, nil for the same.
  func parameters(_ weights: [Float], importance: [Float]?) -> (scale: Float, zeroPoint: Int) {
    var (form, scale) = (self.form, skiff_code_scale())
    if let importance {
      skiff_f32_code_scale(weights.count, weights, importance, &form, &scale)
    } else {
      skiff_f32_code_scale(weights.count, weights, nil, &form, &scale)
    }
    return (scale.scale, Int(scale.zero_point))
  }

  /// The integers as kernels take them.
  var form: skiff_code_form {
    skiff_code_form(
      lower: Int32(range.lowerBound), upper: Int32(range.upperBound), is_symmetric: isSymmetric, clips: clips)
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
