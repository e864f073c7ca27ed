import SkiffBinary
import SkiffIR

/// Reorders the axes: axis `i` of the result is axis `permutation[i]` of the operand.
public struct Transpose: DataMovement {
  public static let name = "Transpose"
  public static let summary = "Reorders the axes."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<Transpose>] = [
    Attribute(
      "permutation", \.permutation, "The operand's axis for each axis of the result; empty reverses them.")
  ]

  /// The operand's axis for each axis of the result; empty reverses them.
  public var permutation: [Int] = []

  /// Creates the operator; an empty permutation reverses the axes.
  public init() {}

  /// Creates the operator.
  public init(_ permutation: [Int]) { self.permutation = permutation }

  /// The permutation in full for an operand of this rank.
  public func permutation(rank: Int) -> [Int] {
    permutation.isEmpty ? Array((0..<rank).reversed()) : permutation
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let input = try context.type(0)
    let permutation = permutation(rank: input.rank)
    guard permutation.sorted() == Array(0..<input.rank) else {
      throw ModelError(
        .invalidGraph, "\(permutation) does not reorder \(input.rank) axes",
        at: Location(attribute: "permutation"))
    }
    return [
      TensorType(
        input.dataType, Shape(permutation.map { input.shape[$0] }),
        quantization: input.quantization?.permuted(by: permutation))
    ]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    return [try input.permuted(by: permutation(rank: input.rank))]
  }
}
