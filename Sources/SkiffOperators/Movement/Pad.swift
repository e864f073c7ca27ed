import SkiffBinary
import SkiffIR

/// What padding consists of.
public enum PaddingContent: String, AttributeEnumeration, CaseIterable {
  /// One value.
  case constant
  /// The elements mirrored at the outermost one, which is not repeated.
  case reflect
  /// The elements mirrored behind the outermost one, which is repeated.
  case symmetric
  /// The outermost element.
  case edge
  /// The elements from the other end.
  case wrap
}

/// Adds elements around a tensor; negative numbers take elements away.
///
/// The operand `pads` has all beginnings, then all ends, for the axes of the operand `axes` or for all. The
/// value defaults to zero, which for quantized integers is the zero point.
public struct Pad: DataMovement {
  public static let name = "Pad"
  public static let summary = "Adds elements around a tensor."
  public static let operands: [Operand] = [
    .required("input"), .required("pads"), .optional("value"), .optional("axes"),
  ]
  public static let attributes = [
    Attribute<Pad>("content", \.content, "What the padding consists of.")
  ]

  /// What the padding consists of.
  public var content = PaddingContent.constant

  /// Creates a padding with a constant.
  public init() {}

  /// Creates the operator.
  public init(_ content: PaddingContent) { self.content = content }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    type.quantization = type.quantization?.ofWholeTensor
    if let value = context.optionalType(2), value.dataType != type.dataType {
      throw ModelError(.invalidGraph, "padding of \(value.dataType.rawValue) for \(type.dataType.rawValue)")
    }
    let axes = context.has(3) ? context.integers(3) : Array(0..<type.rank)
    guard let axes, let pads = context.knownElements(1) else {
      type.shape = Shape([Shape.Dimension](repeating: .unknown, count: type.rank))
      return [type]
    }
    for (axis, pad) in zip(axes, try pairs(pads, axes.count)) {
      let axis = try normalizedAxis(axis, rank: type.rank)
      type.shape[axis] = type.shape[axis] + pad.begin + pad.end
      if let size = type.shape[axis].fixed, size < 0 {
        throw ModelError(.invalidGraph, "more is taken from axis \(axis) than it has")
      }
    }
    return [type]
  }

  private func pairs<Number>(_ pads: [Number], _ count: Int) throws(ModelError) -> [(
    begin: Number, end: Number
  )] {
    guard pads.count == 2 * count else {
      throw ModelError(.invalidGraph, "\(pads.count) amounts of padding for \(count) axes")
    }
    return (0..<count).map { (pads[$0], pads[count + $0]) }
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let axes = try inputs.optional(3)?.integers() ?? Array(0..<input.rank)
    var amounts = [(begin: Int, end: Int)](repeating: (0, 0), count: input.rank)
    for (axis, pad) in zip(axes, try pairs(inputs.required(1).integers(), axes.count)) {
      amounts[try normalizedAxis(axis, rank: input.rank)] = pad
    }
    var sizes: [Int] = []
    for (axis, amount) in amounts.enumerated() {
      let (padding, first) = amount.begin.addingReportingOverflow(amount.end)
      let (size, second) = padding.addingReportingOverflow(input.shape[axis])
      guard !first, !second else { throw ModelError(.limitExceeded, "the padding is beyond any size") }
      sizes.append(size)
    }
    _ = try checkedCount(sizes, of: input.dataType)
    var positions: [[Int]] = []
    for (axis, amount) in amounts.enumerated() {
      positions.append(
        try self.positions(begin: amount.begin, end: amount.end, count: input.shape[axis]))
    }
    let offsets = combinedOffsets(positions, strides: Tensor.strides(of: input.shape))
    return [try input.selecting(offsets, shape: sizes, otherwise: fill(input, inputs.optional(2)))]
  }

  /// For each element of a padded axis the position in the input that it repeats, −1 for the constant.
  ///
  /// What is taken away is not repeated.
  ///
  /// - Throws: ``ModelError/Code/limitExceeded`` for amounts beyond 32 bits, ``ModelError/Code/invalidGraph`` where nothing is left
  ///   to repeat.
  package func positions(begin: Int, end: Int, count: Int) throws(ModelError) -> [Int] {
    guard Int32(exactly: begin) != nil, Int32(exactly: end) != nil else {
      throw ModelError(.limitExceeded, "an axis padded by \(begin) and \(end)")
    }
    let first = max(0, -begin)
    let kept = count - first + min(0, end)
    guard content == .constant || kept > 0 || begin + count + end <= 0 else {
      throw ModelError(
        .invalidGraph, "nothing to repeat of an axis of \(count) padded by \(begin) and \(end)")
    }
    return (0..<max(0, begin + count + end)).map { index in
      let place = source(index - max(0, begin), kept)
      return place < 0 ? place : place + first
    }
  }

  private func fill(_ input: Tensor, _ value: Tensor?) throws(ModelError) -> Tensor? {
    guard content == .constant else { return nil }
    if let value { return value }
    guard let zeroPoint = input.quantization?.perTensor?.zeroPoint else {
      return try .zeros(input.dataType, shape: [])
    }
    return try Tensor(integers: [zeroPoint], as: input.dataType, shape: [])
  }

  /// The position that a place before, in or behind `count` elements repeats, −1 for the constant.
  private func source(_ place: Int, _ count: Int) -> Int {
    if place >= 0, place < count { return place }
    switch content {
    case .constant: return -1
    case .edge: return place < 0 ? 0 : count - 1
    case .wrap: return (place % count + count) % count
    case .reflect:
      guard count > 1 else { return 0 }
      let period = 2 * (count - 1)
      let rest = (place % period + period) % period
      return min(rest, period - rest)
    case .symmetric:
      let rest = (place % (2 * count) + 2 * count) % (2 * count)
      return min(rest, 2 * count - 1 - rest)
    }
  }
}
