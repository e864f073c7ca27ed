import SkiffBinary
import SkiffIR

/// `x` where it is positive, `alpha · x` elsewhere.
public struct LeakyRelu: UnaryOperator {
  public static let name = "LeakyRelu"
  public static let summary = "x where it is positive, alpha · x elsewhere."
  public static let attributes = [Attribute<LeakyRelu>("alpha", \.alpha, "The slope below zero.")]

  /// The slope below zero.
  public var alpha: Float = 0.01

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x < 0 ? Real(alpha) * x : x }
}

/// `x` where it is positive, `alpha · (e^x − 1)` elsewhere.
public struct Elu: UnaryOperator {
  public static let name = "Elu"
  public static let summary = "x where it is positive, alpha · (e^x - 1) elsewhere."
  public static let attributes = [Attribute<Elu>("alpha", \.alpha, "The factor below zero.")]

  /// The factor below zero.
  public var alpha: Float = 1

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real {
    x < 0 ? Real(alpha) * Real.exponentialMinusOne(x) : x
  }
}

/// `gamma · x` where x is positive, `gamma · alpha · (e^x − 1)` elsewhere.
///
/// The defaults are those of Klambauer and others, "Self-Normalizing Neural Networks" (2017), in float32.
public struct Selu: UnaryOperator {
  public static let name = "Selu"
  public static let summary = "gamma · x where x is positive, gamma · alpha · (e^x - 1) elsewhere."
  public static let attributes = [
    Attribute<Selu>("alpha", \.alpha, "The factor below zero."),
    Attribute<Selu>("gamma", \.gamma, "The factor of everything."),
  ]

  /// The factor below zero.
  public var alpha: Float = 1.673_263_2
  /// The factor of everything.
  public var gamma: Float = 1.050_701

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real {
    Real(gamma) * (x < 0 ? Real(alpha) * Real.exponentialMinusOne(x) : x)
  }
}

/// `max(x, 0) + min(0, alpha · (e^(x/alpha) − 1))`.
public struct Celu: UnaryOperator {
  public static let name = "Celu"
  public static let summary = "max(x, 0) + min(0, alpha · (e^(x/alpha) - 1))."
  public static let attributes = [Attribute<Celu>("alpha", \.alpha, "The scale below zero.")]

  /// The scale below zero, other than 0.
  public var alpha: Float = 1

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real {
    guard !x.isNaN else { return x }
    let alpha = Real(alpha)
    return max(x, 0) + min(0, alpha * Real.exponentialMinusOne(x / alpha))
  }
}

/// How the Gaussian distribution in ``Gelu`` is computed.
public enum GeluApproximation: String, AttributeEnumeration, CaseIterable {
  /// With the error function.
  case none
  /// With the hyperbolic tangent.
  case tanh
}

/// `x · Φ(x)` with the Gaussian distribution Φ, after Hendrycks and Gimpel (2016).
///
/// Exactly `x/2 · (1 + erf(x/√2))`, or approximately `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`.
public struct Gelu: UnaryOperator {
  public static let name = "Gelu"
  public static let summary = "x · Φ(x) with the Gaussian distribution Φ."
  public static let attributes = [
    Attribute<Gelu>("approximation", \.approximation, "How the distribution is computed.")
  ]

  /// How the distribution is computed.
  public var approximation = GeluApproximation.none

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real {
    switch approximation {
    case .none:
      return x / 2 * Real.complementaryErrorFunction(-x * Real(0.5).squareRoot())
    case .tanh:
      let inner = Real(0.797_884_560_802_865_4) * (x + Real(0.044715) * x * x * x)
      return x / 2 * (1 + Real.hyperbolicTangent(inner))
    }
  }
}

/// `clamp(alpha · x + beta, 0, 1)`.
public struct HardSigmoid: UnaryOperator {
  public static let name = "HardSigmoid"
  public static let summary = "clamp(alpha · x + beta, 0, 1)."
  public static let attributes = [
    Attribute<HardSigmoid>("alpha", \.alpha, "The slope."),
    Attribute<HardSigmoid>("beta", \.beta, "The value at zero."),
  ]

  /// The slope.
  public var alpha: Float = 0.2
  /// The value at zero.
  public var beta: Float = 0.5

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real {
    x.isNaN ? x : max(0, min(1, Real(alpha) * x + Real(beta)))
  }
}

/// `x` where it is above `alpha`, 0 elsewhere.
public struct ThresholdedRelu: UnaryOperator {
  public static let name = "ThresholdedRelu"
  public static let summary = "x where it is above alpha, 0 elsewhere."
  public static let attributes = [Attribute<ThresholdedRelu>("alpha", \.alpha, "The threshold.")]

  /// The threshold.
  public var alpha: Float = 1

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x > Real(alpha) ? x : 0 }
}
