import SkiffBinary
import SkiffIR

/// A tensor repeated along its axes, as often as the operand `repeats` says for each.
public struct Tile: DataMovement, ShapeArithmetic {
  public static let name = "Tile"
  public static let summary = "A tensor repeated along its axes."
  public static let operands: [Operand] = [.required("input"), .required("repeats")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    type.quantization = type.quantization?.ofWholeTensor
    guard let repeats = context.knownElements(1) else {
      type.shape = Shape([Shape.Dimension](repeating: .unknown, count: type.rank))
      return [type]
    }
    guard repeats.count == type.rank, repeats.allSatisfy({ $0.fixed.map { $0 >= 0 } ?? true }) else {
      throw ModelError(.invalidGraph, "repeats of \(Shape(repeats)) for \(type.shape)")
    }
    type.shape = Shape(zip(type.shape.dimensions, repeats).map { $0 * $1 })
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let repeats = try inputs.required(1).integers()
    guard repeats.count == input.rank, repeats.allSatisfy({ $0 >= 0 }) else {
      throw ModelError(.invalidGraph, "repeats of \(repeats) for \(Shape(input.shape))")
    }
    var sizes: [Int] = []
    for (size, count) in zip(input.shape, repeats) {
      let (product, overflow) = size.multipliedReportingOverflow(by: count)
      guard !overflow else { throw ModelError(.limitExceeded, "the repeats are beyond any size") }
      sizes.append(product)
    }
    _ = try checkedCount(sizes, of: input.dataType)
    let positions = zip(sizes, input.shape).map { size, length in (0..<size).map { $0 % length } }
    return [
      try input.selecting(
        combinedOffsets(positions, strides: Tensor.strides(of: input.shape)), shape: sizes)
    ]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard let elements = context.knownElements(0), context.optionalType(0)?.rank == 1,
      let count = context.integers(1)?.first, count >= 0, count <= Constant.smallCount,
      elements.count * count <= Constant.smallCount
    else { return nil }
    return (0..<elements.count * count).map { elements[$0 % elements.count] }
  }
}

/// A tensor broadcast together with the shape that the second operand holds; also called BroadcastTo.
public struct Expand: DataMovement, ShapeArithmetic {
  public static let name = "Expand"
  public static let summary = "A tensor broadcast together with a given shape."
  public static let operands: [Operand] = [.required("input"), .required("shape")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    type.quantization = type.quantization?.ofWholeTensor
    if let wanted = context.knownElements(1) {
      guard wanted.allSatisfy({ $0.fixed.map { $0 >= 0 } ?? true }) else {
        throw ModelError(.invalidGraph, "a negative size in \(Shape(wanted))")
      }
      type.shape = try Broadcasting.shape(of: [type.shape, Shape(wanted)])
    } else {
      guard let rank = try context.type(1).shape.elementCount else {
        throw ModelError(.unsupported, "a shape whose rank is computed when the graph runs")
      }
      type.shape = try Shape(unknownOfRank: max(rank, type.rank))
    }
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let wanted = try inputs.required(1).integers()
    let sizes = try Broadcasting.sizes(of: [input.shape, wanted])
    _ = try checkedCount(sizes, of: input.dataType)
    return [
      try input.gathered(sizes: sizes, strides: Broadcasting.strides(of: input.shape, in: sizes), start: 0)
        .quantized(with: input.quantization?.ofWholeTensor)
    ]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard let elements = context.knownElements(0), let wanted = context.integers(1) else { return nil }
    if wanted.checkedProduct() == elements.count { return elements }
    guard elements.count == 1, wanted.count == 1, (0...Constant.smallCount).contains(wanted[0]) else {
      return nil
    }
    return [Shape.Dimension](repeating: elements[0], count: wanted[0])
  }
}
