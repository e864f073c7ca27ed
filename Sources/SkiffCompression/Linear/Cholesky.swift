import SkiffInterpreter

/// The lower triangle L with L Lᵀ equal to a symmetric positive definite matrix.
struct Cholesky {
  let size: Int
  /// Row by row; what is above the diagonal is not looked at.
  private var lower: [Double]

  /// Rows that are factorized before the rest is told of them.
  private static let block = 48

  /// - Parameter matrix: Row by row; only its lower triangle is looked at.
  /// - Returns: Nil if the matrix is not positive definite in double precision.
  init?(_ matrix: [Double], size: Int) {
    self.size = size
    lower = matrix
    guard factorize() else { return nil }
  }

  private mutating func factorize() -> Bool {
    let size = size
    return lower.withUnsafeMutableBufferPointer { matrix in
      let target = SharedTarget(start: matrix.baseAddress)
      guard let a = target.start else { return true }
      for first in stride(from: 0, to: size, by: Self.block) {
        let end = min(first + Self.block, size)
        for i in first..<end {
          for j in first...i {
            var sum = a[i * size + j]
            for k in first..<j { sum -= a[i * size + k] * a[j * size + k] }
            if i == j {
              guard sum > 0, sum.isFinite else { return false }
              a[i * size + i] = sum.squareRoot()
            } else {
              a[i * size + j] = sum / a[j * size + j]
            }
          }
        }
        // The rows below the block, then what they leave of the rest.
        Parallel.forEach(size - end) { row in
          guard let a = target.start else { return }
          let own = a + (end + row) * size
          for j in first..<end {
            var sum = own[j]
            for k in first..<j { sum -= own[k] * a[j * size + k] }
            own[j] = sum / a[j * size + j]
          }
        }
        // Transposed, so that sums run along rows.
        let (panel, rest) = (end - first, size - end)
        var transposed = [Double](repeating: 0, count: panel * rest)
        for row in 0..<rest {
          for k in 0..<panel { transposed[k * rest + row] = a[(end + row) * size + first + k] }
        }
        let columns = transposed
        Parallel.forEach(rest) { row in
          guard let a = target.start else { return }
          let own = a + (end + row) * size
          columns.withUnsafeBufferPointer { columns in
            guard let columns = columns.baseAddress else { return }
            for k in 0..<panel {
              let (factor, column) = (own[first + k], columns + k * rest)
              for j in 0...row { own[end + j] -= factor * column[j] }
            }
          }
        }
      }
      return true
    }
  }

  /// L, with zeros above the diagonal.
  var matrix: [Double] {
    lower.enumerated().map { $0.offset % size > $0.offset / size ? 0 : $0.element }
  }

  /// Solves `L Lᵀ X = B` in the place of B, which has so many columns.
  func solve(_ right: inout [Double], columns: Int) {
    let size = size
    right.withUnsafeMutableBufferPointer { x in
      lower.withUnsafeBufferPointer { l in
        for i in 0..<size {
          for j in 0..<i {
            let f = l[i * size + j]
            for k in 0..<columns { x[i * columns + k] -= f * x[j * columns + k] }
          }
          for k in 0..<columns { x[i * columns + k] /= l[i * size + i] }
        }
        for i in (0..<size).reversed() {
          for k in 0..<columns { x[i * columns + k] /= l[i * size + i] }
          for j in 0..<i {
            let f = l[i * size + j]
            for k in 0..<columns { x[j * columns + k] -= f * x[i * columns + k] }
          }
        }
      }
    }
  }

  /// L⁻¹, a lower triangle, row by row.
  func inverse() -> [Double] {
    var inverse = [Double](repeating: 0, count: size * size)
    let (size, block) = (size, Self.block)
    inverse.withUnsafeMutableBufferPointer { inverse in
      let target = SharedTarget(start: inverse.baseAddress)
      // Columns do not depend on each other.
      Parallel.forEach((size + block - 1) / block) { number in
        guard let x = target.start else { return }
        let columns = number * block..<min((number + 1) * block, size)
        lower.withUnsafeBufferPointer { l in
          for i in columns.lowerBound..<size {
            let own = x + i * size
            for k in columns.lowerBound..<i {
              let (factor, row) = (l[i * size + k], x + k * size)
              if factor == 0 { continue }
              for j in columns.lowerBound..<min(columns.upperBound, k + 1) { own[j] -= factor * row[j] }
            }
            if columns.contains(i) { own[i] = 1 }
            for j in columns.lowerBound..<min(columns.upperBound, i + 1) { own[j] /= l[i * size + i] }
          }
        }
      }
    }
    return inverse
  }
}

/// Where several threads write, each to places of its own.
struct SharedTarget: @unchecked Sendable {
  let start: UnsafeMutablePointer<Double>?
}
