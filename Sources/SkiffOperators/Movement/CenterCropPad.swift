import SkiffBinary
import SkiffIR

/// The middle of a tensor in given sizes, with zeros around where it is smaller.
///
/// The second operand has a size for each of the axes. An odd element more is cut or added at the end.
public struct CenterCropPad: ReferenceKernel {
  public static let name = "CenterCropPad"
  public static let summary = "The middle of a tensor in given sizes, with zeros around where it is smaller."
  public static let operands: [Operand] = [.required("input"), .required("sizes")]
  public static let attributes = [
    Attribute<CenterCropPad>("axes", \.axes, "The axes that the sizes are for; empty for all.")
  ]

  /// The axes that the sizes are for, in their order; negative ones count from behind, and empty means all.
  public var axes: [Int] = []

  /// Creates an operator for all axes.
  public init() {}

  private func changedAxes(rank: Int) throws(ModelError) -> [Int] {
    guard !axes.isEmpty else { return Array(0..<rank) }
    _ = try normalizedAxes(axes, rank: rank)
    return axes.map { $0 < 0 ? $0 + rank : $0 }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    let changed = try changedAxes(rank: type.rank)
    let sizes = context.knownElements(1) ?? [Shape.Dimension](repeating: .unknown, count: changed.count)
    guard sizes.count == changed.count, sizes.allSatisfy({ $0.fixed.map { $0 >= 0 } ?? true }) else {
      throw ModelError(.invalidGraph, "\(sizes.count) sizes for \(changed.count) axes")
    }
    for (axis, size) in zip(changed, sizes) { type.shape[axis] = size }
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let changed = try changedAxes(rank: input.rank)
    let sizes = try inputs.required(1).integers()
    guard sizes.count == changed.count else {
      throw ModelError(.invalidGraph, "\(sizes.count) sizes for \(changed.count) axes")
    }
    var shape = input.shape
    for (axis, size) in zip(changed, sizes) { shape[axis] = size }
    guard try checkedCount(shape, of: input.dataType) > 0 else {
      return [try Tensor.zeros(input.dataType, shape: shape)]
    }
    var positions: [[Int]] = []
    for (size, old) in zip(shape, input.shape) {
      let first = size > old ? -((size - old) / 2) : (old - size) / 2
      positions.append((first..<first + size).map { $0 >= 0 && $0 < old ? $0 : -1 })
    }
    let offsets = combinedOffsets(positions, strides: Tensor.strides(of: input.shape))
    let zero = try Tensor.zeros(input.dataType, shape: [])
    return [try input.selecting(offsets, shape: shape, otherwise: zero)]
  }
}
