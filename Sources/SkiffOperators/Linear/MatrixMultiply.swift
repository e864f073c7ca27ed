import SkiffBinary
import SkiffIR

/// The matrix product over the last two axes; the axes before them broadcast.
///
/// An operand of rank 1 is a row on the left and a column on the right, and its axis is missing in the result,
/// as NumPy's `matmul` has it.
public struct MatrixMultiply: ReferenceKernel {
  public static let name = "MatrixMultiply"
  public static let summary = "The matrix product over the last two axes, broadcasting the others."
  public static let operands: [Operand] = [.required("a"), .required("b")]
  public static let attributes: [Attribute<MatrixMultiply>] = [
    Attribute("transposesA", \.transposesA, "Whether the last two axes of a are exchanged first."),
    Attribute("transposesB", \.transposesB, "Whether the last two axes of b are exchanged first."),
  ]

  /// Whether the last two axes of `a` are exchanged first.
  public var transposesA = false
  /// Whether the last two axes of `b` are exchanged first.
  public var transposesB = false

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (a, b) = (try context.type(0), try context.type(1))
    guard a.rank >= 1, b.rank >= 1 else {
      throw ModelError(.invalidGraph, "the product of \(a.shape) and \(b.shape)")
    }
    let left = matrix(a.shape, isLeft: true)
    let right = matrix(b.shape, isLeft: false)
    guard Shape([left.columns]).isCompatible(with: Shape([right.rows])) else {
      throw ModelError(.invalidGraph, "the product of \(a.shape) and \(b.shape)")
    }
    let batch = try Broadcasting.shape(of: [left.batch, right.batch])
    let rows = a.rank == 1 ? [] : [left.rows]
    let columns = b.rank == 1 ? [] : [right.columns]
    return [TensorType(a.dataType, Shape(batch.dimensions + rows + columns))]
  }

  private func matrix(
    _ shape: Shape, isLeft: Bool
  ) -> (batch: Shape, rows: Shape.Dimension, columns: Shape.Dimension) {
    let dimensions = shape.dimensions
    guard let last = dimensions.last else { return (.scalar, .fixed(1), .fixed(1)) }
    guard dimensions.count > 1 else {
      return isLeft ? (.scalar, .fixed(1), last) : (.scalar, last, .fixed(1))
    }
    let batch = Shape(Array(dimensions.dropLast(2)))
    let first = dimensions[dimensions.count - 2]
    return (isLeft ? transposesA : transposesB) ? (batch, last, first) : (batch, first, last)
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (a, b) = (try inputs.required(0), try inputs.required(1))
    guard a.rank >= 1, b.rank >= 1 else { throw ModelError(.invalidGraph, "the product of a scalar") }
    let left = matrix(Shape(a.shape), isLeft: true)
    let right = matrix(Shape(b.shape), isLeft: false)
    guard let rows = left.rows.fixed, let inner = left.columns.fixed, right.rows.fixed == inner,
      let columns = right.columns.fixed,
      let batch = try Broadcasting.shape(of: [left.batch, right.batch]).fixed
    else {
      throw ModelError(.invalidGraph, "the product of \(Shape(a.shape)) and \(Shape(b.shape))")
    }
    let shape = batch + (a.rank == 1 ? [] : [rows]) + (b.rank == 1 ? [] : [columns])
    let starts = (
      Self.starts(left.batch, rows * inner, to: batch), Self.starts(right.batch, inner * columns, to: batch)
    )
    let (aStep, bStep) = (
      a.rank > 1 && transposesA ? (1, rows) : (inner, 1),
      b.rank > 1 && transposesB ? (1, inner) : (columns, 1)
    )
    if a.dataType.isInteger {
      let (x, y) = (try a.integers(), try b.integers())
      let result = products(starts, rows, inner, columns) { pair, row, column in
        (0..<inner).reduce(0) { sum, k in
          sum &+ x[pair.0 + row * aStep.0 + k * aStep.1] &* y[pair.1 + k * bStep.0 + column * bStep.1]
        }
      }
      return [try Tensor(integers: result, as: a.dataType, shape: shape)]
    }
    let (x, y) = (try a.floats(), try b.floats())
    let result = products(starts, rows, inner, columns) { pair, row, column in
      var sum: Float = 0
      for k in 0..<inner {
        sum += x[pair.0 + row * aStep.0 + k * aStep.1] * y[pair.1 + k * bStep.0 + column * bStep.1]
      }
      return sum
    }
    return [try Tensor(floats: result, as: a.dataType, shape: shape)]
  }

  private func products<Number>(
    _ starts: ([Int], [Int]), _ rows: Int, _ inner: Int, _ columns: Int,
    _ element: ((Int, Int), Int, Int) -> Number
  ) -> [Number] {
    var result: [Number] = []
    result.reserveCapacity(starts.0.count * rows * columns)
    for pair in zip(starts.0, starts.1) {
      for row in 0..<rows {
        for column in 0..<columns { result.append(element(pair, row, column)) }
      }
    }
    return result
  }

  /// The offset of the matrix that belongs to each element of the broadcast batch.
  private static func starts(_ batch: Shape, _ size: Int, to sizes: [Int]) -> [Int] {
    let own = batch.fixed ?? []
    let offsets = (0..<own.reduce(1, *)).map { $0 * size }
    return Broadcasting.expand(offsets, own, to: sizes)
  }
}
