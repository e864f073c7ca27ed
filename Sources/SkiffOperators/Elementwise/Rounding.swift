import SkiffBinary
import SkiffIR

/// The greatest integer not above x.
public struct Floor: UnaryOperator {
  public static let name = "Floor"
  public static let summary = "The greatest integer not above x."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x.rounded(.down) }
}

/// The least integer not below x.
public struct Ceil: UnaryOperator {
  public static let name = "Ceil"
  public static let summary = "The least integer not below x."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x.rounded(.up) }
}

/// The nearest integer, halves to the even one.
public struct Round: UnaryOperator {
  public static let name = "Round"
  public static let summary = "The nearest integer, halves to the even one."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x.rounded(.toNearestOrEven) }
}
