import SkiffBinary
import SkiffIR

/// Blocks in columns put back where a sliding window had them, added up where they overlap.
///
/// Shapes: input `[batch, channels · block…, places]`, result `[batch, channels, sizes…]`; sizes and block are operands.
public struct Col2Im: ReferenceKernel {
  public static let name = "Col2Im"
  public static let summary = "Blocks in columns put back where a window had them, added where they overlap."
  public static let operands: [Operand] = [.required("input"), .required("sizes"), .required("block")]
  public static let attributes = [
    Attribute<Col2Im>("strides", \.strides, "The step of the window; empty means 1."),
    Attribute<Col2Im>("dilations", \.dilations, "The distance of elements under the window; empty means 1."),
    Attribute<Col2Im>("pads", \.pads, "The padding: all beginnings, then all ends; empty means 0."),
  ]

  /// The step of the window; empty means 1.
  public var strides: [Int] = []
  /// The distance of elements under the window; empty means 1.
  public var dilations: [Int] = []
  /// The padding: all beginnings, then all ends; empty means 0.
  public var pads: [Int] = []

  /// Creates an operator for steps of 1 and no padding.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, sizes) = (try context.type(0), try context.type(1))
    guard let rank = sizes.shape.elementCount else {
      throw ModelError(.unsupported, "sizes of a number that is not known")
    }
    guard input.rank == 3, rank <= 30 else {
      throw ModelError(.invalidGraph, "columns \(input) for sizes \(sizes)")
    }
    let space = context.knownElements(1) ?? [Shape.Dimension](repeating: .unknown, count: rank)
    let block = context.integers(2)?.checkedProduct()
    let channels = block.flatMap { $0 > 0 ? input.shape[1] / $0 : nil } ?? .unknown
    return [TensorType(input.dataType, Shape([input.shape[0], channels] + space))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let (space, block) = (try inputs.required(1).integers(), try inputs.required(2).integers())
    let window = try Window(
      size: block, strides: strides, dilations: dilations, padding: .explicit, pads: pads)
    guard input.rank == 3, space.count == block.count, let blockCount = block.checkedProduct(),
      input.shape[1] % blockCount == 0,
      let places = Shape(try window.outputSizes(space.map { .fixed($0) })).fixed,
      places.checkedProduct() == input.shape[2]
    else { throw ModelError(.invalidGraph, "columns \(input.type) for sizes \(space) and blocks \(block)") }
    let channels = input.shape[1] / blockCount
    let shape = [input.shape[0], channels] + space
    var result = [Double](repeating: 0, count: try checkedCount(shape, of: .float64))
    let values = try input.doubles()
    let strides = Tensor.strides(of: space)
    let plane = space.reduce(1, *)
    var source = 0
    for image in 0..<input.shape[0] * channels {
      forEachIndex(block) { tap in
        forEachIndex(places) { place in
          var offset = image * plane
          var isInside = true
          for axis in space.indices {
            let position =
              place[axis] * window.strides[axis] + tap[axis] * window.dilations[axis] - window.pads[axis]
            isInside = isInside && position >= 0 && position < space[axis]
            offset += position * strides[axis]
          }
          if isInside { result[offset] += values[source] }
          source += 1
        }
      }
    }
    return [try Tensor(result, shape: shape).cast(to: input.dataType)]
  }
}
