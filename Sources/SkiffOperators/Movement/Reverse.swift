import SkiffBinary
import SkiffIR

/// The elements in reverse order along some axes.
public struct Reverse: DataMovement, ShapeArithmetic {
  public static let name = "Reverse"
  public static let summary = "The elements in reverse order along some axes."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [Attribute<Reverse>("axes", \.axes, "The axes that are reversed.")]

  /// The axes that are reversed; negative ones count from behind.
  public var axes: [Int] = []

  /// Creates an operator that reverses nothing.
  public init() {}

  /// Creates the operator.
  public init(axes: [Int]) { self.axes = axes }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    _ = try normalizedAxes(axes, rank: type.rank)
    type.quantization = type.quantization?.ofWholeTensor
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    var strides = Tensor.strides(of: input.shape)
    var start = 0
    for axis in try normalizedAxes(axes, rank: input.rank) where input.shape[axis] > 0 {
      start += (input.shape[axis] - 1) * strides[axis]
      strides[axis] = -strides[axis]
    }
    return [
      try input.gathered(sizes: input.shape, strides: strides, start: start)
        .quantized(with: input.quantization?.ofWholeTensor)
    ]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    context.optionalType(0)?.rank == 1 && !axes.isEmpty ? context.knownElements(0)?.reversed() : nil
  }
}
