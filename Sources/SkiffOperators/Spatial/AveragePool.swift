import SkiffBinary
import SkiffIR

/// The mean of each window of each channel.
public struct AveragePool: Pooling {
  public static let name = "AveragePool"
  public static let summary = "The mean of each window of each channel."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<AveragePool>] = [
    Attribute("layout", \.layout, "Where the channels are."),
    Attribute("size", \.size, "The window, a number for each spatial axis."),
    Attribute("strides", \.strides, "The step of the window; empty means 1."),
    Attribute("dilations", \.dilations, "The distance of elements under the window; empty means 1."),
    Attribute("padding", \.padding, "How the padding is chosen."),
    Attribute("pads", \.pads, "The explicit padding: all beginnings, then all ends; empty means 0."),
    Attribute("roundsUp", \.roundsUp, "Whether a last window that is not filled counts."),
    Attribute("countsPadding", \.countsPadding, "Whether places in the padding count as zeros."),
    Attribute("activation", \.activation, "The clamp of the result."),
  ]

  /// Where the channels are.
  public var layout = ChannelLayout.first
  /// The window, a number for each spatial axis.
  public var size: [Int] = []
  /// The step of the window; empty means 1.
  public var strides: [Int] = []
  /// The distance of elements under the window; empty means 1.
  public var dilations: [Int] = []
  /// How the padding is chosen.
  public var padding = Padding.explicit
  /// The explicit padding: all beginnings, then all ends; empty means 0.
  public var pads: [Int] = []
  /// Whether a last window that is not filled counts.
  public var roundsUp = false
  /// Whether places in the padding count as zeros.
  public var countsPadding = false
  /// The clamp of the result.
  public var activation = FusedActivation.none

  /// Creates a pooling without a window.
  public init() {}

  package var window: Window {
    get throws(ModelError) {
      try Window(
        size: size, strides: strides, dilations: dilations, padding: padding, pads: pads, roundsUp: roundsUp)
    }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [try inferPooledType(context)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let geometry = try PoolingGeometry(window, layout: layout, input: input.shape)
    if input.dataType == .float64 {
      return [Tensor(means(of: try input.doubles(), geometry), shape: geometry.outputShape)]
    }
    let means = means(of: try input.floats(), geometry)
    return [try Tensor(floats: means, as: input.dataType, shape: geometry.outputShape)]
  }

  private func means<Real: RealNumber>(of x: [Real], _ geometry: PoolingGeometry) -> [Real] {
    var result = [Real](repeating: 0, count: geometry.outputCount)
    geometry.forEachOutput { output, start, taps, paddedCount in
      var sum: Real = 0
      for tap in taps { sum += x[start + tap] }
      result[output] = activation(sum / Real(countsPadding ? paddedCount : taps.count))
    }
    return result
  }
}
