import SkiffBinary
import SkiffIR

/// Rounding weights column by column, each time changing the columns that are still to come so that they make up for the
/// error, as far as the inputs' moments say.
///
/// Frantar et al., "GPTQ", 2022, for integers; "SparseGPT", 2023, for zeros; both after Hassibi and Stork's optimal brain
/// surgeon, 1993. Here with any numbers that a weight may become.
struct ErrorFeedback {
  private let size: Int
  /// The upper Cholesky factor of the inverse of the moments, row by row.
  private let factor: [Float]

  /// Nil if the moments have no inverse even when they are damped.
  init?(_ moments: InputMoments) {
    let size = moments.size
    var matrix = moments.products.map(Double.init)
    let mean = (0..<size).reduce(0.0) { $0 + matrix[$1 * size + $1] } / Double(max(1, size))
    guard mean > 0, mean.isFinite else { return nil }
    // The fewer rows for each column, the less do the moments say of other inputs.
    let damping = max(0.01, 0.02 * Double(size) / Double(max(1, moments.rowCount)))
    for index in 0..<size { matrix[index * size + index] += damping * mean }
    guard Self.invert(&matrix, size), Self.factorize(&matrix, size) else { return nil }
    self.size = size
    factor = matrix.map(Float.init)
  }

  /// Rounds a matrix of rows of `size` weights.
  ///
  /// - Parameter rounded: What a weight becomes, by row, column and what it is by now.
  func round(_ matrix: inout [Float], _ rounded: (Int, Int, Float) -> Float) {
    let rows = matrix.count / max(1, size)
    matrix.withUnsafeMutableBufferPointer { matrix in
      factor.withUnsafeBufferPointer { factor in
        for row in 0..<rows {
          let weights = UnsafeMutableBufferPointer(rebasing: matrix[row * size..<(row + 1) * size])
          for column in 0..<size {
            let line = UnsafeBufferPointer(rebasing: factor[column * size..<(column + 1) * size])
            let value = rounded(row, column, weights[column])
            let error = (weights[column] - value) / line[column]
            weights[column] = value
            if error == 0 { continue }
            for later in column + 1..<max(size, column + 1) { weights[later] -= error * line[later] }
          }
        }
      }
    }
  }

  /// Replaces a symmetric positive definite matrix by its inverse, by its Cholesky factor.
  private static func invert(_ matrix: inout [Double], _ size: Int) -> Bool {
    guard factorize(&matrix, size) else { return false }
    // With A = UᵀU the inverse is U⁻¹U⁻ᵀ.
    var inverse = [Double](repeating: 0, count: size * size)
    matrix.withUnsafeBufferPointer { upper in
      inverse.withUnsafeMutableBufferPointer { inverse in
        // Row i of U⁻¹, from the last one on: (e_i − Σ_{k>i} U_ik · row k) / U_ii.
        for row in stride(from: size - 1, through: 0, by: -1) {
          let pivot = upper[row * size + row]
          for other in row + 1..<max(size, row + 1) {
            let share = upper[row * size + other]
            if share == 0 { continue }
            for column in other..<size {
              inverse[row * size + column] -= share * inverse[other * size + column]
            }
          }
          inverse[row * size + row] = 1
          for column in row..<size { inverse[row * size + column] /= pivot }
        }
      }
    }
    matrix.withUnsafeMutableBufferPointer { matrix in
      inverse.withUnsafeBufferPointer { inverse in
        for row in 0..<size {
          for column in row..<size {
            var sum = 0.0
            for index in column..<size { sum += inverse[row * size + index] * inverse[column * size + index] }
            matrix[row * size + column] = sum
            matrix[column * size + row] = sum
          }
        }
      }
    }
    return true
  }

  /// Replaces a symmetric positive definite matrix by the upper triangle U with UᵀU equal to it.
  private static func factorize(_ matrix: inout [Double], _ size: Int) -> Bool {
    matrix.withUnsafeMutableBufferPointer { matrix in
      for row in 0..<size {
        let pivot = matrix[row * size + row]
        guard pivot > 0, pivot.isFinite else { return false }
        let root = pivot.squareRoot()
        for column in row..<size { matrix[row * size + column] /= root }
        for later in row + 1..<max(size, row + 1) {
          let share = matrix[row * size + later]
          if share == 0 { continue }
          for column in later..<size { matrix[later * size + column] -= share * matrix[row * size + column] }
        }
        for column in 0..<row { matrix[row * size + column] = 0 }
      }
      return true
    }
  }
}
