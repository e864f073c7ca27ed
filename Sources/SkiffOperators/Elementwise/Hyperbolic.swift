import SkiffBinary
import SkiffIR

/// The hyperbolic sine.
public struct Sinh: UnaryOperator {
  public static let name = "Sinh"
  public static let summary = "The hyperbolic sine."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.hyperbolicSine(x) }
}

/// The hyperbolic cosine.
public struct Cosh: UnaryOperator {
  public static let name = "Cosh"
  public static let summary = "The hyperbolic cosine."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.hyperbolicCosine(x) }
}

/// The hyperbolic tangent.
public struct Tanh: UnaryOperator {
  public static let name = "Tanh"
  public static let summary = "The hyperbolic tangent."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.hyperbolicTangent(x) }
}

/// The inverse hyperbolic sine.
public struct Asinh: UnaryOperator {
  public static let name = "Asinh"
  public static let summary = "The inverse hyperbolic sine."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.inverseHyperbolicSine(x) }
}

/// The inverse hyperbolic cosine, at least 0.
public struct Acosh: UnaryOperator {
  public static let name = "Acosh"
  public static let summary = "The inverse hyperbolic cosine, at least 0."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.inverseHyperbolicCosine(x) }
}

/// The inverse hyperbolic tangent.
public struct Atanh: UnaryOperator {
  public static let name = "Atanh"
  public static let summary = "The inverse hyperbolic tangent."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.inverseHyperbolicTangent(x) }
}
