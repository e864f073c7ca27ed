import SkiffBinary
import SkiffIR

/// The greater of two elements; not-a-number if either is.
public struct Maximum: BinaryOperator {
  public static let name = "Maximum"
  public static let summary = "The greater of a and b, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { a.isNaN || a > b ? a : b }
  package func apply(_ a: Int, _ b: Int) -> Int { max(a, b) }
}

/// The lesser of two elements; not-a-number if either is.
public struct Minimum: BinaryOperator {
  public static let name = "Minimum"
  public static let summary = "The lesser of a and b, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { a.isNaN || a < b ? a : b }
  package func apply(_ a: Int, _ b: Int) -> Int { min(a, b) }
}
