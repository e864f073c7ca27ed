import SkiffBinary
import SkiffIR

/// An operator that finds where along an axis the most extreme element is.
package protocol ArgExtreme: RealNumberBoundary, AxisAware {
  /// The axis that is searched; negative ones count from behind.
  var axis: Int { get set }
  /// Whether the axis stays, with size 1.
  var keepsDimensions: Bool { get set }
  /// Whether the last of equal elements is found, not the first.
  var selectsLast: Bool { get set }
  /// The type of the indices.
  var dataType: DataType { get set }
  /// Whether `a` is more extreme than `b`.
  func precedes<Number: Comparable>(_ a: Number, _ b: Number) -> Bool
}

extension ArgExtreme {
  public static var operands: [Operand] { [.required("input")] }
  public static var attributes: [Attribute<Self>] {
    [
      Attribute("axis", \.axis, "The axis that is searched."),
      Attribute("keepsDimensions", \.keepsDimensions, "Whether the axis stays, with size 1."),
      Attribute("selectsLast", \.selectsLast, "Whether the last of equal elements is found, not the first."),
      Attribute("dataType", \.dataType, "The type of the indices."),
    ]
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var shape = try context.type(0).shape
    let axis = try normalizedAxis(axis, rank: shape.rank)
    let isEmpty = shape[axis] == .fixed(0)
    shape[axis] = .fixed(1)
    if isEmpty, let count = shape.elementCount, count > 0 {
      throw ModelError(.invalidGraph, "nothing to find along axis \(axis) of \(try context.type(0))")
    }
    if !keepsDimensions { shape.dimensions.remove(at: axis) }
    return [TensorType(dataType, shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let axis = try normalizedAxis(axis, rank: input.rank)
    var shape = input.shape
    shape[axis] = 1
    if !keepsDimensions { shape.remove(at: axis) }
    guard !shape.contains(0) else { return [try Tensor.zeros(dataType, shape: shape)] }
    let lines = Lines(input.shape, axis: axis)
    guard lines.count > 0 else { throw ModelError(.invalidGraph, "nothing to find in \(Shape(input.shape))") }
    // Order is the same among stored integers and the numbers that they stand for.
    let found =
      switch input.dataType {
      case .float64: search(try input.doubles(), lines)
      case _ where input.dataType.isFloatingPoint: search(try input.floats(), lines)
      default: search(try input.integers(), lines)
      }
    return [try Tensor(integers: found, as: dataType, shape: shape)]
  }

  private func search<Number: Comparable>(_ values: [Number], _ lines: Lines) -> [Int] {
    var result: [Int] = []
    lines.forEach { start in
      var best = 0
      for index in 1..<max(1, lines.count) {
        let (new, old) = (values[start + index * lines.stride], values[start + best * lines.stride])
        if precedes(new, old) || selectsLast && new == old { best = index }
      }
      result.append(best)
    }
    return result
  }
}

/// Where along an axis the greatest element is.
public struct ArgMax: ArgExtreme {
  public static let name = "ArgMax"
  public static let summary = "Where along an axis the greatest element is."

  /// The axis that is searched; negative ones count from behind.
  public var axis = 0
  /// Whether the axis stays, with size 1.
  public var keepsDimensions = true
  /// Whether the last of equal elements is found, not the first.
  public var selectsLast = false
  /// The type of the indices.
  public var dataType = DataType.int64

  /// Creates an operator on the first axis.
  public init() {}

  package func precedes<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a > b }
}

/// Where along an axis the least element is.
public struct ArgMin: ArgExtreme {
  public static let name = "ArgMin"
  public static let summary = "Where along an axis the least element is."

  /// The axis that is searched; negative ones count from behind.
  public var axis = 0
  /// Whether the axis stays, with size 1.
  public var keepsDimensions = true
  /// Whether the last of equal elements is found, not the first.
  public var selectsLast = false
  /// The type of the indices.
  public var dataType = DataType.int64

  /// Creates an operator on the first axis.
  public init() {}

  package func precedes<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a < b }
}
