import SkiffBinary
import SkiffIR

/// An operator that maps each line along an axis to a line of the same length.
package protocol LineOperator: ReferenceKernel, AlongAxisOperator {
  /// Replaces the line of `values` that starts at `start` by its image.
  func transform<Real: RealNumber>(_ values: inout [Real], _ start: Int, _ lines: Lines)
}

extension LineOperator {
  public static var operands: [Operand] { [.required("input")] }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    _ = try normalizedAxis(axis, rank: type.rank)
    guard type.dataType.isFloatingPoint || type.isQuantized else {
      throw ModelError(.invalidGraph, "\(Self.name) of \(type.dataType.rawValue)")
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let lines = Lines(input.shape, axis: try normalizedAxis(axis, rank: input.rank))
    if input.dataType == .float64 {
      var values = try input.doubles()
      if lines.count > 0 { lines.forEach { transform(&values, $0, lines) } }
      return [Tensor(values, shape: input.shape)]
    }
    var values = try input.floats()
    if lines.count > 0 { lines.forEach { transform(&values, $0, lines) } }
    return [try Tensor(floats: values, as: input.dataType, shape: input.shape)]
  }
}

extension Lines {
  /// The greatest element of the line that starts at `start`; not-a-number if one is.
  package func greatest<Real: RealNumber>(_ values: [Real], _ start: Int) -> Real {
    var greatest = -Real.infinity
    for index in 0..<count {
      let value = values[start + index * stride]
      if !(value <= greatest) { greatest = value }
    }
    return greatest
  }
}

/// `e^(beta · x) / Σ e^(beta · x)` along an axis.
public struct Softmax: LineOperator {
  public static let name = "Softmax"
  public static let summary = "e^(beta · x) / Σ e^(beta · x) along an axis."
  public static let attributes = [
    Attribute<Softmax>("axis", \.axis, "The axis along which the results sum to 1."),
    Attribute<Softmax>("beta", \.beta, "What each element is multiplied by first."),
  ]

  /// The axis along which the results sum to 1; negative ones count from behind.
  public var axis = -1
  /// What each element is multiplied by first.
  public var beta: Float = 1

  /// Creates an operator along the last axis.
  public init() {}

  /// Creates the operator.
  public init(axis: Int) { self.axis = axis }

  package func transform<Real: RealNumber>(_ values: inout [Real], _ start: Int, _ lines: Lines) {
    let greatest = lines.greatest(values, start)
    var sum = 0.0
    for index in 0..<lines.count {
      let place = start + index * lines.stride
      values[place] = Real.exponential((values[place] - greatest) * Real(beta))
      sum += Double(values[place])
    }
    for index in 0..<lines.count { values[start + index * lines.stride] /= Real(sum) }
  }
}

/// `x − log Σ e^x` along an axis, the logarithm of ``Softmax``.
public struct LogSoftmax: LineOperator {
  public static let name = "LogSoftmax"
  public static let summary = "x - log Σ e^x along an axis."
  public static let attributes = [Attribute<LogSoftmax>("axis", \.axis, "The axis.")]

  /// The axis; negative ones count from behind.
  public var axis = -1

  /// Creates an operator along the last axis.
  public init() {}

  package func transform<Real: RealNumber>(_ values: inout [Real], _ start: Int, _ lines: Lines) {
    let greatest = lines.greatest(values, start)
    var sum = 0.0
    for index in 0..<lines.count {
      sum += Double(Real.exponential(values[start + index * lines.stride] - greatest))
    }
    let logarithm = Real(Double.logarithm(sum))
    for index in 0..<lines.count {
      let place = start + index * lines.stride
      values[place] = values[place] - greatest - logarithm
    }
  }
}

/// 1 for the first greatest element along an axis, 0 for all others.
public struct Hardmax: LineOperator {
  public static let name = "Hardmax"
  public static let summary = "1 for the first greatest element along an axis, 0 for all others."
  public static let attributes = [Attribute<Hardmax>("axis", \.axis, "The axis.")]

  /// The axis; negative ones count from behind.
  public var axis = -1

  /// Creates an operator along the last axis.
  public init() {}

  package func transform<Real: RealNumber>(_ values: inout [Real], _ start: Int, _ lines: Lines) {
    var best = start
    for index in 0..<lines.count {
      let place = start + index * lines.stride
      if values[place] > values[best] { best = place }
    }
    for index in 0..<lines.count {
      let place = start + index * lines.stride
      values[place] = place == best ? 1 : 0
    }
  }
}
