import SkiffBinary
import SkiffIR

/// The exact convolution of narrow integers less their zero points, in int32, with channels first.
///
/// ONNX's ConvInteger, and the sum in QLinearConv. Padded places count as the zero point. The zero point of the
/// weights is one number or one for each output.
public struct IntegerConvolution: ReferenceKernel {
  public static let name = "IntegerConvolution"
  public static let summary = "The exact convolution of narrow integers less their zero points, in int32."
  public static let operands: [Operand] = [
    .required("input"), .required("weights"), .optional("inputZeroPoint"), .optional("weightsZeroPoint"),
    .optional("bias"),
  ]
  public static let attributes: [Attribute<IntegerConvolution>] = [
    Attribute("groups", \.groups, "The groups that inputs and outputs are divided into."),
    Attribute("strides", \.strides, "The step of the window on each spatial axis; empty means 1."),
    Attribute("dilations", \.dilations, "The distance of elements under the window; empty means 1."),
    Attribute("padding", \.padding, "How the padding is chosen."),
    Attribute("pads", \.pads, "The explicit padding: all beginnings, then all ends; empty means 0."),
  ]

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

  /// Creates a convolution with steps of 1 and without padding.
  public init() {}

  /// Creates the convolution with the window of another; layout and activation do not count.
  package init(_ convolution: Convolution) {
    groups = convolution.groups
    (strides, dilations) = (convolution.strides, convolution.dilations)
    (padding, pads) = (convolution.padding, convolution.pads)
  }

  /// The same on real numbers.
  package var convolution: Convolution {
    var convolution = Convolution()
    convolution.groups = groups
    (convolution.strides, convolution.dilations) = (strides, dilations)
    (convolution.padding, convolution.pads) = (padding, pads)
    return convolution
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, weights) = (try context.type(0), try context.type(1))
    guard input.dataType.isNarrowInteger, weights.dataType.isNarrowInteger else {
      throw ModelError(.invalidGraph, "\(input) with weights \(weights)")
    }
    let shape = try convolution.resultShape(input.shape, weights.shape)
    if let bias = context.optionalType(4),
      bias.dataType != .int32 || !bias.shape.isCompatible(with: Shape([shape[1]]))
    {
      throw ModelError(.invalidGraph, "a bias \(bias) for \(shape[1]) outputs")
    }
    return [TensorType(.int32, shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, weights) = (try inputs.required(0), try inputs.required(1))
    let geometry = try ConvolutionGeometry(convolution, input: input.shape, weights: weights.shape)
    _ = try checkedCount(geometry.shape, of: .int32)
    let x = try input.integers(less: inputs.optional(2), listAxis: 1)
    let w = try weights.integers(less: inputs.optional(3), listAxis: 0)
    let bias =
      try inputs.optional(4)?.elements(as: Int32.self) ?? [Int32](repeating: 0, count: weights.shape[0])
    guard bias.count == weights.shape[0] else {
      throw ModelError(.invalidGraph, "\(bias.count) biases for \(weights.shape[0]) outputs")
    }
    return [Tensor(geometry.sums(x, w, bias) { $0 &+ $1 &* $2 }, shape: geometry.shape)]
  }
}
