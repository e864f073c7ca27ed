import SkiffBinary
import SkiffIR

/// An operator that combines two tensors element by element, with broadcasting.
package protocol BinaryOperator: ReferenceKernel, PlacewiseOperator {
  /// The function on floating point numbers; types narrower than float32 are computed in it.
  func apply<Real: RealNumber>(_ a: Real, _ b: Real) -> Real
  /// The function on integers; results wrap around to the data type.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if there is none, for example for a division by zero.
  func apply(_ a: Int, _ b: Int) throws(ModelError) -> Int
  /// The clamp applied to floating point results.
  var activation: FusedActivation { get }
}

extension BinaryOperator {
  public static var operands: [Operand] { [.required("a"), .required("b")] }
  public var activation: FusedActivation { .none }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (a, b) = (try context.type(0), try context.type(1))
    guard a.dataType == b.dataType, a.dataType.isFloatingPoint || a.dataType.isInteger else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(a.dataType.rawValue) and \(b.dataType.rawValue)")
    }
    return [TensorType(a.dataType, try Broadcasting.shape(of: [a.shape, b.shape]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (a, b) = (try inputs.required(0), try inputs.required(1))
    let plan = try BroadcastPlan(a.shape, b.shape)
    if a.dataType == .float64 {
      let activation = activation
      let result = plan.combine(try a.doubles(), try b.doubles()) { activation(apply($0, $1)) }
      return [Tensor(result, shape: plan.sizes)]
    }
    if a.dataType.isFloatingPoint {
      let activation = activation
      let result = plan.combine(try a.floats(), try b.floats()) { activation(apply($0, $1)) }
      return [try Tensor(floats: result, as: a.dataType, shape: plan.sizes)]
    }
    let result = try plan.combine(try a.plainIntegers(), try b.plainIntegers()) {
      (x: Int, y: Int) throws(ModelError) -> Int in try apply(x, y)
    }
    let wrapped = try Tensor(integers: result, as: a.dataType, shape: plan.sizes)
    guard activation != .none else { return [wrapped] }
    let clamped = try wrapped.plainIntegers().map(activation.clamp)
    return [try Tensor(integers: clamped, as: a.dataType, shape: plan.sizes)]
  }
}
