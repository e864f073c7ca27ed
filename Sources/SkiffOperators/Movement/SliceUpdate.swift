import SkiffBinary
import SkiffIR

/// The data with a part of it replaced, which begins where an operand says.
///
/// Shapes: data `[d…]`, update `[u…]` of the same rank and no larger, starts `[rank]`. A start that would push the part beyond
/// the data is moved back.
public struct SliceUpdate: ReferenceKernel {
  public static let name = "SliceUpdate"
  public static let summary = "The data with a part of it replaced, which begins where an operand says."
  public static let operands: [Operand] = [.required("data"), .required("update"), .required("starts")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (data, update, starts) = (try context.type(0), try context.type(1), try context.type(2))
    guard update.dataType == data.dataType, update.rank == data.rank, starts.dataType.isInteger,
      starts.shape.elementCount ?? data.rank == data.rank
    else { throw ModelError(.invalidGraph, "\(update) at \(starts) of \(data)") }
    return [data]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (data, update) = (try inputs.required(0), try inputs.required(1))
    let starts = try inputs.required(2).integers()
    guard starts.count == data.rank, update.rank == data.rank, update.dataType == data.dataType,
      zip(update.shape, data.shape).allSatisfy({ $0 <= $1 }), data.dataType.bitWidth % 8 == 0
    else { throw ModelError(.invalidGraph, "\(update.type) at \(starts) of \(data.type)") }
    let strides = Tensor.strides(of: data.shape)
    let places = starts.indices.map { axis in
      let first = min(max(starts[axis], 0), data.shape[axis] - update.shape[axis])
      return Array(first..<first + update.shape[axis])
    }
    let width = data.dataType.bitWidth / 8
    let targets = combinedOffsets(places, strides: strides)
    let bytes = data.bytes.withBytes { old in
      update.bytes.withBytes { new in
        ByteRegion(count: old.count) { result in
          result.copyBytes(from: old)
          for (source, target) in targets.enumerated() {
            for byte in 0..<width { result[target * width + byte] = new[source * width + byte] }
          }
        }
      }
    }
    return [
      try Tensor(data.dataType, shape: data.shape, quantization: data.quantization, bytes: bytes)
    ]
  }
}
