import SkiffBinary
import SkiffIR

/// For each index a list of `depth` elements along a new axis: the second of `values` at the index, the first
/// elsewhere.
///
/// Negative indices count from behind; those outside select nothing.
public struct OneHot: ReferenceKernel {
  public static let name = "OneHot"
  public static let summary = "For each index a list that is on at the index and off elsewhere."
  public static let operands: [Operand] = [.required("indices"), .required("depth"), .required("values")]
  public static let attributes = [
    Attribute<OneHot>("axis", \.axis, "The place of the new axis in the result.")
  ]

  /// The place of the new axis in the result; negative ones count from behind.
  public var axis = -1

  /// Creates an operator with the new axis last.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (indices, values) = (try context.type(0), try context.type(2))
    guard values.shape.isCompatible(with: [2]) else {
      throw ModelError(.invalidGraph, "off and on of shape \(values.shape)")
    }
    let axis = try normalizedAxis(axis, rank: indices.rank + 1)
    var dimensions = indices.shape.dimensions
    dimensions.insert(context.knownElements(1)?.first ?? .unknown, at: axis)
    return [TensorType(values.dataType, Shape(dimensions), quantization: values.quantization?.ofWholeTensor)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (indices, values) = (try inputs.required(0), try inputs.required(2))
    guard values.count == 2, let depth = try inputs.required(1).cast(to: .int64).integers().first, depth >= 0
    else { throw ModelError(.invalidGraph, "a depth of no number, or off and on \(Shape(values.shape))") }
    let axis = try normalizedAxis(axis, rank: indices.rank + 1)
    let outer = indices.shape[..<axis].reduce(1, *)
    let inner = indices.shape[axis...].reduce(1, *)
    let places = try indices.cast(to: .int64).integers()
    var shape = indices.shape
    shape.insert(depth, at: axis)
    var offsets = [Int](repeating: 0, count: try checkedCount(shape, of: values.dataType))
    for row in 0..<outer {
      for column in 0..<inner {
        let index = places[row * inner + column]
        guard index >= -depth, index < depth else { continue }
        offsets[(row * depth + (index < 0 ? index + depth : index)) * inner + column] = 1
      }
    }
    return [try values.selecting(offsets, shape: shape)]
  }
}
