import SkiffBinary
import SkiffIR

/// An operator that combines two tensors element by element, with broadcasting.
package protocol BinaryOperator: ReferenceKernel {
  /// The function on floating point numbers.
  func apply(_ a: Float, _ b: Float) -> Float
  /// The function on double precision numbers.
  func apply(_ a: Double, _ b: Double) -> Double
  /// The function on integers; results wrap around to the data type.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if there is none, for example a division by zero.
  func apply(_ a: Int, _ b: Int) throws(ModelError) -> Int
  /// The clamp applied to floating point results.
  var activation: FusedActivation { get }
}

extension BinaryOperator {
  public static var operands: [Operand] { [.required("a"), .required("b")] }
  public var activation: FusedActivation { .none }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (a, b) = (try context.type(0), try context.type(1))
    guard a.dataType == b.dataType else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(a.dataType.rawValue) and \(b.dataType.rawValue)")
    }
    return [TensorType(a.dataType, try Broadcasting.shape(of: [a.shape, b.shape]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (a, b) = (try inputs.required(0), try inputs.required(1))
    let sizes = try Broadcasting.sizes(of: [a.shape, b.shape])
    if a.dataType == .float64 {
      let pairs = zip(
        Broadcasting.expand(try a.doubles(), a.shape, to: sizes),
        Broadcasting.expand(try b.doubles(), b.shape, to: sizes))
      return [Tensor(pairs.map { apply($0, $1) as Double }, shape: sizes)]
    }
    if a.dataType.isFloatingPoint {
      let pairs = zip(
        Broadcasting.expand(try a.floats(), a.shape, to: sizes),
        Broadcasting.expand(try b.floats(), b.shape, to: sizes))
      return [
        try Tensor(floats: pairs.map { activation(apply($0, $1) as Float) }, as: a.dataType, shape: sizes)
      ]
    }
    let left = Broadcasting.expand(try a.integers(), a.shape, to: sizes)
    let right = Broadcasting.expand(try b.integers(), b.shape, to: sizes)
    var result: [Int] = []
    result.reserveCapacity(left.count)
    for index in left.indices { result.append(try apply(left[index], right[index])) }
    return [try Tensor(integers: result, as: a.dataType, shape: sizes)]
  }
}
