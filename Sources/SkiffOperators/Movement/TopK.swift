import SkiffBinary
import SkiffIR

/// The greatest or least elements along an axis, in order, and where they were.
///
/// Results: the values and their indices; of equal elements the first comes first. The operand `k` is one
/// integer.
public struct TopK: ReferenceKernel {
  public static let name = "TopK"
  public static let summary = "The greatest or least elements along an axis, and where they were."
  public static let operands: [Operand] = [.required("input"), .required("k")]
  public static let attributes = [
    Attribute<TopK>("axis", \.axis, "The axis that is searched."),
    Attribute<TopK>("takesGreatest", \.takesGreatest, "Whether the greatest are taken, not the least."),
    Attribute<TopK>("indexType", \.indexType, "The type of the indices."),
  ]

  /// The axis that is searched; negative ones count from behind.
  public var axis = -1
  /// Whether the greatest are taken, not the least.
  public var takesGreatest = true
  /// The type of the indices.
  public var indexType = DataType.int64

  /// Creates an operator for the greatest along the last axis.
  public init() {}

  public var outputCount: Int { 2 }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    let axis = try normalizedAxis(axis, rank: type.rank)
    let count = context.knownElements(1)?.first ?? .unknown
    if let count = count.fixed, count < 0 || type.shape[axis].fixed.map({ $0 < count }) ?? false {
      throw ModelError(.invalidGraph, "the first \(count) of \(type.shape[axis]) elements")
    }
    type.shape[axis] = count
    type.quantization = type.quantization?.ofWholeTensor
    return [type, TensorType(indexType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let axis = try normalizedAxis(axis, rank: input.rank)
    let size = input.shape[axis]
    guard let count = try inputs.required(1).integers().first, count >= 0, count <= size else {
      throw ModelError(.invalidGraph, "more elements than the \(size) there are")
    }
    // Order is the same among stored integers and the numbers that they stand for.
    let values = try input.dataType.isFloatingPoint ? input.doubles() : input.quantized(with: nil).doubles()
    let outer = input.shape[..<axis].reduce(1, *)
    let inner = input.shape[(axis + 1)...].reduce(1, *)
    var offsets = [Int](repeating: 0, count: outer * count * inner)
    var indices = offsets
    var order = Array(0..<size)
    for row in 0..<outer {
      for column in 0..<inner {
        let start = row * size * inner + column
        for index in 0..<size { order[index] = index }
        order.sort { a, b in
          let (x, y) = (values[start + a * inner], values[start + b * inner])
          return x == y ? a < b : (x > y) == takesGreatest
        }
        for place in 0..<count {
          let target = (row * count + place) * inner + column
          offsets[target] = start + order[place] * inner
          indices[target] = order[place]
        }
      }
    }
    var shape = input.shape
    shape[axis] = count
    return [
      try input.selecting(offsets, shape: shape), try Tensor(integers: indices, as: indexType, shape: shape),
    ]
  }
}
