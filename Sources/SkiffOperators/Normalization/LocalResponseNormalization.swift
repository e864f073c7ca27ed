import SkiffBinary
import SkiffIR

/// `x / (bias + alpha / size · Σ x²)^beta` with the sum over `size` neighbouring channels.
///
/// Krizhevsky and others, "ImageNet Classification with Deep Convolutional Neural Networks", 2012. Of an even
/// number of neighbours one more lies behind; at the edges there are fewer, but the division stays.
public struct LocalResponseNormalization: ReferenceKernel {
  public static let name = "LocalResponseNormalization"
  public static let summary = "x / (bias + alpha / size · Σ x²)^beta over neighbouring channels."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<LocalResponseNormalization>] = [
    Attribute("layout", \.layout, "Where the channels are."),
    Attribute("size", \.size, "The channels that are summed."),
    Attribute("alpha", \.alpha, "The factor of the mean of squares."),
    Attribute("beta", \.beta, "The exponent."),
    Attribute("bias", \.bias, "What is added to the mean of squares."),
  ]

  /// Where the channels are.
  public var layout = ChannelLayout.first
  /// The channels that are summed.
  public var size = 1
  /// The factor of the mean of squares.
  public var alpha: Float = 0.0001
  /// The exponent.
  public var beta: Float = 0.75
  /// What is added to the mean of squares.
  public var bias: Float = 1

  /// Creates an operator on single channels.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.rank >= 2 else { throw ModelError(.invalidGraph, "no channels in \(type.shape)") }
    guard size > 0 else {
      throw ModelError(.invalidGraph, "a sum of \(size)", at: Location(attribute: "size"))
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.rank >= 2, size > 0 else {
      throw ModelError(.invalidGraph, "a sum of \(size) channels in \(Shape(input.shape))")
    }
    let lines = Lines(input.shape, axis: layout.channelAxis(rank: input.rank))
    let values = try input.floats()
    var result = values
    let before = min((size - 1) / 2, lines.count)
    let after = min(size - 1 - (size - 1) / 2, lines.count)
    lines.forEach { start in
      for channel in 0..<lines.count {
        var sum = 0.0
        for neighbour in max(0, channel - before)..<min(lines.count, channel + after + 1) {
          let value = Double(values[start + neighbour * lines.stride])
          sum += value * value
        }
        let place = start + channel * lines.stride
        let base = Float(Double(bias) + Double(alpha) / Double(size) * sum)
        result[place] = values[place] / Float.power(base, beta)
      }
    }
    return [try Tensor(floats: result, as: input.dataType, shape: input.shape)]
  }
}
