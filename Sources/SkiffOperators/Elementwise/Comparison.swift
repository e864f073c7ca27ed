import SkiffBinary
import SkiffIR

/// An operator that compares two tensors element by element, with broadcasting; its results are truth values.
package protocol ComparisonOperator: ReferenceKernel, PlacewiseOperator {
  /// The comparison; truth values are compared as 0 and 1.
  func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool
}

extension ComparisonOperator {
  public static var operands: [Operand] { [.required("a"), .required("b")] }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (a, b) = (try context.type(0), try context.type(1))
    guard a.dataType == b.dataType else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(a.dataType.rawValue) and \(b.dataType.rawValue)")
    }
    return [TensorType(.boolean, try Broadcasting.shape(of: [a.shape, b.shape]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (a, b) = (try inputs.required(0), try inputs.required(1))
    let plan = try BroadcastPlan(a.shape, b.shape)
    if a.dataType == .float64 {
      return [Tensor(plan.combine(try a.doubles(), try b.doubles()) { holds($0, $1) }, shape: plan.sizes)]
    }
    if a.dataType.isFloatingPoint {
      return [Tensor(plan.combine(try a.floats(), try b.floats()) { holds($0, $1) }, shape: plan.sizes)]
    }
    let (left, right) = (try a.plainIntegers(), try b.plainIntegers())
    return [Tensor(plan.combine(left, right) { holds($0, $1) }, shape: plan.sizes)]
  }
}

/// Whether `a = b`.
public struct Equal: ComparisonOperator {
  public static let name = "Equal"
  public static let summary = "Whether a = b, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a == b }
}

/// Whether `a ≠ b`.
public struct NotEqual: ComparisonOperator {
  public static let name = "NotEqual"
  public static let summary = "Whether a ≠ b, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a != b }
}

/// Whether `a < b`.
public struct Less: ComparisonOperator {
  public static let name = "Less"
  public static let summary = "Whether a < b, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a < b }
}

/// Whether `a ≤ b`.
public struct LessOrEqual: ComparisonOperator {
  public static let name = "LessOrEqual"
  public static let summary = "Whether a ≤ b, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a <= b }
}

/// Whether `a > b`.
public struct Greater: ComparisonOperator {
  public static let name = "Greater"
  public static let summary = "Whether a > b, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a > b }
}

/// Whether `a ≥ b`.
public struct GreaterOrEqual: ComparisonOperator {
  public static let name = "GreaterOrEqual"
  public static let summary = "Whether a ≥ b, with broadcasting."

  /// Creates the operator.
  public init() {}

  package func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a >= b }
}
