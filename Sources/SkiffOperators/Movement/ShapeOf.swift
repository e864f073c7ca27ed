import SkiffBinary
import SkiffIR

/// The sizes of a tensor, those from `start` up to but not including `end`.
public struct ShapeOf: RealNumberBoundary, ShapeArithmetic {
  public static let name = "ShapeOf"
  public static let summary = "The sizes of a tensor."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<ShapeOf>("start", \.start, "The first axis."),
    Attribute<ShapeOf>("end", \.end, "The axis behind the last, none for all."),
    Attribute<ShapeOf>("dataType", \.dataType, "The type of the sizes."),
  ]

  /// The first axis; negative ones count from behind, and those outside are clamped.
  public var start = 0
  /// The axis behind the last, likewise; nil for all.
  public var end: Int?
  /// The type of the sizes.
  public var dataType = DataType.int64

  /// Creates an operator for all sizes in int64.
  public init() {}

  /// The axes whose sizes are given.
  package func axes(rank: Int) -> Range<Int> {
    func clamped(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
    let first = clamped(start)
    return first..<max(first, clamped(end ?? rank))
  }

  private func dimensions(_ shape: Shape) -> ArraySlice<Shape.Dimension> {
    shape.dimensions[axes(rank: shape.rank)]
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [TensorType(dataType, Shape([dimensions(try context.type(0).shape).count]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let sizes = dimensions(Shape(try inputs.required(0).shape)).compactMap(\.fixed)
    return [try Tensor(integers: sizes, as: dataType, shape: [sizes.count])]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    context.optionalType(0).map { Array(dimensions($0.shape)) }
  }
}

/// The number of elements of a tensor.
public struct SizeOf: RealNumberBoundary, ShapeArithmetic {
  public static let name = "SizeOf"
  public static let summary = "The number of elements of a tensor."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<SizeOf>("dataType", \.dataType, "The type of the number.")
  ]

  /// The type of the number.
  public var dataType = DataType.int64

  /// Creates an operator that counts in int64.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    _ = try context.type(0)
    return [TensorType(dataType, .scalar)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    [try Tensor(integers: [inputs.required(0).count], as: dataType, shape: [])]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    context.optionalType(0).map { [$0.shape.dimensions.reduce(.fixed(1)) { $0 * $1 }] }
  }
}
