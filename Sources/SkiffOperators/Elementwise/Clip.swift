import SkiffBinary
import SkiffIR

/// `min(max(x, minimum), maximum)`, with bounds that may be left out.
///
/// A bound is an attribute or an operand (a tensor of one element of the input's type); an operand counts
/// rather than the attribute. Where the bounds cross, the maximum wins. Not-a-number stays one.
public struct Clip: ReferenceKernel {
  public static let name = "Clip"
  public static let summary = "min(max(x, minimum), maximum)."
  public static let operands: [Operand] = [
    .required("input"), .optional("minimum"), .optional("maximum"),
  ]
  public static let attributes = [
    Attribute<Clip>("minimum", \.minimum, "The least result, none for no bound."),
    Attribute<Clip>("maximum", \.maximum, "The greatest result, none for no bound."),
  ]

  /// The least result, nil for no bound.
  public var minimum: Float?
  /// The greatest result, nil for no bound.
  public var maximum: Float?

  /// Creates the operator.
  public init() {}

  /// Creates the operator with its bounds.
  public init(minimum: Float?, maximum: Float?) {
    self.minimum = minimum
    self.maximum = maximum
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.dataType.isFloatingPoint || type.dataType.isInteger else {
      throw ModelError(.invalidGraph, "Clip of \(type.dataType.rawValue)")
    }
    for index in 1...2 {
      guard let bound = context.optionalType(index) else { continue }
      guard bound.dataType == type.dataType, bound.shape.elementCount.map({ $0 == 1 }) ?? true else {
        throw ModelError(.invalidGraph, "a bound \(bound) for \(type)")
      }
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    if input.dataType.isInteger {
      let range = input.dataType.integerRange()
      let low =
        try bound(inputs, 1) { (tensor) throws(ModelError) in try tensor.integers() }
        ?? minimum.map { Self.integer($0.rounded(.up), in: range) } ?? range.lowerBound
      let high =
        try bound(inputs, 2) { (tensor) throws(ModelError) in try tensor.integers() }
        ?? maximum.map { Self.integer($0.rounded(.down), in: range) } ?? range.upperBound
      let clipped = try input.plainIntegers().map { min(max($0, low), high) }
      return [try Tensor(integers: clipped, as: input.dataType, shape: input.shape)]
    }
    if input.dataType == .float64 {
      let low = try bound(inputs, 1) { (tensor) throws(ModelError) in try tensor.doubles() }
      let high = try bound(inputs, 2) { (tensor) throws(ModelError) in try tensor.doubles() }
      let clipped = Self.clip(
        try input.doubles(), low ?? minimum.map(Double.init), high ?? maximum.map(Double.init))
      return [Tensor(clipped, shape: input.shape)]
    }
    let low = try bound(inputs, 1) { (tensor) throws(ModelError) in try tensor.floats() }
    let high = try bound(inputs, 2) { (tensor) throws(ModelError) in try tensor.floats() }
    let clipped = Self.clip(try input.floats(), low ?? minimum, high ?? maximum)
    return [try Tensor(floats: clipped, as: input.dataType, shape: input.shape)]
  }

  private func bound<Number>(
    _ inputs: [Tensor?], _ index: Int, _ read: (Tensor) throws(ModelError) -> [Number]
  ) throws(ModelError) -> Number? {
    guard let tensor = inputs.optional(index) else { return nil }
    guard tensor.count == 1 else {
      throw ModelError(.invalidGraph, "a bound of \(tensor.count) elements")
    }
    return try read(tensor).first
  }

  private static func clip<Real: RealNumber>(_ values: [Real], _ low: Real?, _ high: Real?) -> [Real] {
    let (low, high) = (low ?? -.infinity, high ?? .infinity)
    return values.map { x in
      let raised = x < low ? low : x
      return raised > high ? high : raised
    }
  }

  /// The bound as an integer of the type.
  private static func integer(_ bound: Float, in range: ClosedRange<Int>) -> Int {
    if let exact = Int(exactly: bound) { return min(max(exact, range.lowerBound), range.upperBound) }
    return bound < 0 ? range.lowerBound : range.upperBound
  }
}
