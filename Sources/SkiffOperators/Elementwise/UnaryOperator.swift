import SkiffBinary
import SkiffIR

/// An operator that maps each element of a floating point tensor on its own.
package protocol UnaryOperator: ReferenceKernel {
  /// The function, in float32; wider and narrower types are converted.
  func apply(_ x: Float) -> Float
}

extension UnaryOperator {
  public static var operands: [Operand] { [.required("input")] }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    return [try Tensor(floats: input.floats().map(apply), as: input.dataType, shape: input.shape)]
  }
}
