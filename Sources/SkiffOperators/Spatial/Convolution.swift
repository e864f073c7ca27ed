import SkiffBinary
import SkiffIR

/// A convolution over one, two, three or more spatial axes, grouped and dilated.
///
/// Shapes: the input is `[batch, channels, space…]` or `[batch, space…, channels]` by ``layout``; the weights
/// are `[outputs, channels / groups, window…]` or `[outputs, window…, channels / groups]` likewise; the bias is
/// `[outputs]`. A depthwise convolution is one with as many groups as channels.
public struct Convolution: Operator {
  public static let name = "Convolution"
  public static let summary = "Grouped, dilated convolution over any number of spatial axes."
  public static let operands: [Operand] = [.required("input"), .required("weights"), .optional("bias")]
  public static let attributes: [Attribute<Convolution>] = [
    Attribute("layout", \.layout, "Where the channels are, in the input, in the result and in the weights."),
    Attribute("groups", \.groups, "The groups that inputs and outputs are divided into."),
    Attribute("strides", \.strides, "The step of the window on each spatial axis; empty means 1."),
    Attribute("dilations", \.dilations, "The distance of elements under the window; empty means 1."),
    Attribute("padding", \.padding, "How the padding is chosen."),
    Attribute("pads", \.pads, "The explicit padding: all beginnings, then all ends; empty means 0."),
    Attribute("activation", \.activation, "The clamp of the result."),
  ]

  /// Where the channels are.
  public var layout = ChannelLayout.first
  /// The groups that inputs and outputs are divided into.
  public var groups = 1
  /// The step of the window on each spatial axis; empty means 1.
  public var strides: [Int] = []
  /// The distance of elements under the window; empty means 1.
  public var dilations: [Int] = []
  /// How the padding is chosen.
  public var padding = Padding.explicit
  /// The explicit padding: all beginnings, then all ends; empty means 0.
  public var pads: [Int] = []
  /// The clamp of the result.
  public var activation = FusedActivation.none

  /// Creates a convolution with steps of 1 and without padding.
  public init() {}

  /// The window for weights of this shape.
  package func window(weights: [Int]) throws(ModelError) -> Window {
    let axes = layout.spatialAxes(rank: weights.count)
    return try Window(
      size: Array(weights[axes]), strides: strides, dilations: dilations, padding: padding, pads: pads)
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, weights) = (try context.type(0), try context.type(1))
    let shape = try resultShape(input.shape, weights.shape)
    let outputs = shape[layout.channelAxis(rank: shape.rank)]
    if let bias = context.optionalType(2), !bias.shape.isCompatible(with: Shape([outputs])) {
      throw ModelError(.invalidGraph, "a bias \(bias.shape) for \(outputs) outputs")
    }
    return [TensorType(input.dataType, shape)]
  }

  /// The shape of the result for an input and weights of these shapes.
  package func resultShape(_ input: Shape, _ weights: Shape) throws(ModelError) -> Shape {
    guard input.rank >= 3, weights.rank == input.rank else {
      throw ModelError(.invalidGraph, "an input \(input) with weights \(weights)")
    }
    guard let sizes = weights.fixed else {
      throw ModelError(.unsupported, "weights whose shape \(weights) is not known")
    }
    let channels = layout.channelAxis(rank: input.rank)
    guard groups > 0, sizes[0] % groups == 0 else {
      throw ModelError(
        .invalidGraph, "\(sizes[0]) outputs in \(groups) groups", at: Location(attribute: "groups"))
    }
    let (needed, overflow) = sizes[channels].multipliedReportingOverflow(by: groups)
    guard !overflow, input[channels].fixed.map({ $0 == needed }) ?? true else {
      throw ModelError(
        .invalidGraph,
        "weights \(weights) in \(groups) groups need \(needed) channels, the input "
          + "\(input) has \(input[channels])")
    }
    let axes = layout.spatialAxes(rank: input.rank)
    let space = try window(weights: sizes).outputSizes(axes.map { input[$0] })
    return layout.shape(batch: input[0], channels: .fixed(sizes[0]), space: space)
  }
}
