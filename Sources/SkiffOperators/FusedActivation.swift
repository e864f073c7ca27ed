import SkiffIR

/// A clamp that an operator applies to its own result.
public enum FusedActivation: String, AttributeEnumeration, CaseIterable {
  /// No clamp.
  case none
  /// At least 0.
  case relu
  /// Between 0 and 6.
  case relu6
  /// Between −1 and 1.
  case reluN1To1

  /// The least result.
  public var lowerBound: Float {
    switch self {
    case .none: -.infinity
    case .relu, .relu6: 0
    case .reluN1To1: -1
    }
  }

  /// The greatest result.
  public var upperBound: Float {
    switch self {
    case .none, .relu: .infinity
    case .relu6: 6
    case .reluN1To1: 1
    }
  }

  /// The clamped number; not-a-number stays one.
  package func callAsFunction<Real: RealNumber>(_ x: Real) -> Real {
    guard self != .none else { return x }
    return x < Real(lowerBound) ? Real(lowerBound) : x > Real(upperBound) ? Real(upperBound) : x
  }

  /// The clamped integer.
  package func clamp(_ x: Int) -> Int {
    switch self {
    case .none: x
    case .relu: max(0, x)
    case .relu6: min(max(0, x), 6)
    case .reluN1To1: min(max(-1, x), 1)
    }
  }
}
