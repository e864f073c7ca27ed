import SkiffBinary
import SkiffIR

/// Removes axes of size 1.
public struct Squeeze: DataMovement, ShapeArithmetic {
  public static let name = "Squeeze"
  public static let summary = "Removes axes of size 1."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<Squeeze>("axes", \.axes, "The axes; empty means all that are known to have size 1.")
  ]

  /// The axes, negative ones counted from behind; empty means all that are known to have size 1.
  public var axes: [Int] = []

  /// Creates the operator for all axes of size 1.
  public init() {}

  /// Creates the operator.
  public init(axes: [Int]) { self.axes = axes }

  private func remaining(_ shape: Shape) throws(ModelError) -> [Shape.Dimension] {
    let removed =
      axes.isEmpty
      ? shape.dimensions.indices.filter { shape[$0] == .fixed(1) }
      : try normalizedAxes(axes, rank: shape.rank)
    for axis in removed where shape[axis].fixed.map({ $0 != 1 }) ?? false {
      throw ModelError(.invalidGraph, "axis \(axis) of \(shape) is not of size 1")
    }
    return shape.dimensions.indices.filter { !removed.contains($0) }.map { shape[$0] }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let input = try context.type(0)
    return [
      TensorType(
        input.dataType, Shape(try remaining(input.shape)), quantization: input.quantization?.ofWholeTensor)
    ]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let shape = try remaining(Shape(input.shape)).compactMap(\.fixed)
    return [try input.quantized(with: input.quantization?.ofWholeTensor).reshaped(to: shape)]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? { context.knownElements(0) }
}

/// Inserts axes of size 1.
public struct Unsqueeze: DataMovement, ShapeArithmetic {
  public static let name = "Unsqueeze"
  public static let summary = "Inserts axes of size 1."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<Unsqueeze>("axes", \.axes, "The places of the new axes in the result.")
  ]

  /// The places of the new axes in the result, negative ones counted from behind.
  public var axes: [Int] = []

  /// Creates an operator that inserts nothing.
  public init() {}

  /// Creates the operator.
  public init(axes: [Int]) { self.axes = axes }

  private func extended(_ shape: Shape) throws(ModelError) -> [Shape.Dimension] {
    let inserted = try normalizedAxes(axes, rank: shape.rank + axes.count)
    var result = shape.dimensions
    for axis in inserted { result.insert(.fixed(1), at: axis) }
    return result
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let input = try context.type(0)
    return [
      TensorType(
        input.dataType, Shape(try extended(input.shape)), quantization: input.quantization?.ofWholeTensor)
    ]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let shape = try extended(Shape(input.shape)).compactMap(\.fixed)
    return [try input.quantized(with: input.quantization?.ofWholeTensor).reshaped(to: shape)]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? { context.knownElements(0) }
}
