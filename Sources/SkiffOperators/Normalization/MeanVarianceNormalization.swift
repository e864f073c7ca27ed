import SkiffBinary
import SkiffIR

/// `(x − mean) / (√variance + epsilon)` with the statistics along some axes.
public struct MeanVarianceNormalization: ReferenceKernel {
  public static let name = "MeanVarianceNormalization"
  public static let summary = "Normalizes by mean and deviation along some axes."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<MeanVarianceNormalization>("axes", \.axes, "The axes that share statistics."),
    Attribute<MeanVarianceNormalization>("epsilon", \.epsilon, "What is added to the deviation."),
  ]

  /// The axes that share statistics; negative ones count from behind.
  public var axes = [0, 2, 3]
  /// What is added to the deviation.
  public var epsilon: Float = 1e-9

  /// Creates an operator for each channel on the second axis of four.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    _ = try normalizedAxes(axes, rank: type.rank)
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let reduced = try normalizedAxes(axes, rank: input.rank)
    let kept = (0..<input.rank).filter { !reduced.contains($0) }
    let order = kept + reduced
    let rows = try input.permuted(by: order)
    let length = reduced.map { input.shape[$0] }.reduce(1, *)
    guard input.count > 0 else { return [input] }
    let result =
      try input.dataType == .float64
      ? Tensor(normalized(rows.doubles(), length), shape: rows.shape)
      : Tensor(floats: normalized(rows.floats(), length), as: input.dataType, shape: rows.shape)
    return [try result.permuted(by: order.indices.map { order.firstIndex(of: $0) ?? $0 })]
  }

  private func normalized<Real: RealNumber>(_ elements: [Real], _ length: Int) -> [Real] {
    var values = elements
    for start in stride(from: 0, to: values.count, by: length) {
      let statistics = Statistics(values, blocks: [start], count: length, stride: 1)
      let deviation = statistics.variance.squareRoot() + Double(epsilon)
      for index in start..<start + length {
        values[index] = Real((Double(values[index]) - statistics.mean) / deviation)
      }
    }
    return values
  }
}
