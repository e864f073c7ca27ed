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
    Attribute(
      "countsColumnsFirst", \.countsColumnsFirst,
      "Whether offsets count as if the first spatial axis were innermost."),
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
  /// Whether offsets count as if the first spatial axis were innermost in memory.
  public var countsColumnsFirst = false

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
    if countsColumnsFirst {
      guard layout == .first else {
        throw ModelError(.unsupported, "positions that count columns first, with channels last")
      }
      let space = Array(input.shape[2...])
      let plane = space.reduce(1, *)
      if plane > 0 { result = result.map { $0 / plane * plane + Self.columnOffset($0 % plane, space) } }
    }
    return [try Tensor(integers: result, as: .int64, shape: geometry.outputShape)]
  }
  /// The offset in a plane whose first axis is innermost for one whose last axis is.
  private static func columnOffset(_ offset: Int, _ space: [Int]) -> Int {
    var (rest, result) = (offset, 0)
    for axis in space.indices.reversed() {
      result += rest % space[axis] * space[..<axis].reduce(1, *)
      rest /= space[axis]
    }
    return result
  }
}
