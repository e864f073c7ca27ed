import SkiffBinary
import SkiffIR

/// `activation(x · weightsᵀ + bias)` over the last axis of the input.
///
/// Shapes: input `[…, channels]`, weights `[outputs, channels]`, bias `[outputs]`, result `[…, outputs]`.
public struct FullyConnected: Operator {
  public static let name = "FullyConnected"
  public static let summary = "x · weightsᵀ + bias over the last axis."
  public static let operands: [Operand] = [.required("input"), .required("weights"), .optional("bias")]
  public static let attributes: [Attribute<FullyConnected>] = [
    Attribute("activation", \.activation, "The clamp of the result."),
    Attribute(
      "quantizesAsymmetrically", \.quantizesAsymmetrically,
      "Whether real inputs get a zero point when they are rounded to integers for int8 weights."),
  ]

  /// The clamp of the result.
  public var activation = FusedActivation.none
  /// Whether real inputs get a zero point when they are rounded to integers for int8 weights.
  public var quantizesAsymmetrically = false

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, weights) = (try context.type(0), try context.type(1))
    guard input.rank >= 1, weights.rank == 2,
      Shape([input.shape[input.rank - 1]]).isCompatible(with: Shape([weights.shape[1]]))
    else { throw ModelError(.invalidGraph, "an input \(input.shape) with weights \(weights.shape)") }
    if let bias = context.optionalType(2), !bias.shape.isCompatible(with: Shape([weights.shape[0]])) {
      throw ModelError(.invalidGraph, "a bias \(bias.shape) for weights \(weights.shape)")
    }
    return [TensorType(input.dataType, Shape(input.shape.dimensions.dropLast() + [weights.shape[0]]))]
  }
}

extension FullyConnected: ReferenceKernel {
  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, weights) = (try inputs.required(0), try inputs.required(1))
    guard weights.rank == 2, let channels = input.shape.last, channels == weights.shape[1] else {
      throw ModelError(.invalidGraph, "an input \(Shape(input.shape)) with weights \(Shape(weights.shape))")
    }
    let outputs = weights.shape[0]
    let bias = inputs.optional(2)
    if let bias, bias.count != outputs {
      throw ModelError(.invalidGraph, "\(bias.count) biases for \(outputs) outputs")
    }
    let shape = Array(input.shape.dropLast()) + [outputs]
    _ = try checkedCount(shape, of: input.dataType)
    let rows = input.shape.dropLast().reduce(1, *)
    if input.dataType == .float64 {
      let sums = sums(
        try input.doubles(), try weights.doubles(), try bias?.doubles(), rows: rows, outputs: outputs)
      return [Tensor(sums, shape: shape)]
    }
    let sums = sums(
      try input.floats(), try weights.floats(), try bias?.floats(), rows: rows, outputs: outputs)
    return [try Tensor(floats: sums, as: input.dataType, shape: shape)]
  }

  private func sums<Real: RealNumber>(
    _ x: [Real], _ w: [Real], _ bias: [Real]?, rows: Int, outputs: Int
  ) -> [Real] {
    let channels = outputs == 0 ? 0 : w.count / outputs
    var result: [Real] = []
    result.reserveCapacity(rows * outputs)
    for row in 0..<rows {
      for output in 0..<outputs {
        var sum = bias?[output] ?? 0
        for channel in 0..<channels { sum += x[row * channels + channel] * w[output * channels + channel] }
        result.append(activation(sum))
      }
    }
    return result
  }
}
