import SkiffBinary
import SkiffIR

/// An operator that asks something of each floating point element; its results are truth values.
package protocol PredicateOperator: ReferenceKernel, PlacewiseOperator {
  /// The question.
  func holds(_ x: Double) -> Bool
}

extension PredicateOperator {
  public static var operands: [Operand] { [.required("input")] }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.dataType.isFloatingPoint else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(type.dataType.rawValue)")
    }
    return [TensorType(.boolean, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    return [Tensor(try input.doubles().map { holds($0) }, shape: input.shape)]
  }
}

/// Whether an element is not a number.
public struct IsNaN: PredicateOperator {
  public static let name = "IsNaN"
  public static let summary = "Whether an element is not a number."

  /// Creates the operator.
  public init() {}

  package func holds(_ x: Double) -> Bool { x.isNaN }
}

/// Whether an element is infinite.
public struct IsInf: PredicateOperator {
  public static let name = "IsInf"
  public static let summary = "Whether an element is infinite."
  public static let attributes = [
    Attribute<IsInf>("detectsPositive", \.detectsPositive, "Whether plus infinity counts."),
    Attribute<IsInf>("detectsNegative", \.detectsNegative, "Whether minus infinity counts."),
  ]

  /// Whether plus infinity counts.
  public var detectsPositive = true
  /// Whether minus infinity counts.
  public var detectsNegative = true

  /// Creates the operator.
  public init() {}

  package func holds(_ x: Double) -> Bool {
    x.isInfinite && (x > 0 ? detectsPositive : detectsNegative)
  }
}
