import SkiffBinary
import SkiffIR

/// A tensor divided along an axis.
///
/// Without sizes the parts are equal, the last one smaller where the size does not divide.
public struct Split: DataMovement {
  public static let name = "Split"
  public static let summary = "A tensor divided along an axis."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<Split>("axis", \.axis, "The axis that is divided."),
    Attribute<Split>("sizes", \.sizes, "The size of each part; empty for equal parts."),
    Attribute<Split>("parts", \.parts, "The number of equal parts where no sizes are given."),
  ]

  /// The axis that is divided; negative ones count from behind.
  public var axis = 0
  /// The size of each part; empty for equal parts.
  public var sizes: [Int] = []
  /// The number of equal parts where no sizes are given.
  public var parts = 2

  /// Creates an operator that halves the first axis.
  public init() {}

  public var outputCount: Int { sizes.isEmpty ? max(0, min(parts, Self.largestCount)) : sizes.count }

  /// Results are values of the graph; no network has as many.
  private static let largestCount = 1 << 16

  private func partSizes(_ dimension: Shape.Dimension) throws(ModelError) -> [Shape.Dimension] {
    guard sizes.isEmpty else {
      let (total, overflow) = sizes.reduce((0, false)) { sum, size in
        let (next, overflow) = sum.0.addingReportingOverflow(size)
        return (next, sum.1 || overflow || size < 0)
      }
      guard !overflow, dimension.fixed.map({ $0 == total }) ?? true else {
        throw ModelError(
          .invalidGraph, "parts of \(sizes) for an axis of \(dimension)", at: Location(attribute: "sizes"))
      }
      return sizes.map { .fixed($0) }
    }
    guard parts == outputCount, parts > 0 else {
      throw ModelError(.invalidGraph, "\(parts) parts", at: Location(attribute: "parts"))
    }
    guard let size = dimension.fixed else {
      return [Shape.Dimension](repeating: dimension / parts, count: parts)
    }
    let length = size / parts + (size % parts == 0 ? 0 : 1)
    return (0..<parts).map { .fixed(max(0, min(length, size - $0 * length))) }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    let axis = try normalizedAxis(axis, rank: type.rank)
    type.quantization = type.quantization?.ofWholeTensor
    return try partSizes(type.shape[axis]).map { size in
      var part = type
      part.shape[axis] = size
      return part
    }
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let axis = try normalizedAxis(axis, rank: input.rank)
    var starts = [Int](repeating: 0, count: input.rank)
    var results: [Tensor] = []
    for size in try partSizes(.fixed(input.shape[axis])).compactMap(\.fixed) {
      var sizes = input.shape
      sizes[axis] = size
      results.append(try input.part(starts: starts, sizes: sizes))
      starts[axis] += size
    }
    return results
  }
}
