import SkiffBinary
import SkiffIR

/// What is left of a division: `a − b · ⌊a/b⌋`, or with the quotient truncated.
///
/// Floored, the result has the sign of the divisor, as in Python; truncated, that of the dividend, as `fmod` in
/// C has it.
public struct Modulo: BinaryOperator {
  public static let name = "Modulo"
  public static let summary = "What is left of a division, with broadcasting."
  public static let attributes = [
    Attribute<Modulo>("truncates", \.truncates, "Whether the quotient is truncated rather than floored.")
  ]

  /// Whether the quotient is truncated rather than floored.
  public var truncates = false

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real {
    let rest = a.truncatingRemainder(dividingBy: b)
    return truncates || rest == 0 || (rest < 0) == (b < 0) ? rest : rest + b
  }

  package func apply(_ a: Int, _ b: Int) throws(ModelError) -> Int {
    guard b != 0 else { throw ModelError(.invalidGraph, "an integer is divided by zero") }
    let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
    return truncates || rest == 0 || (rest < 0) == (b < 0) ? rest : rest + b
  }
}

/// The quotient rounded towards minus infinity.
public struct FloorDivide: BinaryOperator, ShapeArithmetic {
  public static let name = "FloorDivide"
  public static let summary = "⌊a/b⌋, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { (a / b).rounded(.down) }

  package func apply(_ a: Int, _ b: Int) throws(ModelError) -> Int {
    guard b != 0 else { throw ModelError(.invalidGraph, "an integer is divided by zero") }
    let (quotient, overflow) = a.dividedReportingOverflow(by: b)
    guard !overflow else { return a }
    let rest = a % b
    return rest != 0 && (rest < 0) != (b < 0) ? quotient - 1 : quotient
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    context.combining { a, b in
      guard let divisor = b.fixed, divisor > 0 else { return .unknown }
      return a / divisor
    }
  }
}
