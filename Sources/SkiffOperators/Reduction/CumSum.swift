import SkiffBinary
import SkiffIR

/// The sum of all elements up to each one along an axis.
public struct CumSum: ReferenceKernel {
  public static let name = "CumSum"
  public static let summary = "The sum of all elements up to each one along an axis."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<CumSum>("axis", \.axis, "The axis along which elements are summed."),
    Attribute<CumSum>("isExclusive", \.isExclusive, "Whether an element is left out of its own sum."),
    Attribute<CumSum>("isReversed", \.isReversed, "Whether the sums begin at the end."),
  ]

  /// The axis along which elements are summed; negative ones count from behind.
  public var axis = 0
  /// Whether an element is left out of its own sum.
  public var isExclusive = false
  /// Whether the sums begin at the end.
  public var isReversed = false

  /// Creates an operator along the first axis.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    _ = try normalizedAxis(axis, rank: type.rank)
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let lines = Lines(input.shape, axis: try normalizedAxis(axis, rank: input.rank))
    if input.dataType.isFloatingPoint {
      let sums = sums(try input.doubles(), lines, 0) { $0 + $1 }
      return [try Tensor(sums, shape: input.shape).cast(to: input.dataType)]
    }
    let sums = sums(try input.plainIntegers(), lines, 0) { $0 &+ $1 }
    return [try Tensor(integers: sums, as: input.dataType, shape: input.shape)]
  }

  private func sums<Number>(
    _ values: [Number], _ lines: Lines, _ zero: Number, _ add: (Number, Number) -> Number
  ) -> [Number] {
    var result = values
    lines.forEach { start in
      var sum = zero
      for step in 0..<lines.count {
        let index = start + (isReversed ? lines.count - 1 - step : step) * lines.stride
        let next = add(sum, values[index])
        result[index] = isExclusive ? sum : next
        sum = next
      }
    }
    return result
  }
}
