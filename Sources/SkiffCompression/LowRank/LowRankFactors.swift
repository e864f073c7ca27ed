/// Two matrices of few columns and rows whose product is near to a matrix, as seen by its inputs.
///
/// The error is that of the outputs, ‖(W − A B) X‖², for inputs of given moments X Xᵀ; without them that of the weights. By the theorem
/// of Eckart and Young, 1936, the best ones follow from the singular vectors of W L, where L Lᵀ are the moments.
struct LowRankFactors {
  private let outputs: Int
  private let inputs: Int
  /// All that ranks are cut from: `outputs · size` and `size · inputs` numbers.
  private let left: [Double]
  private let right: [Double]
  private let size: Int
  /// The share of the energy of the outputs that is lost by each rank, from 0 on.
  let losses: [Double]

  /// The most rows or columns, whichever are fewer.
  static let largestSize = 1024
  /// How much is added to the moments, relative to their mean: what samples do not show may still occur.
  private static let damping = 0.01

  /// - Parameters:
  ///   - matrix: Weights, a row for each output.
  ///   - moments: Sums of products of inputs, row by row; nil if all count the same.
  ///   - keepsOutputs: Whether A must have orthogonal columns, also where outputs are more than inputs.
  /// - Returns: Nil for what is zero, or too large.
  init?(_ matrix: [Double], outputs: Int, moments: [Double]?, keepsOutputs: Bool = false) {
    guard outputs > 0, !matrix.isEmpty else { return nil }
    let inputs = matrix.count / outputs
    let size = keepsOutputs ? outputs : min(outputs, inputs)
    guard size <= Self.largestSize else { return nil }
    var damped = moments
    if let moments {
      let mean = (0..<inputs).reduce(0) { $0 + moments[$1 * inputs + $1] } / Double(inputs)
      guard mean > 0, mean.isFinite else { return nil }
      for index in 0..<inputs { damped?[index * inputs + index] += Self.damping * mean }
    }
    (self.outputs, self.inputs, self.size) = (outputs, inputs, size)
    let values: [Double]
    if size == outputs {
      // W L Lᵀ Wᵀ, whose eigenvectors are the left ones: A = U and B = Uᵀ W.
      let image = damped.map { Self.product(matrix, $0, inner: inputs) } ?? matrix
      let squares = Self.productTransposed(image, matrix, inner: inputs)
      let eigen = SymmetricEigenvectors(squares, size: outputs)
      values = eigen.values
      left = Self.transposed(eigen.rows.flatMap(\.self), columns: outputs)
      right = Self.product(eigen.rows.flatMap(\.self), matrix, inner: outputs)
    } else {
      // Lᵀ Wᵀ W L, whose eigenvectors are the right ones: A = W L V and B = Vᵀ L⁻¹.
      let factor = damped.flatMap { Cholesky($0, size: inputs) }
      if damped != nil, factor == nil { return nil }
      let scaled = factor.map { Self.product(matrix, $0.matrix, inner: inputs) } ?? matrix
      let columns = Self.transposed(scaled, columns: inputs)
      let eigen = SymmetricEigenvectors(
        Self.productTransposed(columns, columns, inner: outputs), size: inputs)
      values = eigen.values
      let vectors = eigen.rows.flatMap(\.self)
      left = Self.productTransposed(scaled, vectors, inner: inputs)
      right = factor.map { Self.product(vectors, $0.inverse(), inner: inputs) } ?? vectors
    }
    let total = values.reduce(0, +)
    guard total > 0, total.isFinite else { return nil }
    var losses = [Double](repeating: 0, count: size + 1)
    for rank in (0..<size).reversed() { losses[rank] = losses[rank + 1] + values[rank] / total }
    self.losses = losses
  }

  /// The least rank that loses no more than a share of the energy, at least 1.
  func rank(losing share: Double) -> Int { max(1, losses.firstIndex { $0 <= share } ?? size) }

  /// A, `outputs · rank`.
  func columns(rank: Int) -> [Double] { (0..<outputs).flatMap { left[$0 * size..<$0 * size + rank] } }

  /// A, `outputs · rank`, and B, `rank · inputs`; a column of A is as long as the row of B.
  func factors(rank: Int) -> (left: [Double], right: [Double]) {
    var left = columns(rank: rank)
    var right = Array(self.right[..<(rank * inputs)])
    for index in 0..<rank {
      let column = stride(from: index, to: left.count, by: rank)
      let row = index * inputs..<(index + 1) * inputs
      let lengths = (
        column.reduce(0) { $0 + left[$1] * left[$1] }, row.reduce(0) { $0 + right[$1] * right[$1] }
      )
      let factor = (lengths.1 / lengths.0).squareRoot().squareRoot()
      guard factor > 0, factor.isFinite else { continue }
      for place in column { left[place] *= factor }
      for place in row { right[place] /= factor }
    }
    return (left, right)
  }

  /// A B, where A has `inner` columns.
  static func product(_ a: [Double], _ b: [Double], inner: Int) -> [Double] {
    let (rows, columns) = (a.count / inner, b.count / inner)
    var result = [Double](repeating: 0, count: rows * columns)
    result.withUnsafeMutableBufferPointer { result in
      b.withUnsafeBufferPointer { b in
        for row in 0..<rows {
          let line = UnsafeMutableBufferPointer(rebasing: result[row * columns..<(row + 1) * columns])
          for index in 0..<inner {
            let factor = a[row * inner + index]
            if factor == 0 { continue }
            let other = UnsafeBufferPointer(rebasing: b[index * columns..<(index + 1) * columns])
            for column in 0..<columns { line[column] += factor * other[column] }
          }
        }
      }
    }
    return result
  }

  /// A Bᵀ, where both have `inner` columns.
  static func productTransposed(_ a: [Double], _ b: [Double], inner: Int) -> [Double] {
    product(a, transposed(b, columns: inner), inner: inner)
  }

  static func transposed(_ matrix: [Double], columns: Int) -> [Double] {
    let rows = matrix.count / columns
    return (0..<columns).flatMap { column in (0..<rows).map { matrix[$0 * columns + column] } }
  }
}
