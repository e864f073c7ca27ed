import SkiffBinary
import SkiffIR

/// `max(x, 0)`.
public struct Relu: IntegerUnaryOperator {
  public static let name = "Relu"
  public static let summary = "max(x, 0)."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x < 0 ? 0 : x }
  package func apply(_ x: Int) -> Int { max(x, 0) }
}

/// The logistic function `1 / (1 + e^−x)`.
public struct Sigmoid: UnaryOperator {
  public static let name = "Sigmoid"
  public static let summary = "1 / (1 + e^-x)."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { 1 / (1 + Real.exponential(-x)) }
}

/// `log(1 / (1 + e^−x))`, computed without overflow.
public struct LogSigmoid: UnaryOperator {
  public static let name = "LogSigmoid"
  public static let summary = "log(1 / (1 + e^-x))."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real {
    min(x, 0) - Real.logarithmOfOnePlus(Real.exponential(-abs(x)))
  }
}

/// `x · sigmoid(x)`, also called SiLU.
public struct Swish: UnaryOperator {
  public static let name = "Swish"
  public static let summary = "x · sigmoid(x), also called SiLU."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x / (1 + Real.exponential(-x)) }
}

/// `x · clamp(x/6 + 1/2, 0, 1)`.
public struct HardSwish: UnaryOperator {
  public static let name = "HardSwish"
  public static let summary = "x · clamp(x/6 + 1/2, 0, 1)."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x * max(0, min(1, x / 6 + 0.5)) }
}

/// `log(1 + e^x)`, computed without overflow.
public struct Softplus: UnaryOperator {
  public static let name = "Softplus"
  public static let summary = "log(1 + e^x)."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real {
    max(x, 0) + Real.logarithmOfOnePlus(Real.exponential(-abs(x)))
  }
}

/// `x / (1 + |x|)`.
public struct Softsign: UnaryOperator {
  public static let name = "Softsign"
  public static let summary = "x / (1 + |x|)."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x / (1 + abs(x)) }
}

/// `x · tanh(log(1 + e^x))`.
public struct Mish: UnaryOperator {
  public static let name = "Mish"
  public static let summary = "x · tanh(softplus(x))."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x * Real.hyperbolicTangent(Softplus().apply(x)) }
}
