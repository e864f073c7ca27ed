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
    let channels = input.shape[axis]
    let inner = input.shape[(axis + 1)...].reduce(1, *)
    var parameters: [Tensor] = []
    for index in 1...4 { parameters.append(try inputs.required(index)) }
    guard parameters.allSatisfy({ $0.count == channels }) else {
      throw ModelError(.invalidGraph, "the parameters do not fit \(channels) channels")
    }
    if input.dataType == .float64 {
      let lists = try parameters.map { (tensor) throws(ModelError) in try tensor.doubles() }
      return [Tensor(normalized(try input.doubles(), lists, inner), shape: input.shape)]
    }
    let lists = try parameters.map { (tensor) throws(ModelError) in try tensor.floats() }
    let values = normalized(try input.floats(), lists, inner)
    return [try Tensor(floats: values, as: input.dataType, shape: input.shape)]
  }

  /// - Parameters:
  ///   - parameters: Scales, shifts, means and variances of the channels.
  ///   - inner: The number of elements of a channel that follow each other.
  private func normalized<Real: RealNumber>(
    _ values: [Real], _ parameters: [[Real]], _ inner: Int
  ) -> [Real] {
    let (scale, shift, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3])
    let factors = scale.indices.map { scale[$0] / (variance[$0] + Real(epsilon)).squareRoot() }
    var result = values
    guard inner > 0, !scale.isEmpty else { return result }
    result.withUnsafeMutableBufferPointer { result in
      for (run, start) in stride(from: 0, to: result.count, by: inner).enumerated() {
        let channel = run % scale.count
        let (center, factor, offset) = (mean[channel], factors[channel], shift[channel])
        for index in start..<start + inner { result[index] = (result[index] - center) * factor + offset }
      }
    }
    return result
  }
}
