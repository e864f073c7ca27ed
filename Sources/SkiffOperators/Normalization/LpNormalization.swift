import SkiffBinary
import SkiffIR

/// Each element divided by the norm of its line along an axis: Σ|x| or √Σx². A norm of zero leaves zeros.
public struct LpNormalization: LineOperator {
  public static let name = "LpNormalization"
  public static let summary = "Each element divided by the norm of its line along an axis."
  public static let attributes = [
    Attribute<LpNormalization>("axis", \.axis, "The axis of the lines."),
    Attribute<LpNormalization>(
      "order", \.order, "1 for the sum of absolute values, 2 for the root of squares."),
    Attribute<LpNormalization>("leastNorm", \.leastNorm, "The least that is divided by."),
  ]

  /// The axis of the lines; negative ones count from behind.
  public var axis = -1
  /// 1 for the sum of absolute values, 2 for the root of the sum of squares.
  public var order = 2
  /// The least that is divided by; TensorFlow Lite has 1e-6.
  public var leastNorm: Float = 0

  /// Creates an operator for the root of squares along the last axis.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    _ = try normalizedAxis(axis, rank: type.rank)
    guard order == 1 || order == 2 else {
      throw ModelError(.unsupported, "a norm of order \(order)", at: Location(attribute: "order"))
    }
    return [TensorType(type.dataType, type.shape)]
  }

  package func transform<Real: RealNumber>(_ values: inout [Real], _ start: Int, _ lines: Lines) {
    var sum = 0.0
    for index in 0..<lines.count {
      let value = Double(values[start + index * lines.stride])
      sum += order == 1 ? abs(value) : value * value
    }
    let norm = max(order == 1 ? sum : sum.squareRoot(), Double(leastNorm))
    for index in 0..<lines.count {
      let place = start + index * lines.stride
      values[place] = norm == 0 ? 0 : Real(Double(values[place]) / norm)
    }
  }
}
