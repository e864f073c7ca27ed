import SkiffBinary
import SkiffIR

/// An operator that normalizes all that lies behind an axis, and scales it element by element.
package protocol TrailingNormalization: ReferenceKernel {
  /// The first axis of what is normalized together; negative ones count from behind.
  var axis: Int { get }
  /// What is added to the mean square.
  var epsilon: Float { get }
  /// What is subtracted from a row, and what its elements are multiplied with.
  func parameters<Real: RealNumber>(_ row: ArraySlice<Real>) -> (shift: Double, scale: Double)
}

extension TrailingNormalization {
  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    let axis = try normalizedAxis(axis, rank: type.rank)
    let inner = Shape(Array(type.shape.dimensions[axis...]))
    for index in 1..<Self.operands.count {
      guard let shape = context.optionalType(index)?.shape else { continue }
      guard try Broadcasting.shape(of: [inner, shape]).isCompatible(with: inner) else {
        throw ModelError(.invalidGraph, "\(Self.operands[index].name) \(shape) for \(inner)")
      }
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let axis = try normalizedAxis(axis, rank: input.rank)
    let inner = Array(input.shape[axis...])
    let length = inner.reduce(1, *)
    guard length > 0 else { return [input] }
    let (scale, shift) = (inputs.optional(1), inputs.optional(2))
    if input.dataType == .float64 {
      let values = normalized(
        try input.doubles(), length, scale: try expanded(scale?.doubles(), scale?.shape, to: inner),
        shift: try expanded(shift?.doubles(), shift?.shape, to: inner))
      return [Tensor(values, shape: input.shape)]
    }
    let values = normalized(
      try input.floats(), length, scale: try expanded(scale?.floats(), scale?.shape, to: inner),
      shift: try expanded(shift?.floats(), shift?.shape, to: inner))
    return [try Tensor(floats: values, as: input.dataType, shape: input.shape)]
  }

  private func normalized<Real: RealNumber>(
    _ values: [Real], _ length: Int, scale: [Real]?, shift: [Real]?
  ) -> [Real] {
    var result = values
    for start in stride(from: 0, to: values.count, by: length) {
      let row = parameters(values[start..<start + length])
      for index in 0..<length {
        let normalized = Real((Double(values[start + index]) - row.shift) * row.scale)
        result[start + index] = normalized * (scale?[index] ?? 1) + (shift?[index] ?? 0)
      }
    }
    return result
  }

  private func expanded<Real: RealNumber>(
    _ parameters: [Real]?, _ sizes: [Int]?, to shape: [Int]
  ) throws(ModelError) -> [Real]? {
    guard let parameters, let sizes else { return nil }
    guard try Broadcasting.sizes(of: [shape, sizes]) == shape else {
      throw ModelError(.invalidGraph, "parameters \(Shape(sizes)) for \(Shape(shape))")
    }
    return Broadcasting.expand(parameters, sizes, to: shape)
  }
}

/// `(x − mean) / √(variance + epsilon) · scale + shift` with the statistics of all that lies behind an axis.
///
/// Ba and others, "Layer Normalization", 2016. Scale and shift broadcast to the sizes from the axis on.
public struct LayerNormalization: TrailingNormalization {
  public static let name = "LayerNormalization"
  public static let summary = "Normalizes all that lies behind an axis by its own mean and variance."
  public static let operands: [Operand] = [.required("input"), .optional("scale"), .optional("shift")]
  public static let attributes = [
    Attribute<LayerNormalization>("axis", \.axis, "The first axis of what is normalized together."),
    Attribute<LayerNormalization>("epsilon", \.epsilon, "What is added to the variance."),
  ]

  /// The first axis of what is normalized together; negative ones count from behind.
  public var axis = -1
  /// What is added to the variance.
  public var epsilon: Float = 1e-5

  /// Creates an operator on the last axis.
  public init() {}

  package func parameters<Real: RealNumber>(_ row: ArraySlice<Real>) -> (shift: Double, scale: Double) {
    let mean = row.sum { $0 } / Double(row.count)
    let variance = row.sum { ($0 - mean) * ($0 - mean) } / Double(row.count)
    return (mean, 1 / (variance + Double(epsilon)).squareRoot())
  }
}

/// `x / √(mean of x² + epsilon) · scale` over all that lies behind an axis.
///
/// Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
public struct RMSNormalization: TrailingNormalization {
  public static let name = "RMSNormalization"
  public static let summary = "Normalizes all that lies behind an axis by its root mean square."
  public static let operands: [Operand] = [.required("input"), .optional("scale")]
  public static let attributes = [
    Attribute<RMSNormalization>("axis", \.axis, "The first axis of what is normalized together."),
    Attribute<RMSNormalization>("epsilon", \.epsilon, "What is added to the mean square."),
  ]

  /// The first axis of what is normalized together; negative ones count from behind.
  public var axis = -1
  /// What is added to the mean square.
  public var epsilon: Float = 1e-5

  /// Creates an operator on the last axis.
  public init() {}

  package func parameters<Real: RealNumber>(_ row: ArraySlice<Real>) -> (shift: Double, scale: Double) {
    (0, 1 / (row.sum { $0 * $0 } / Double(row.count) + Double(epsilon)).squareRoot())
  }
}
