import SkiffBinary
import SkiffIR

/// A tensor of the shape that the operand holds, each element the same.
public struct ConstantOfShape: ReferenceKernel {
  public static let name = "ConstantOfShape"
  public static let summary = "A tensor of a given shape, each element the same."
  public static let operands: [Operand] = [.required("shape")]
  public static let attributes = [
    Attribute<ConstantOfShape>("dataType", \.dataType, "The type of the result."),
    Attribute<ConstantOfShape>("value", \.value, "Each element."),
  ]

  /// The type of the result.
  public var dataType = DataType.float32
  /// Each element.
  public var value = 0.0

  /// Creates an operator that fills with zeros of float32.
  public init() {}

  /// Creates the operator.
  public init(_ value: Double, of dataType: DataType) {
    self.dataType = dataType
    self.value = value
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let shape = try context.type(0)
    if let sizes = context.knownElements(0) {
      guard sizes.allSatisfy({ $0.fixed.map { $0 >= 0 } ?? true }) else {
        throw ModelError(.invalidGraph, "a negative size in \(Shape(sizes))")
      }
      return [TensorType(dataType, Shape(sizes))]
    }
    guard let rank = shape.shape.elementCount else {
      throw ModelError(.unsupported, "a shape whose rank is computed when the graph runs")
    }
    return [TensorType(dataType, try Shape(unknownOfRank: rank))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let sizes = try inputs.required(0).integers()
    let count = try checkedCount(sizes, of: dataType)
    let element = try Cast(to: dataType).evaluate([Tensor(scalar: value)])[0]
    return [try element.selecting([Int](repeating: 0, count: count), shape: sizes)]
  }
}

/// Ones on a diagonal and zeros elsewhere, of the operand's two sizes.
public struct EyeLike: ReferenceKernel {
  public static let name = "EyeLike"
  public static let summary = "Ones on a diagonal and zeros elsewhere, of the operand's shape."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<EyeLike>("dataType", \.dataType, "The type of the result, none for that of the operand."),
    Attribute<EyeLike>("diagonal", \.diagonal, "How far above the main diagonal the ones are."),
  ]

  /// The type of the result, nil for that of the operand.
  public var dataType: DataType?
  /// How far above the main diagonal the ones are.
  public var diagonal = 0

  /// Creates an operator for the main diagonal.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.rank == 2 else { throw ModelError(.invalidGraph, "a diagonal of \(type.shape)") }
    return [TensorType(dataType ?? type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.rank == 2 else { throw ModelError(.invalidGraph, "a diagonal of \(Shape(input.shape))") }
    let (rows, columns) = (input.shape[0], input.shape[1])
    var ones = [Bool](repeating: false, count: rows * columns)
    for row in 0..<rows {
      let (column, overflow) = row.addingReportingOverflow(diagonal)
      if !overflow, (0..<columns).contains(column) { ones[row * columns + column] = true }
    }
    return [try Tensor(ones, shape: input.shape).cast(to: dataType ?? input.dataType)]
  }
}

/// The upper or lower triangle of each matrix in the last two axes, zeros elsewhere.
public struct Trilu: ReferenceKernel {
  public static let name = "Trilu"
  public static let summary = "The upper or lower triangle of each matrix, zeros elsewhere."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<Trilu>("isUpper", \.isUpper, "Whether the upper triangle is kept."),
    Attribute<Trilu>("diagonal", \.diagonal, "How far above the main diagonal the kept edge is."),
  ]

  /// Whether the upper triangle is kept.
  public var isUpper = true
  /// How far above the main diagonal the kept edge is.
  public var diagonal = 0

  /// Creates an operator that keeps the upper triangle.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.rank >= 2 else { throw ModelError(.invalidGraph, "a triangle of \(type.shape)") }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.rank >= 2, input.quantization == nil else {
      throw ModelError(.unsupported, "a triangle of \(input.type)")
    }
    let (rows, columns) = (input.shape[input.rank - 2], input.shape[input.rank - 1])
    var offsets = Array(0..<input.count)
    let matrices = rows * columns > 0 ? input.count / (rows * columns) : 0
    let edge = min(max(diagonal, -rows), columns)
    for matrix in 0..<matrices {
      for row in 0..<rows {
        let start = (matrix * rows + row) * columns
        for column in 0..<columns where isUpper ? column < row + edge : column > row + edge {
          offsets[start + column] = -1
        }
      }
    }
    let zero = try Tensor.zeros(input.dataType, shape: [])
    return [try input.selecting(offsets, shape: input.shape, otherwise: zero)]
  }
}
