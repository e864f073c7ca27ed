import SkiffBinary
import SkiffIR

/// `(x − mean) / sqrt(variance + epsilon) · scale + shift` with constants for each channel.
///
/// Ioffe and Szegedy, "Batch Normalization", 2015, as it is at inference. The four parameters have the shape
/// `[channels]`.
public struct BatchNormalization: ReferenceKernel {
  public static let name = "BatchNormalization"
  public static let summary =
    "Normalizes each channel with stored mean and variance, then scales and shifts it."
  public static let operands: [Operand] = [
    .required("input"), .required("scale"), .required("shift"), .required("mean"), .required("variance"),
  ]
  public static let attributes: [Attribute<BatchNormalization>] = [
    Attribute("axis", \.axis, "The axis of the channels."),
    Attribute("epsilon", \.epsilon, "What is added to the variance."),
  ]

  /// The axis of the channels; negative ones count from behind.
  public var axis = 1
  /// What is added to the variance.
  public var epsilon: Float = 1e-5

  /// Creates the operator for channels on the second axis.
  public init() {}

  /// The axis of the channels counted from the first, nil if there is none in this rank.
  package func channelAxis(rank: Int) -> Int? {
    let normalized = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(normalized) ? normalized : nil
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let input = try context.type(0)
    let axis = try normalizedAxis(axis, rank: input.rank)
    for (index, operand) in Self.operands.enumerated().dropFirst() {
      let shape = try context.type(index).shape
      guard shape.isCompatible(with: Shape([input.shape[axis]])) else {
        throw ModelError(.invalidGraph, "a \(operand.name) \(shape) for \(input.shape[axis]) channels")
      }
    }
    return [TensorType(input.dataType, input.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let axis = try normalizedAxis(axis, rank: input.rank)
    let (scale, shift) = (try inputs.required(1).floats(), try inputs.required(2).floats())
    let (mean, variance) = (try inputs.required(3).floats(), try inputs.required(4).floats())
    let channels = input.shape[axis]
    guard [scale, shift, mean, variance].allSatisfy({ $0.count == channels }) else {
      throw ModelError(.invalidGraph, "the parameters do not fit \(channels) channels")
    }
    let factors = scale.indices.map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
    let inner = input.shape[(axis + 1)...].reduce(1, *)
    var values = try input.floats()
    let outer = input.shape[..<axis].reduce(1, *)
    for block in 0..<outer {
      for channel in 0..<channels {
        let start = (block * channels + channel) * inner
        let (center, factor, offset) = (mean[channel], factors[channel], shift[channel])
        for index in start..<start + inner { values[index] = (values[index] - center) * factor + offset }
      }
    }
    return [try Tensor(floats: values, as: input.dataType, shape: input.shape)]
  }
}
