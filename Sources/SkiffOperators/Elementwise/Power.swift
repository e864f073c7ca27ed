import SkiffBinary
import SkiffIR

/// `a` to the power of `b`, in the type of `a`; the exponent may have another.
///
/// Integers are computed in double precision and truncated.
public struct Power: ReferenceKernel {
  public static let name = "Power"
  public static let summary = "a to the power of b, with broadcasting, in the type of a."
  public static let operands: [Operand] = [.required("a"), .required("b")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (a, b) = (try context.type(0), try context.type(1))
    guard [a, b].allSatisfy({ $0.dataType.isFloatingPoint || $0.dataType.isInteger }) else {
      throw ModelError(.invalidGraph, "Power of \(a.dataType.rawValue) and \(b.dataType.rawValue)")
    }
    return [TensorType(a.dataType, try Broadcasting.shape(of: [a.shape, b.shape]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (a, b) = (try inputs.required(0), try inputs.required(1))
    let plan = try BroadcastPlan(a.shape, b.shape)
    if a.dataType.isFloatingPoint, a.dataType != .float64, b.dataType != .float64 {
      // Squares, the common case, are one rounding away from the exact result.
      let result = plan.combine(try a.floats(), try b.floats()) { x, y in
        y == 2 ? x * x : Float.power(x, y)
      }
      return [try Tensor(floats: result, as: a.dataType, shape: plan.sizes)]
    }
    let result = plan.combine(try a.doubles(), try b.doubles()) { Double.power($0, $1) }
    return [try Tensor(result, shape: plan.sizes).cast(to: a.dataType)]
  }
}
