import SkiffBinary
import SkiffIR

/// The absolute value; the least integer of a signed type stays as it is.
public struct Abs: IntegerUnaryOperator {
  public static let name = "Abs"
  public static let summary = "The absolute value."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { abs(x) }
  package func apply(_ x: Int) -> Int { x < 0 ? 0 &- x : x }
}

/// `−x`; the least integer of a signed type stays as it is.
public struct Negate: IntegerUnaryOperator, ShapeArithmetic {
  public static let name = "Negate"
  public static let summary = "-x."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { -x }
  package func apply(_ x: Int) -> Int { 0 &- x }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    context.knownElements(0)?.map { $0 * .fixed(-1) }
  }
}

/// −1, 0 or 1 as x is negative, zero or positive; not-a-number stays one.
public struct Sign: IntegerUnaryOperator {
  public static let name = "Sign"
  public static let summary = "-1, 0 or 1 as x is negative, zero or positive."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x > 0 ? 1 : x < 0 ? -1 : x }
  package func apply(_ x: Int) -> Int { x.signum() }
}

/// `x · x`.
public struct Square: IntegerUnaryOperator {
  public static let name = "Square"
  public static let summary = "x · x."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x * x }
  package func apply(_ x: Int) -> Int { x &* x }
}

/// `1 / x`.
public struct Reciprocal: UnaryOperator {
  public static let name = "Reciprocal"
  public static let summary = "1 / x."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { 1 / x }
}

/// The square root; not-a-number below zero.
public struct Sqrt: UnaryOperator {
  public static let name = "Sqrt"
  public static let summary = "The square root; not-a-number below zero."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { x.squareRoot() }
}

/// `1 / √x`.
public struct Rsqrt: UnaryOperator {
  public static let name = "Rsqrt"
  public static let summary = "1 / √x."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ x: Real) -> Real { 1 / x.squareRoot() }
}
