import SkiffBinary
import SkiffIR

/// The transposed convolution over any number of spatial axes, also called deconvolution: the gradient of a
/// ``Convolution`` with respect to its input.
///
/// Shapes: the input is `[batch, inputs, space…]` or `[batch, space…, inputs]` by ``layout``; the weights are
/// `[inputs, outputs / groups, window…]` or `[outputs / groups, window…, inputs]` likewise; the bias is
/// `[outputs]`. A size of n becomes `(n − 1) · stride + extent of the window + outputPadding − pads`, or what
/// ``outputSizes`` say.
public struct TransposedConvolution: Operator {
  public static let name = "TransposedConvolution"
  public static let summary = "The gradient of a convolution with respect to its input."
  public static let operands: [Operand] = [.required("input"), .required("weights"), .optional("bias")]
  public static let attributes: [Attribute<TransposedConvolution>] = [
    Attribute("layout", \.layout, "Where the channels are, in the input, in the result and in the weights."),
    Attribute("groups", \.groups, "The groups that inputs and outputs are divided into."),
    Attribute(
      "strides", \.strides, "The distance of the window's places on each spatial axis; empty means 1."),
    Attribute("dilations", \.dilations, "The distance of elements under the window; empty means 1."),
    Attribute("padding", \.padding, "How what is cut off around the result is chosen."),
    Attribute("pads", \.pads, "What is cut off: all beginnings, then all ends; empty means 0."),
    Attribute("outputPadding", \.outputPadding, "What is added at the end of each axis; empty means 0."),
    Attribute("outputSizes", \.outputSizes, "The sizes of the result's space; empty if they follow."),
    Attribute("activation", \.activation, "The clamp of the result."),
  ]

  /// Where the channels are.
  public var layout = ChannelLayout.first
  /// The groups that inputs and outputs are divided into.
  public var groups = 1
  /// The distance of the window's places on each spatial axis; empty means 1.
  public var strides: [Int] = []
  /// The distance of elements under the window; empty means 1.
  public var dilations: [Int] = []
  /// How what is cut off around the result is chosen: so that sizes become `n · stride`, unless they are given.
  public var padding = Padding.explicit
  /// What is cut off: all beginnings, then all ends; empty means 0.
  public var pads: [Int] = []
  /// What is added at the end of each axis; empty means 0.
  public var outputPadding: [Int] = []
  /// The sizes of the result's space; empty if they follow from the rest.
  ///
  /// With explicit padding only its beginnings count then.
  public var outputSizes: [Int] = []
  /// The clamp of the result.
  public var activation = FusedActivation.none

  /// Creates an operator with steps of 1 and without padding.
  public init() {}

  /// The axis of the outputs in weights of this rank.
  package func outputAxis() -> Int { layout == .first ? 1 : 0 }

  /// The axis of the inputs in weights of this rank.
  package func inputAxis(rank: Int) -> Int { layout == .first ? 0 : rank - 1 }

  /// The window for weights of this shape.
  package func window(weights: [Int]) throws(ModelError) -> Window {
    let window = try Window(
      size: Array(weights[layout.spatialAxes(rank: weights.count)]), strides: strides, dilations: dilations,
      padding: padding, pads: pads)
    func check(_ list: [Int], _ name: String) throws(ModelError) {
      guard list.isEmpty || list.count == window.size.count && list.allSatisfy({ (0..<1 << 31).contains($0) })
      else {
        throw ModelError(
          .invalidGraph, "does not fit \(window.size.count) spatial axes", at: Location(attribute: name))
      }
    }
    try check(outputPadding, "outputPadding")
    try check(outputSizes, "outputSizes")
    return window
  }

  /// The sizes of the result's space.
  package func space(_ input: [Shape.Dimension], _ window: Window) throws(ModelError) -> [Shape.Dimension] {
    guard outputSizes.isEmpty else { return outputSizes.map { .fixed($0) } }
    var sizes: [Shape.Dimension] = []
    for (axis, size) in input.enumerated() {
      let stride = Shape.Dimension.fixed(window.strides[axis])
      guard padding == .explicit else {
        sizes.append(size * stride)
        continue
      }
      let extra = outputPadding.isEmpty ? 0 : outputPadding[axis]
      let cut = window.pads[axis] + window.pads[window.size.count + axis]
      let result = (size - .fixed(1)) * stride + .fixed(window.extent(axis) + extra - cut)
      if let fixed = result.fixed, fixed < 0 {
        throw ModelError(.invalidGraph, "more is cut off axis \(axis) than there is")
      }
      sizes.append(result)
    }
    return sizes
  }

  /// What is cut off at the beginning of each axis when the sizes are known.
  package func begins(_ input: [Int], _ output: [Int], _ window: Window) -> [Int] {
    input.indices.map { axis in
      guard padding != .explicit else { return window.pads[axis] }
      let extra = outputPadding.isEmpty ? 0 : outputPadding[axis]
      let whole = (input[axis] - 1) * window.strides[axis] + window.extent(axis) + extra
      let cut = max(0, whole - output[axis])
      return padding == .sameUpper ? cut / 2 : cut - cut / 2
    }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, weights) = (try context.type(0), try context.type(1))
    guard input.rank >= 3, weights.rank == input.rank else {
      throw ModelError(.invalidGraph, "an input \(input.shape) with weights \(weights.shape)")
    }
    guard let sizes = weights.shape.fixed else {
      throw ModelError(.unsupported, "weights whose shape \(weights.shape) is not known")
    }
    let inputs = sizes[inputAxis(rank: sizes.count)]
    let channels = input.shape[layout.channelAxis(rank: input.rank)]
    guard groups > 0, inputs % groups == 0, channels.fixed.map({ $0 == inputs }) ?? true else {
      throw ModelError(
        .invalidGraph, "weights \(weights.shape) in \(groups) groups for an input \(input.shape)")
    }
    let (outputs, overflow) = sizes[outputAxis()].multipliedReportingOverflow(by: groups)
    guard !overflow else { throw ModelError(.invalidGraph, "the outputs are beyond any number") }
    if let bias = context.optionalType(2), !bias.shape.isCompatible(with: [outputs]) {
      throw ModelError(.invalidGraph, "a bias \(bias.shape) for \(outputs) outputs")
    }
    let axes = layout.spatialAxes(rank: input.rank)
    let space = try space(axes.map { input.shape[$0] }, window(weights: sizes))
    return [
      TensorType(input.dataType, layout.shape(batch: input.shape[0], channels: .fixed(outputs), space: space))
    ]
  }
}
