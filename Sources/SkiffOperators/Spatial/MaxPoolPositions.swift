import SkiffBinary
import SkiffIR

/// Where in the whole input the greatest element of each window of each channel is, as an offset in int64.
///
/// What ONNX's MaxPool returns as its second result; the first of equal elements counts.
public struct MaxPoolPositions: Pooling {
  public static let name = "MaxPoolPositions"
  public static let summary = "Where in the whole input the greatest element of each window is."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<MaxPoolPositions>] = [
    Attribute("layout", \.layout, "Where the channels are."),
    Attribute("size", \.size, "The window, a number for each spatial axis."),
    Attribute("strides", \.strides, "The step of the window; empty means 1."),
    Attribute("dilations", \.dilations, "The distance of elements under the window; empty means 1."),
    Attribute("padding", \.padding, "How the padding is chosen."),
    Attribute("pads", \.pads, "The explicit padding: all beginnings, then all ends; empty means 0."),
    Attribute("roundsUp", \.roundsUp, "Whether a last window that is not filled counts."),
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

  /// Creates a pooling without a window.
  public init() {}

  package var window: Window {
    get throws(ModelError) {
      try Window(
        size: size, strides: strides, dilations: dilations, padding: padding, pads: pads, roundsUp: roundsUp)
    }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [TensorType(.int64, try inferPooledType(context).shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let x = try input.doubles()
    let geometry = try PoolingGeometry(window, layout: layout, input: input.shape)
    var result = [Int](repeating: 0, count: geometry.outputCount)
    geometry.forEachOutput { output, start, taps, _ in
      guard let first = taps.first else { return }
      var best = start + first
      for tap in taps where x[start + tap] > x[best] { best = start + tap }
      result[output] = best
    }
    return [try Tensor(integers: result, as: .int64, shape: geometry.outputShape)]
  }
}
