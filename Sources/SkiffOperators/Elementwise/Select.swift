import SkiffBinary
import SkiffIR

/// The element of `a` where the condition holds, that of `b` elsewhere; all three broadcast.
public struct Select: ReferenceKernel, ShapeArithmetic {
  public static let name = "Select"
  public static let summary = "The element of a where the condition holds, that of b elsewhere."
  public static let operands: [Operand] = [.required("condition"), .required("a"), .required("b")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (condition, a, b) = (try context.type(0), try context.type(1), try context.type(2))
    guard condition.dataType == .boolean, a.dataType == b.dataType else {
      throw ModelError(
        .invalidGraph,
        "\(condition) does not choose between \(a.dataType.rawValue) and \(b.dataType.rawValue)")
    }
    let shape = try Broadcasting.shape(of: [condition.shape, a.shape, b.shape])
    return [
      TensorType(a.dataType, shape, quantization: a.quantization == b.quantization ? a.quantization : nil)
    ]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (condition, a, b) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard a.quantization == b.quantization else {
      throw ModelError(.unsupported, "a choice between tensors of different quantization")
    }
    let sizes = try Broadcasting.sizes(of: [condition.shape, a.shape, b.shape])
    let holds = Broadcasting.expand(try condition.integers(), condition.shape, to: sizes)
    let left = Broadcasting.expand(Array(0..<a.count), a.shape, to: sizes)
    let right = Broadcasting.expand(Array(a.count..<a.count + b.count), b.shape, to: sizes)
    let offsets = holds.indices.map { holds[$0] != 0 ? left[$0] : right[$0] }
    let both = try Tensor.joined([a.reshaped(to: [a.count]), b.reshaped(to: [b.count])], axis: 0)
    return [try both.selecting(offsets, shape: sizes)]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard let condition = context.integers(0), let a = context.knownElements(1),
      let b = context.knownElements(2)
    else { return nil }
    let count = max(condition.count, a.count, b.count)
    let lists = [condition.count, a.count, b.count]
    guard lists.allSatisfy({ $0 == count || $0 == 1 }) else { return nil }
    return (0..<count).map { index in
      let holds = condition[condition.count == 1 ? 0 : index] != 0
      return holds ? a[a.count == 1 ? 0 : index] : b[b.count == 1 ? 0 : index]
    }
  }
}
