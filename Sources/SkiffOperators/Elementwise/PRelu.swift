import SkiffBinary
import SkiffIR

/// `x` where it is positive, `slope · x` elsewhere; the slope broadcasts to the shape of the input.
public struct PRelu: ReferenceKernel {
  public static let name = "PRelu"
  public static let summary = "x where it is positive, slope · x elsewhere."
  public static let operands: [Operand] = [.required("input"), .required("slope")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, slope) = (try context.type(0), try context.type(1))
    let joined = try Broadcasting.shape(of: [input.shape, slope.shape])
    guard joined.isCompatible(with: input.shape) else {
      throw ModelError(.invalidGraph, "a slope \(slope.shape) for an input \(input.shape)")
    }
    return [TensorType(input.dataType, input.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, slope) = (try inputs.required(0), try inputs.required(1))
    let plan = try BroadcastPlan(input.shape, slope.shape)
    guard plan.sizes == input.shape else {
      throw ModelError(.invalidGraph, "a slope \(Shape(slope.shape)) for an input \(Shape(input.shape))")
    }
    if input.dataType == .float64 {
      let result = plan.combine(try input.doubles(), try slope.doubles()) { $0 < 0 ? $0 * $1 : $0 }
      return [Tensor(result, shape: input.shape)]
    }
    let result = plan.combine(try input.floats(), try slope.floats()) { $0 < 0 ? $0 * $1 : $0 }
    return [try Tensor(floats: result, as: input.dataType, shape: input.shape)]
  }
}
