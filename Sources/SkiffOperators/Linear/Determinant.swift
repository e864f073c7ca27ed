import SkiffBinary
import SkiffIR

/// The determinant of each matrix of the last two axes.
public struct Determinant: ReferenceKernel {
  public static let name = "Determinant"
  public static let summary = "The determinant of each matrix of the last two axes."
  public static let operands: [Operand] = [.required("input")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.rank >= 2, type.dataType.isFloatingPoint,
      Shape([type.shape[type.rank - 2]]).isCompatible(with: Shape([type.shape[type.rank - 1]]))
    else { throw ModelError(.invalidGraph, "the determinant of \(type)") }
    return [TensorType(type.dataType, Shape(Array(type.shape.dimensions.dropLast(2))))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.rank >= 2, input.shape[input.rank - 2] == input.shape[input.rank - 1] else {
      throw ModelError(.invalidGraph, "the determinant of \(input.type)")
    }
    let size = input.shape[input.rank - 1]
    let shape = Array(input.shape.dropLast(2))
    let values = try input.doubles()
    let results = (0..<shape.reduce(1, *)).map { matrix in
      Self.determinant(Array(values[matrix * size * size..<(matrix + 1) * size * size]), size)
    }
    return [try Tensor(results, shape: shape).cast(to: input.dataType)]
  }

  /// By elimination with the greatest element of each column.
  private static func determinant(_ values: [Double], _ size: Int) -> Double {
    var rows = values
    var result = 1.0
    for column in 0..<size {
      var pivot = column
      for row in column..<size where abs(rows[row * size + column]) > abs(rows[pivot * size + column]) {
        pivot = row
      }
      let value = rows[pivot * size + column]
      guard value != 0 else { return 0 }
      if pivot != column {
        for index in 0..<size { rows.swapAt(pivot * size + index, column * size + index) }
        result = -result
      }
      result *= value
      for row in column + 1..<max(size, column + 1) {
        let factor = rows[row * size + column] / value
        for index in column..<size { rows[row * size + index] -= factor * rows[column * size + index] }
      }
    }
    return result
  }
}
