import SkiffBinary
import SkiffIR

/// An operator that combines two tensors of truth values element by element, with broadcasting.
package protocol LogicalOperator: ReferenceKernel, PlacewiseOperator {
  /// The function.
  func apply(_ a: Bool, _ b: Bool) -> Bool
}

extension LogicalOperator {
  public static var operands: [Operand] { [.required("a"), .required("b")] }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (a, b) = (try context.type(0), try context.type(1))
    guard a.dataType == .boolean, b.dataType == .boolean else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(a.dataType.rawValue) and \(b.dataType.rawValue)")
    }
    return [TensorType(.boolean, try Broadcasting.shape(of: [a.shape, b.shape]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (a, b) = (try inputs.required(0), try inputs.required(1))
    let plan = try BroadcastPlan(a.shape, b.shape)
    let result = plan.combine(try a.integers(), try b.integers()) { apply($0 != 0, $1 != 0) }
    return [Tensor(result, shape: plan.sizes)]
  }
}

/// Whether both of two truth values hold.
public struct And: LogicalOperator {
  public static let name = "And"
  public static let summary = "Whether both of two truth values hold."

  /// Creates the operator.
  public init() {}

  package func apply(_ a: Bool, _ b: Bool) -> Bool { a && b }
}

/// Whether any of two truth values holds.
public struct Or: LogicalOperator {
  public static let name = "Or"
  public static let summary = "Whether any of two truth values holds."

  /// Creates the operator.
  public init() {}

  package func apply(_ a: Bool, _ b: Bool) -> Bool { a || b }
}

/// Whether just one of two truth values holds.
public struct Xor: LogicalOperator {
  public static let name = "Xor"
  public static let summary = "Whether just one of two truth values holds."

  /// Creates the operator.
  public init() {}

  package func apply(_ a: Bool, _ b: Bool) -> Bool { a != b }
}

/// The opposite of each truth value.
public struct Not: ReferenceKernel {
  public static let name = "Not"
  public static let summary = "The opposite of each truth value."
  public static let operands: [Operand] = [.required("input")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.dataType == .boolean else {
      throw ModelError(.invalidGraph, "Not of \(type.dataType.rawValue)")
    }
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    return [Tensor(try input.integers().map { $0 == 0 }, shape: input.shape)]
  }
}
