import SkiffBinary
import SkiffIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `max(x, 0)`.
public struct Relu: UnaryOperator {
  public static let name = "Relu"
  public static let summary = "max(x, 0)."

  /// Creates the operator.
  public init() {}

  package func apply(_ x: Float) -> Float { x < 0 ? 0 : x }
}

/// The logistic function `1 / (1 + e^−x)`.
public struct Sigmoid: UnaryOperator {
  public static let name = "Sigmoid"
  public static let summary = "1 / (1 + e^-x)."

  /// Creates the operator.
  public init() {}

  package func apply(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
}

/// The hyperbolic tangent.
public struct Tanh: UnaryOperator {
  public static let name = "Tanh"
  public static let summary = "The hyperbolic tangent."

  /// Creates the operator.
  public init() {}

  package func apply(_ x: Float) -> Float { tanhf(x) }
}
