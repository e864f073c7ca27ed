import SkiffBinary
import SkiffIR

/// Its operand unchanged; what dropout is once training is over.
public struct Identity: DataMovement, ShapeArithmetic {
  public static let name = "Identity"
  public static let summary = "Its operand unchanged."
  public static let operands: [Operand] = [.required("input")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [try context.type(0)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] { [try inputs.required(0)] }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? { context.knownElements(0) }
}
