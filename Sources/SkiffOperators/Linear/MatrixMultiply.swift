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
    let geometry = Geometry(
      starts: starts, rows: rows, inner: inner, columns: columns, aStep: aStep, bStep: bStep)
    switch a.dataType {
    case .float64:
      return [Tensor(geometry.products(try a.doubles(), try b.doubles(), 0) { $0 + $1 * $2 }, shape: shape)]
    case _ where a.dataType.isFloatingPoint:
      let products = geometry.products(try a.floats(), try b.floats(), 0) { $0 + $1 * $2 }
      return [try Tensor(floats: products, as: a.dataType, shape: shape)]
    default:
      let products = geometry.products(try a.plainIntegers(), try b.plainIntegers(), 0) { $0 &+ $1 &* $2 }
      return [try Tensor(integers: products, as: a.dataType, shape: shape)]
    }
  }

  /// Where the elements of the matrices are.
  private struct Geometry {
    /// The first element of each matrix of the batch.
    let starts: ([Int], [Int])
    let rows: Int
    let inner: Int
    let columns: Int
    /// The distances of rows and columns.
    let aStep: (Int, Int)
    let bStep: (Int, Int)

    /// The products; rows of `b` are added up where they lie in a row, else its columns are multiplied.
    @inline(__always)
    func products<Number>(
      _ a: [Number], _ b: [Number], _ zero: Number, _ addProduct: (Number, Number, Number) -> Number
    ) -> [Number] {
      var result = [Number](repeating: zero, count: starts.0.count * rows * columns)
      var target = 0
      for (aStart, bStart) in zip(starts.0, starts.1) {
        for row in 0..<rows {
          let left = aStart + row * aStep.0
          if bStep.1 == 1 {
            for k in 0..<inner {
              let factor = a[left + k * aStep.1]
              let right = bStart + k * bStep.0
              for column in 0..<columns {
                result[target + column] = addProduct(result[target + column], factor, b[right + column])
              }
            }
          } else {
            for column in 0..<columns {
              var sum = zero
              let right = bStart + column * bStep.1
              for k in 0..<inner { sum = addProduct(sum, a[left + k * aStep.1], b[right + k * bStep.0]) }
              result[target + column] = sum
            }
          }
          target += columns
        }
      }
      return result
    }
  }

  /// The offset of the matrix that belongs to each element of the broadcast batch.
  private static func starts(_ batch: Shape, _ size: Int, to sizes: [Int]) -> [Int] {
    let own = batch.fixed ?? []
    let offsets = (0..<own.reduce(1, *)).map { $0 * size }
    return Broadcasting.expand(offsets, own, to: sizes)
  }
}
