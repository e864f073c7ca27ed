import SkiffBinary
import SkiffIR

/// The elements, or the slices along an axis, each once.
///
/// Results: what is found; where each was first; for each of the input's, which of the found it is; how often each
/// was there. Slices are compared element by element.
public struct Unique: ReferenceKernel {
  public static let name = "Unique"
  public static let summary = "The elements or slices of a tensor each once, where they were and how often."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<Unique>("axis", \.axis, "The axis whose slices are compared; without it all elements are."),
    Attribute<Unique>("isSorted", \.isSorted, "Whether results ascend, not in the order of the input."),
  ]

  /// The axis whose slices are compared, negative ones counted from behind; without it all elements are.
  public var axis: Int?
  /// Whether results ascend; else they are in the order of the input.
  public var isSorted = true

  /// Creates an operator for sorted elements.
  public init() {}

  public var outputCount: Int { 4 }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    let list = TensorType(.int64, Shape([.unknown]))
    if let axis {
      let axis = try normalizedAxis(axis, rank: type.rank)
      let inverse = TensorType(.int64, Shape([type.shape[axis]]))
      type.shape[axis] = .unknown
      return [type, list, inverse, list]
    }
    let count = type.shape.elementCount.map { Shape.Dimension.fixed($0) } ?? .unknown
    return [TensorType(type.dataType, Shape([.unknown])), list, TensorType(.int64, Shape([count])), list]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.quantization == nil else { throw ModelError(.unsupported, "the same of quantized numbers") }
    let flat = try axis == nil ? input.reshaped(to: [input.count]) : input
    let axis = try normalizedAxis(axis ?? 0, rank: flat.rank)
    let order = [axis] + (0..<flat.rank).filter { $0 != axis }
    let rows = try order == Array(0..<flat.rank) ? flat : flat.permuted(by: order)
    let count = flat.shape[axis]
    let width = count == 0 ? 0 : flat.count / count
    let found: Found
    if flat.dataType.isFloatingPoint {
      found = find(try rows.doubles(), count, width)
    } else {
      found = find(try rows.integers(), count, width)
    }
    var shape = flat.shape
    shape[axis] = found.first.count
    var positions = flat.shape.map { Array(0..<$0) }
    positions[axis] = found.first
    let offsets = combinedOffsets(positions, strides: Tensor.strides(of: flat.shape))
    func list(_ integers: [Int]) -> Tensor { Tensor(integers.map(Int64.init), shape: [integers.count]) }
    return [
      try flat.selecting(offsets, shape: shape), list(found.first), list(found.inverse), list(found.counts),
    ]
  }

  private struct Found {
    var first: [Int] = []
    var inverse: [Int]
    var counts: [Int] = []
  }

  private func find<Value: Comparable>(_ values: [Value], _ count: Int, _ width: Int) -> Found {
    func row(_ index: Int) -> ArraySlice<Value> { values[index * width..<(index + 1) * width] }
    let sorted = (0..<count).sorted { a, b in
      let (x, y) = (row(a), row(b))
      if x.lexicographicallyPrecedes(y) { return true }
      return y.lexicographicallyPrecedes(x) ? false : a < b
    }
    var found = Found(inverse: [Int](repeating: 0, count: count))
    for (place, index) in sorted.enumerated() {
      if place == 0 || row(sorted[place - 1]) != row(index) {
        found.first.append(index)
        found.counts.append(0)
      }
      found.inverse[index] = found.first.count - 1
      found.counts[found.counts.count - 1] += 1
    }
    guard !isSorted else { return found }
    let order = found.first.indices.sorted { found.first[$0] < found.first[$1] }
    var rank = order
    for (place, index) in order.enumerated() { rank[index] = place }
    return Found(
      first: order.map { found.first[$0] }, inverse: found.inverse.map { rank[$0] },
      counts: order.map { found.counts[$0] })
  }
}
