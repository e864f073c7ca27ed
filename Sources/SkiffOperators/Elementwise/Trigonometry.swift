import SkiffBinary
import SkiffIR

/// The sine of an angle in radians.
public struct Sin: UnaryOperator {
  public static let name = "Sin"
  public static let summary = "The sine of an angle in radians."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.sine(x) }
}

/// The cosine of an angle in radians.
public struct Cos: UnaryOperator {
  public static let name = "Cos"
  public static let summary = "The cosine of an angle in radians."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.cosine(x) }
}

/// The tangent of an angle in radians.
public struct Tan: UnaryOperator {
  public static let name = "Tan"
  public static let summary = "The tangent of an angle in radians."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.tangent(x) }
}

/// The angle in radians whose sine is x, between -π/2 and π/2.
public struct Asin: UnaryOperator {
  public static let name = "Asin"
  public static let summary = "The angle in radians whose sine is x, between -π/2 and π/2."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.arcSine(x) }
}

/// The angle in radians whose cosine is x, between 0 and π.
public struct Acos: UnaryOperator {
  public static let name = "Acos"
  public static let summary = "The angle in radians whose cosine is x, between 0 and π."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.arcCosine(x) }
}

/// The angle in radians whose tangent is x, between -π/2 and π/2.
public struct Atan: UnaryOperator {
  public static let name = "Atan"
  public static let summary = "The angle in radians whose tangent is x, between -π/2 and π/2."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.arcTangent(x) }
}
