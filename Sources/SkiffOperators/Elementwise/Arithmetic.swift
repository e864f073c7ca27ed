import SkiffBinary
import SkiffIR

/// The sum of two tensors.
public struct Add: BinaryOperator, ShapeArithmetic {
  public static let name = "Add"
  public static let summary = "a + b, with broadcasting."
  public static let attributes = [Attribute<Add>("activation", \.activation, "The clamp of the sum.")]

  /// The clamp of the sum.
  public var activation = FusedActivation.none

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { a + b }
  package func apply(_ a: Int, _ b: Int) -> Int { a &+ b }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    activation == .none ? context.combining(+) : nil
  }
}

/// The difference of two tensors.
public struct Subtract: BinaryOperator, ShapeArithmetic {
  public static let name = "Subtract"
  public static let summary = "a - b, with broadcasting."
  public static let attributes = [
    Attribute<Subtract>("activation", \.activation, "The clamp of the difference.")
  ]

  /// The clamp of the difference.
  public var activation = FusedActivation.none

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { a - b }
  package func apply(_ a: Int, _ b: Int) -> Int { a &- b }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    activation == .none ? context.combining(-) : nil
  }
}

/// The product of two tensors.
public struct Multiply: BinaryOperator, ShapeArithmetic {
  public static let name = "Multiply"
  public static let summary = "a · b, with broadcasting."
  public static let attributes = [
    Attribute<Multiply>("activation", \.activation, "The clamp of the product.")
  ]

  /// The clamp of the product.
  public var activation = FusedActivation.none

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { a * b }
  package func apply(_ a: Int, _ b: Int) -> Int { a &* b }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    activation == .none ? context.combining(*) : nil
  }
}

/// The quotient of two tensors; integers are divided towards zero.
public struct Divide: BinaryOperator, ShapeArithmetic {
  public static let name = "Divide"
  public static let summary = "a / b, with broadcasting; integers are divided towards zero."
  public static let attributes = [Attribute<Divide>("activation", \.activation, "The clamp of the quotient.")]

  /// The clamp of the quotient.
  public var activation = FusedActivation.none

  /// Creates the operator.
  public init() {}

  package func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real { a / b }
  package func apply(_ a: Int, _ b: Int) throws(ModelError) -> Int {
    guard b != 0 else { throw ModelError(.invalidGraph, "an integer is divided by zero") }
    return a.dividedReportingOverflow(by: b).partialValue
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard activation == .none else { return nil }
    return context.combining { a, b in
      guard let divisor = b.fixed, divisor > 0 else { return .unknown }
      if let dividend = a.fixed { return .fixed(dividend / divisor) }
      return a / divisor
    }
  }
}

extension InferenceContext {
  /// The known elements of both operands combined, where both are there and at least one is a scalar or the
  /// counts agree; if operands with the same count have different shapes, the result has more elements than this.
  package func combining(
    _ operation: (Shape.Dimension, Shape.Dimension) -> Shape.Dimension
  ) -> [Shape.Dimension]? {
    guard let a = knownElements(0), let b = knownElements(1) else { return nil }
    if a.count == b.count { return zip(a, b).map(operation) }
    if a.count == 1 { return b.map { operation(a[0], $0) } }
    return b.count == 1 ? a.map { operation($0, b[0]) } : nil
  }
}
