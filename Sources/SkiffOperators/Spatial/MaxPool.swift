import SkiffBinary
import SkiffIR

/// The greatest element of each window of each channel; padding never wins.
public struct MaxPool: Pooling, DataMovement {
  public static let name = "MaxPool"
  public static let summary = "The greatest element of each window of each channel."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<MaxPool>] = [
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
    var type = try inferPooledType(context)
    type.quantization = try context.type(0).quantization
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let geometry = try PoolingGeometry(window, layout: layout, input: input.shape)
    if input.dataType == .float64 {
      return [Tensor(Self.greatest(try input.doubles(), geometry), shape: geometry.outputShape)]
    }
    if input.dataType.isFloatingPoint {
      let result = Self.greatest(try input.floats(), geometry)
      return [try Tensor(floats: result, as: input.dataType, shape: geometry.outputShape)]
    }
    let count = geometry.outputCount
    let x = try input.integers()
    let least = input.dataType.integerRange().lowerBound
    var result = [Int](repeating: least, count: count)
    geometry.forEachOutput { output, start, taps, _ in
      for tap in taps { result[output] = max(result[output], x[start + tap]) }
    }
    return [
      try Tensor(integers: result, as: input.dataType, shape: geometry.outputShape)
        .quantized(with: input.quantization)
    ]
  }

  private static func greatest<Real: RealNumber>(_ x: [Real], _ geometry: PoolingGeometry) -> [Real] {
    var result = [Real](repeating: 0, count: geometry.outputCount)
    geometry.forEachOutput { output, start, taps, _ in
      var greatest = -Real.infinity
      for tap in taps where !(x[start + tap] <= greatest) { greatest = x[start + tap] }
      result[output] = greatest
    }
    return result
  }
}
