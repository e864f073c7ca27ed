import SkiffBinary
import SkiffIR

/// The elements from `starts` up to but not including `ends` along some axes, every `steps`-th.
///
/// The operands are lists of integers; axes default to the first ones, steps to 1. Negative starts and ends
/// count from behind, and those outside are clamped. A negative step goes backwards.
public struct Slice: DataMovement {
  public static let name = "Slice"
  public static let summary = "Part of a tensor, with steps along the axes."
  public static let operands: [Operand] = [
    .required("input"), .required("starts"), .required("ends"), .optional("axes"), .optional("steps"),
  ]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    type.quantization = type.quantization?.ofWholeTensor
    if let count = try context.type(1).shape.elementCount, count > type.rank {
      throw ModelError(.invalidGraph, "\(count) starts for a tensor of rank \(type.rank)")
    }
    guard let count = try context.type(1).shape.elementCount, let axes = try axes(context, count) else {
      type.shape = Shape([Shape.Dimension](repeating: .unknown, count: type.rank))
      return [type]
    }
    let starts = context.knownElements(1) ?? [Shape.Dimension](repeating: .unknown, count: count)
    let ends = context.knownElements(2) ?? [Shape.Dimension](repeating: .unknown, count: count)
    let steps: [Int?] =
      context.has(4)
      ? context.integers(4)?.map { $0 } ?? [Int?](repeating: nil, count: count)
      : [Int?](repeating: 1, count: count)
    guard starts.count == count, ends.count == count, steps.count == count else {
      throw ModelError(.invalidGraph, "starts, ends and steps differ in number")
    }
    for (index, axis) in axes.enumerated() {
      guard let step = steps[index] else {
        type.shape[axis] = .unknown
        continue
      }
      guard step != 0 else { throw ModelError(.invalidGraph, "a step of 0") }
      type.shape[axis] = Self.length(type.shape[axis], from: starts[index], to: ends[index], by: step)
    }
    return [type]
  }

  /// The axes that are sliced, nil if they are not known.
  private func axes(_ context: InferenceContext, _ count: Int) throws(ModelError) -> [Int]? {
    guard context.has(3) else { return try Self.axes(Array(0..<count), count, rank: context.type(0).rank) }
    guard let axes = context.integers(3) else { return nil }
    return try Self.axes(axes, count, rank: context.type(0).rank)
  }

  private static func axes(_ axes: [Int], _ count: Int, rank: Int) throws(ModelError) -> [Int] {
    guard axes.count == count else { throw ModelError(.invalidGraph, "starts and axes differ in number") }
    var result: [Int] = []
    for axis in axes {
      let normalized = try normalizedAxis(axis, rank: rank)
      guard !result.contains(normalized) else {
        throw ModelError(.invalidGraph, "axis \(axis) is named twice")
      }
      result.append(normalized)
    }
    return result
  }

  /// How many elements are taken along an axis.
  ///
  /// Where a size is a symbol it is taken to be at least 1, and an end that is a symbol to lie inside; the last two or
  /// more elements of so many can be fewer.
  static func length(
    _ size: Shape.Dimension, from start: Shape.Dimension, to end: Shape.Dimension, by step: Int
  ) -> Shape.Dimension {
    if let size = size.fixed, let start = start.fixed, let end = end.fixed {
      return .fixed(range(size, start, end, step).count)
    }
    let isToEnd = end.fixed.map { $0 >= Int(Int32.max) } ?? (end == size && size != .unknown)
    let isToStart = end.fixed.map { $0 <= Int(Int32.min) + 1 } ?? false
    if step < 0 {
      guard isToStart, step != .min, start == .fixed(-1) || start.fixed.map({ $0 >= Int(Int32.max) }) ?? false
      else { return .unknown }
      return size.roundedUpDivision(by: -step)
    }
    // The first element, or nothing but it.
    if start == .fixed(0), end == .fixed(1), size != .unknown { return .fixed(1) }
    let first: Shape.Dimension = start.fixed.map { $0 < 0 ? size + start : start } ?? start
    let last: Shape.Dimension
    if isToEnd {
      last = size
    } else if let number = end.fixed {
      guard number < 0 else { return .unknown }
      last = size + end
    } else {
      last = end
    }
    let length = last - first
    if let number = length.fixed {
      if let start = start.fixed, start < -1 { return .unknown }
      return .fixed(max(0, number)).roundedUpDivision(by: step)
    }
    return length.roundedUpDivision(by: step)
  }

  /// The first position and the number of positions on an axis of a known size.
  package static func range(_ size: Int, _ start: Int, _ end: Int, _ step: Int) -> (first: Int, count: Int) {
    let bounds = step > 0 ? 0...size : -1...max(-1, size - 1)
    func clamped(_ position: Int) -> Int {
      let counted = position < 0 ? position + size : position
      return min(max(counted, bounds.lowerBound), bounds.upperBound)
    }
    let first = step > 0 ? clamped(start) : max(clamped(start), min(0, size - 1))
    let last = clamped(end)
    let distance = step > 0 ? last - first : first - last
    guard distance > 0 else { return (0, 0) }
    return (first, (distance - 1) / Int(clamping: step.magnitude) + 1)
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let starts = try inputs.required(1).integers()
    let ends = try inputs.required(2).integers()
    let axes = try Self.axes(
      inputs.optional(3)?.integers() ?? Array(0..<starts.count), starts.count, rank: input.rank)
    let steps = try inputs.optional(4)?.integers() ?? [Int](repeating: 1, count: starts.count)
    guard ends.count == starts.count, steps.count == starts.count, !steps.contains(0) else {
      throw ModelError(.invalidGraph, "starts, ends and steps do not go together")
    }
    var sizes = input.shape
    var strides = Tensor.strides(of: input.shape)
    var offset = 0
    for (index, axis) in axes.enumerated() {
      let (first, count) = Self.range(input.shape[axis], starts[index], ends[index], steps[index])
      sizes[axis] = count
      offset += first * strides[axis]
      // With several positions the step is shorter than the axis, so that the product is an offset inside.
      strides[axis] = count > 1 ? strides[axis] * steps[index] : 0
    }
    return [
      try input.gathered(sizes: sizes, strides: strides, start: offset)
        .quantized(with: input.quantization?.ofWholeTensor)
    ]
  }
}

extension Slice: ShapeArithmetic {
  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard let elements = context.knownElements(0), context.optionalType(0)?.rank == 1,
      let start = context.integers(1)?.first, let end = context.integers(2)?.first
    else { return nil }
    let steps = context.has(4) ? context.integers(4) : [1]
    guard let step = steps?.first, step != 0 else { return nil }
    let (first, count) = Self.range(elements.count, start, end, step)
    return (0..<count).map { elements[first + $0 * step] }
  }
}
