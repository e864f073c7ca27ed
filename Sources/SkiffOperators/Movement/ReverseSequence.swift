import SkiffBinary
import SkiffIR

/// The first elements of each sequence in reverse order, as many as its length says; the rest stays.
public struct ReverseSequence: ReferenceKernel {
  public static let name = "ReverseSequence"
  public static let summary =
    "The first elements of each sequence in reverse order, as many as its length says."
  public static let operands: [Operand] = [.required("input"), .required("lengths")]
  public static let attributes = [
    Attribute<ReverseSequence>("timeAxis", \.timeAxis, "The axis along which sequences run."),
    Attribute<ReverseSequence>("batchAxis", \.batchAxis, "The axis along which there is a length for each."),
  ]

  /// The axis along which sequences run; negative ones count from behind.
  public var timeAxis = 0
  /// The axis along which there is a length for each; negative ones count from behind.
  public var batchAxis = 1

  /// Creates an operator for sequences along the first axis.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (type, lengths) = (try context.type(0), try context.type(1))
    let batch = try normalizedAxis(batchAxis, rank: type.rank)
    guard try normalizedAxis(timeAxis, rank: type.rank) != batch, lengths.dataType.isInteger,
      lengths.shape.isCompatible(with: Shape([type.shape[batch]]))
    else { throw ModelError(.invalidGraph, "lengths \(lengths) for \(type)") }
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let lengths = try inputs.required(1).integers()
    let time = try normalizedAxis(timeAxis, rank: input.rank)
    let batch = try normalizedAxis(batchAxis, rank: input.rank)
    let steps = input.shape[time]
    guard lengths.count == input.shape[batch], lengths.allSatisfy({ $0 >= 0 && $0 <= steps }) else {
      throw ModelError(.invalidGraph, "lengths of sequences of \(steps) steps")
    }
    let strides = Tensor.strides(of: input.shape)
    let offsets = (0..<input.count).map { offset in
      let length = lengths[offset / strides[batch] % input.shape[batch]]
      let step = offset / strides[time] % steps
      return step < length ? offset + (length - 1 - 2 * step) * strides[time] : offset
    }
    return [try input.selecting(offsets, shape: input.shape)]
  }
}
