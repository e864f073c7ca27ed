import SkiffBinary
import SkiffIR

/// Each element at the place of the whole result that an index says, zeros elsewhere: what undoes a max pooling.
///
/// Shapes: input and positions `[batch, channels, space…]`; the sizes of the result follow from the window, or are the
/// third operand.
public struct MaxUnpool: ReferenceKernel {
  public static let name = "MaxUnpool"
  public static let summary = "Each element at the place that an index says, zeros elsewhere."
  public static let operands: [Operand] = [.required("input"), .required("positions"), .optional("sizes")]
  public static let attributes = [
    Attribute<MaxUnpool>("size", \.size, "The window of the pooling, a number for each spatial axis."),
    Attribute<MaxUnpool>("strides", \.strides, "The step of the window; empty means 1."),
    Attribute<MaxUnpool>(
      "pads", \.pads, "The padding of the pooling: all beginnings, then all ends; empty means 0."),
  ]

  /// The window of the pooling, a number for each spatial axis.
  public var size: [Int] = []
  /// The step of the window; empty means 1.
  public var strides: [Int] = []
  /// The padding of the pooling: all beginnings, then all ends; empty means 0.
  public var pads: [Int] = []

  /// Creates an operator without a window.
  public init() {}

  private func space(_ input: Shape) throws(ModelError) -> [Shape.Dimension] {
    let window = try Window(size: size, strides: strides, dilations: [], padding: .explicit, pads: pads)
    guard input.rank == size.count + 2 else {
      throw ModelError(.invalidGraph, "a window of \(size.count) axes for \(input)")
    }
    return size.indices.map { axis in
      (input[axis + 2] - .fixed(1)) * .fixed(window.strides[axis])
        + .fixed(size[axis] - window.pads[axis] - window.pads[size.count + axis])
    }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, positions) = (try context.type(0), try context.type(1))
    guard positions.dataType.isInteger, positions.shape.isCompatible(with: input.shape) else {
      throw ModelError(.invalidGraph, "positions \(positions) for \(input)")
    }
    let inferred = try space(input.shape)
    guard context.has(2) else {
      return [TensorType(input.dataType, Shape([input.shape[0], input.shape[1]] + inferred))]
    }
    let sizes = context.knownElements(2) ?? [Shape.Dimension](repeating: .unknown, count: input.rank)
    guard sizes.count == input.rank else {
      throw ModelError(.invalidGraph, "\(sizes.count) sizes for \(input)")
    }
    return [TensorType(input.dataType, Shape(sizes))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, positions) = (try inputs.required(0), try inputs.required(1))
    guard positions.shape == input.shape, input.quantization == nil else {
      throw ModelError(.invalidGraph, "positions \(positions.type) for \(input.type)")
    }
    // Looking at the window comes first: it makes sure of two axes before it.
    let space = try space(Shape(input.shape)).compactMap(\.fixed)
    let inferred = Array(input.shape[..<2]) + space
    let sizes = try inputs.optional(2)?.integers() ?? inferred
    let count = try checkedCount(sizes, of: input.dataType)
    var sources = [Int](repeating: -1, count: count)
    for (element, position) in try positions.integers().enumerated() {
      guard position >= 0, position < count else {
        throw ModelError(.invalidGraph, "position \(position) of \(count)")
      }
      sources[position] = element
    }
    let zero = try Tensor.zeros(input.dataType, shape: [])
    return [try input.selecting(sources, shape: sizes, otherwise: zero)]
  }
}
