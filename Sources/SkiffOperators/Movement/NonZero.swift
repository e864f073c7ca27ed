import SkiffBinary
import SkiffIR

/// The positions of all elements that are not zero, in order.
///
/// Shapes: input `[d…]`, result `[rank, n]` in int64: a row for each axis, a column for each element found.
public struct NonZero: ReferenceKernel {
  public static let name = "NonZero"
  public static let summary = "The positions of all elements that are not zero."
  public static let operands: [Operand] = [.required("input")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [TensorType(.int64, Shape([.fixed(try context.type(0).rank), .unknown]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let found = try input.cast(to: .boolean).integers().enumerated().filter { $0.element != 0 }.map(\.offset)
    let strides = Tensor.strides(of: input.shape)
    var positions: [Int64] = []
    positions.reserveCapacity(input.rank * found.count)
    for (stride, size) in zip(strides, input.shape) {
      for offset in found { positions.append(Int64(offset / stride % size)) }
    }
    return [Tensor(positions, shape: [input.rank, found.count])]
  }
}
