import SkiffBinary
import SkiffIR

/// A window of a given length, as it is laid over a signal before its spectrum is computed.
///
/// Each is a sum of cosines: `a₀ − a₁ cos 2πn/N + a₂ cos 4πn/N`.
public struct WindowFunction: ReferenceKernel {
  /// Which one.
  public enum Kind: String, AttributeEnumeration, CaseIterable {
    /// Hann's: 0.5, 0.5.
    case hann
    /// Hamming's: 25/46, 21/46.
    case hamming
    /// Blackman's: 0.42, 0.5, 0.08.
    case blackman

    var coefficients: (Double, Double, Double) {
      switch self {
      case .hann: (0.5, 0.5, 0)
      case .hamming: (25.0 / 46, 21.0 / 46, 0)
      case .blackman: (0.42, 0.5, 0.08)
      }
    }
  }

  public static let name = "WindowFunction"
  public static let summary = "A window of a given length, as it is laid over a signal."
  public static let operands: [Operand] = [.required("length")]
  public static let attributes = [
    Attribute<WindowFunction>("kind", \.kind, "Which window."),
    Attribute<WindowFunction>(
      "isPeriodic", \.isPeriodic, "Whether the next period begins behind the last element."),
    Attribute<WindowFunction>("dataType", \.dataType, "The type of the result."),
  ]

  /// Which window.
  public var kind = Kind.hann
  /// Whether the next period begins behind the last element; else the last element ends the period.
  public var isPeriodic = true
  /// The type of the result.
  public var dataType = DataType.float32

  /// Creates a periodic window of Hann's kind.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [TensorType(dataType, Shape([context.knownElements(0)?.first ?? .unknown]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    guard let length = try inputs.required(0).integers().first else {
      throw ModelError(.invalidGraph, "a window without a length")
    }
    _ = try checkedCount([length], of: .float64)
    let (a0, a1, a2) = kind.coefficients
    let period = Double(isPeriodic ? length : length - 1)
    let values = (0..<length).map { index in
      let angle = 2 * Double.pi * Double(index) / period
      return a0 - a1 * Double.cosine(angle) + a2 * Double.cosine(2 * angle)
    }
    return [try Tensor(values, shape: [length]).cast(to: dataType)]
  }
}
