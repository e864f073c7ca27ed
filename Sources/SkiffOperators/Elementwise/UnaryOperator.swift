import SkiffBinary
import SkiffIR

/// An operator that maps each element of a floating point tensor on its own.
package protocol UnaryOperator: ReferenceKernel, PlacewiseOperator {
  /// The function; types narrower than float32 are computed in it.
  func apply<Real: RealNumber>(_ x: Real) -> Real
}

/// A unary operator that exists on integers too.
package protocol IntegerUnaryOperator: UnaryOperator {
  /// The function on integers; results wrap around to the data type.
  func apply(_ x: Int) -> Int
}

extension UnaryOperator {
  public static var operands: [Operand] { [.required("input")] }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.dataType.isFloatingPoint || type.isQuantized else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(type.dataType.rawValue)")
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    [try mapReals(inputs.required(0))]
  }

  func mapReals(_ input: Tensor) throws(ModelError) -> Tensor {
    if input.dataType == .float64 {
      return Tensor(try input.doubles().map { apply($0) }, shape: input.shape)
    }
    return try Tensor(floats: input.floats().map { apply($0) }, as: input.dataType, shape: input.shape)
  }
}

extension IntegerUnaryOperator {
  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.dataType.isFloatingPoint || type.dataType.isInteger else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(type.dataType.rawValue)")
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.dataType.isInteger else { return [try mapReals(input)] }
    let integers = try input.plainIntegers().map { apply($0) }
    return [try Tensor(integers: integers, as: input.dataType, shape: input.shape)]
  }
}

extension Tensor {
  /// The integers of a tensor whose integers stand for themselves.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if they stand for real numbers, on which their sums mean nothing.
  package func plainIntegers() throws(ModelError) -> [Int] {
    guard quantization == nil else {
      throw ModelError(.unsupported, "plain arithmetic on quantized integers")
    }
    return try integers()
  }
}
