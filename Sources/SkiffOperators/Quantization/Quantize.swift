import SkiffBinary
import SkiffIR

/// Turns real numbers into the integers that stand for them, or integers into those of other parameters.
///
/// The parameters are those of the result's type.
public struct Quantize: Operator {
  public static let name = "Quantize"
  public static let summary =
    "Turns real numbers, or integers that stand for them, into integers of other parameters."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<Quantize>] = [
    Attribute("dataType", \.dataType, "The integer type of the result.")
  ]

  /// The integer type of the result.
  public var dataType = DataType.int8

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [TensorType(dataType, try context.type(0).shape)]
  }
}

/// Turns integers into the real numbers that they stand for: `(q − zeroPoint) · scale`.
public struct Dequantize: RealNumberBoundary {
  public static let name = "Dequantize"
  public static let summary = "Turns integers into the real numbers that they stand for."
  public static let operands: [Operand] = [.required("input")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [TensorType(.float32, try context.type(0).shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    [try inputs.required(0).dequantized()]
  }
}

extension Dequantize {
  /// The real numbers that a constant stands for, as a constant; 16-bit floats are only cast when they are read.
  package func realized(_ constant: Constant) throws(ModelError) -> Constant {
    constant.type.dataType.isFloatingPoint
      ? try constant.transformed(by: .cast(.float32)) : Constant(try evaluate([constant.materialize()])[0])
  }
}
