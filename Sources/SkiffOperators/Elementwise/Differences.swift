import SkiffBinary
import SkiffIR

/// The square of the difference of two elements.
public struct SquaredDifference: BinaryOperator {
  public static let name = "SquaredDifference"
  public static let summary = "(a - b)², with broadcasting."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { (a - b) * (a - b) }
  package func apply(_ a: Int, _ b: Int) -> Int { (a &- b) &* (a &- b) }
}

/// The angle in radians from the first axis to the point `(b, a)`, between −π and π.
public struct Atan2: BinaryOperator {
  public static let name = "Atan2"
  public static let summary = "The angle in radians from the first axis to the point (b, a)."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { Real.arcTangent(a, b) }
  package func apply(_ a: Int, _ b: Int) throws(ModelError) -> Int {
    throw ModelError(.unsupported, "the angle of integers")
  }
}
