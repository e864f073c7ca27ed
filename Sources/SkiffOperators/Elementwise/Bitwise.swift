import SkiffBinary
import SkiffIR

/// An operator that combines the bits of two tensors of integers, with broadcasting.
package protocol BitwiseOperator: ReferenceKernel, PlacewiseOperator {
  /// The function on integers that hold the bits of the data type, signed ones with their sign extended.
  func apply(_ a: Int, _ b: Int, bits: Int) -> Int
}

extension BitwiseOperator {
  public static var operands: [Operand] { [.required("a"), .required("b")] }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (a, b) = (try context.type(0), try context.type(1))
    guard a.dataType == b.dataType, a.dataType.isInteger else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(a.dataType.rawValue) and \(b.dataType.rawValue)")
    }
    return [TensorType(a.dataType, try Broadcasting.shape(of: [a.shape, b.shape]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (a, b) = (try inputs.required(0), try inputs.required(1))
    let plan = try BroadcastPlan(a.shape, b.shape)
    let bits = a.dataType.bitWidth
    let result = plan.combine(try a.plainIntegers(), try b.plainIntegers()) { apply($0, $1, bits: bits) }
    return [try Tensor(integers: result, as: a.dataType, shape: plan.sizes)]
  }
}

/// The bits that are set in both.
public struct BitwiseAnd: BitwiseOperator {
  public static let name = "BitwiseAnd"
  public static let summary = "The bits that are set in both."

  /// Creates the operator.
  public init() {}

  package func apply(_ a: Int, _ b: Int, bits: Int) -> Int { a & b }
}

/// The bits that are set in any.
public struct BitwiseOr: BitwiseOperator {
  public static let name = "BitwiseOr"
  public static let summary = "The bits that are set in any."

  /// Creates the operator.
  public init() {}

  package func apply(_ a: Int, _ b: Int, bits: Int) -> Int { a | b }
}

/// The bits that are set in just one.
public struct BitwiseXor: BitwiseOperator {
  public static let name = "BitwiseXor"
  public static let summary = "The bits that are set in just one."

  /// Creates the operator.
  public init() {}

  package func apply(_ a: Int, _ b: Int, bits: Int) -> Int { a ^ b }
}

/// The bits of `a` moved by `b` places; what leaves the data type is lost.
///
/// To the right, signed integers keep their sign. A shift by the width or more leaves 0, or −1 of a negative
/// number moved right.
public struct BitShift: BitwiseOperator {
  public static let name = "BitShift"
  public static let summary = "The bits of a moved by b places."
  public static let attributes = [
    Attribute<BitShift>("movesLeft", \.movesLeft, "Whether the bits move to higher places.")
  ]

  /// Whether the bits move to higher places.
  public var movesLeft = true

  /// Creates the operator.
  public init() {}

  package func apply(_ a: Int, _ b: Int, bits: Int) -> Int {
    let places = b < 0 ? bits : b
    return movesLeft ? (places >= bits ? 0 : a << places) : a >> places
  }
}

/// Each bit inverted.
public struct BitwiseNot: ReferenceKernel {
  public static let name = "BitwiseNot"
  public static let summary = "Each bit inverted."
  public static let operands: [Operand] = [.required("input")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.dataType.isInteger else {
      throw ModelError(.invalidGraph, "BitwiseNot of \(type.dataType.rawValue)")
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    return [
      try Tensor(integers: input.plainIntegers().map { ~$0 }, as: input.dataType, shape: input.shape)
    ]
  }
}
