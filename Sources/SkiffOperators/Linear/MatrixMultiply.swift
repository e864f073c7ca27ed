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
    return [TensorType(a.dataType, try resultShape(a.shape, b.shape))]
  }

  /// The shape of the product of operands of these shapes.
  package func resultShape(_ a: Shape, _ b: Shape) throws(ModelError) -> Shape {
    guard a.rank >= 1, b.rank >= 1 else { throw ModelError(.invalidGraph, "the product of \(a) and \(b)") }
    let left = matrix(a, isLeft: true)
    let right = matrix(b, isLeft: false)
    guard Shape([left.columns]).isCompatible(with: Shape([right.rows])) else {
      throw ModelError(.invalidGraph, "the product of \(a) and \(b)")
    }
    let batch = try Broadcasting.shape(of: [left.batch, right.batch])
    return Shape(
      batch.dimensions + (a.rank == 1 ? [] : [left.rows]) + (b.rank == 1 ? [] : [right.columns]))
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
    let geometry = try geometry(a.shape, b.shape)
    switch a.dataType {
    case .float64:
      let products = geometry.products(try a.doubles(), try b.doubles(), 0) { $0 + $1 * $2 }
      return [Tensor(products, shape: geometry.shape)]
    case _ where a.dataType.isFloatingPoint:
      let products = geometry.products(try a.floats(), try b.floats(), 0) { $0 + $1 * $2 }
      return [try Tensor(floats: products, as: a.dataType, shape: geometry.shape)]
    default:
      let products = geometry.products(try a.plainIntegers(), try b.plainIntegers(), 0) { $0 &+ $1 &* $2 }
      return [try Tensor(integers: products, as: a.dataType, shape: geometry.shape)]
    }
  }

  /// Where the elements of operands with these sizes are.
  package func geometry(_ a: [Int], _ b: [Int]) throws(ModelError) -> MatrixGeometry {
    guard !a.isEmpty, !b.isEmpty else { throw ModelError(.invalidGraph, "the product of a scalar") }
    let left = matrix(Shape(a), isLeft: true)
    let right = matrix(Shape(b), isLeft: false)
    guard let rows = left.rows.fixed, let inner = left.columns.fixed, right.rows.fixed == inner,
      let columns = right.columns.fixed,
      let batch = try Broadcasting.shape(of: [left.batch, right.batch]).fixed
    else { throw ModelError(.invalidGraph, "the product of \(Shape(a)) and \(Shape(b))") }
    let starts = (
      Self.starts(left.batch, rows * inner, to: batch), Self.starts(right.batch, inner * columns, to: batch)
    )
    let shape = batch + (a.count == 1 ? [] : [rows]) + (b.count == 1 ? [] : [columns])
    _ = try checkedCount(shape, of: .float32)
    return MatrixGeometry(
      shape: shape, starts: starts,
      rows: rows, inner: inner, columns: columns,
      aStep: a.count > 1 && transposesA ? (1, rows) : (inner, 1),
      bStep: b.count > 1 && transposesB ? (1, inner) : (columns, 1))
  }

  /// The offset of the matrix that belongs to each element of the broadcast batch.
  private static func starts(_ batch: Shape, _ size: Int, to sizes: [Int]) -> [Int] {
    let own = batch.fixed ?? []
    let offsets = (0..<own.reduce(1, *)).map { $0 * size }
    return Broadcasting.expand(offsets, own, to: sizes)
  }
}

/// Where the elements of the matrices of a product are.
package struct MatrixGeometry {
  /// The sizes of the result.
  package let shape: [Int]
  /// The first element of each matrix of the batch.
  package let starts: ([Int], [Int])
  package let rows: Int
  package let inner: Int
  package let columns: Int
  /// The distances of rows and columns.
  package let aStep: (Int, Int)
  package let bStep: (Int, Int)

  /// The products; rows of `b` are added up where they lie in a row, else its columns are multiplied.
  @inline(__always)
  package func products<Number>(
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
