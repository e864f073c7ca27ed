import SkiffBinary
import SkiffIR

/// The norm of each window of each channel: `(Σ |x|^order)^(1/order)`.
public struct LpPool: Pooling {
  public static let name = "LpPool"
  public static let summary = "The norm of each window of each channel."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<LpPool>] = [
    Attribute("layout", \.layout, "Where the channels are."),
    Attribute("size", \.size, "The window, a number for each spatial axis."),
    Attribute("strides", \.strides, "The step of the window; empty means 1."),
    Attribute("dilations", \.dilations, "The distance of elements under the window; empty means 1."),
    Attribute("padding", \.padding, "How the padding is chosen."),
    Attribute("pads", \.pads, "The explicit padding: all beginnings, then all ends; empty means 0."),
    Attribute("roundsUp", \.roundsUp, "Whether a last window that is not filled counts."),
    Attribute("order", \.order, "The order of the norm."),
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
  /// The order of the norm, at least 1.
  public var order = 2

  /// Creates a pooling without a window.
  public init() {}

  package var window: Window {
    get throws(ModelError) {
      try Window(
        size: size, strides: strides, dilations: dilations, padding: padding, pads: pads, roundsUp: roundsUp)
    }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    guard order >= 1 else {
      throw ModelError(.invalidGraph, "a norm of order \(order)", at: Location(attribute: "order"))
    }
    return [try inferPooledType(context)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let x = try input.floats()
    let geometry = try PoolingGeometry(window, layout: layout, input: input.shape)
    var result = [Float](repeating: 0, count: geometry.outputCount)
    let exponent = Double(order)
    geometry.forEachOutput { output, start, taps, _ in
      var sum = 0.0
      for tap in taps {
        let value = abs(Double(x[start + tap]))
        sum += order == 1 ? value : order == 2 ? value * value : Double.power(value, exponent)
      }
      result[output] = Float(
        order == 1 ? sum : order == 2 ? sum.squareRoot() : Double.power(sum, 1 / exponent))
    }
    return [try Tensor(floats: result, as: input.dataType, shape: geometry.outputShape)]
  }
}
