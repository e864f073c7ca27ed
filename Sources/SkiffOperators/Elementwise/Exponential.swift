import SkiffBinary
import SkiffIR

/// e to the power of x.
public struct Exp: UnaryOperator {
  public static let name = "Exp"
  public static let summary = "e to the power of x."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.exponential(x) }
}

/// The natural logarithm.
public struct Log: UnaryOperator {
  public static let name = "Log"
  public static let summary = "The natural logarithm."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.logarithm(x) }
}

/// The error function 2/√π · ∫ e^(-t²) dt from 0 to x.
public struct Erf: UnaryOperator {
  public static let name = "Erf"
  public static let summary = "The error function 2/√π · ∫ e^(-t²) dt from 0 to x."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { Real.errorFunction(x) }
}
