/// The eigenvectors of a symmetric matrix without negative eigenvalues, those of the greatest ones first.
///
/// Rows are turned in pairs until all are orthogonal: what is left of each is its eigenvector times its eigenvalue (Hestenes,
/// "Inversion of Matrices by Biorthogonalization", 1958). Some ten rounds of size³ · 3 multiplications each.
struct SymmetricEigenvectors {
  /// In descending order; none is negative.
  let values: [Double]
  /// A row of length 1 for each value; what belongs to values that are next to none is not exact.
  private(set) var rows: [[Double]]

  private static let mostRounds = 30
  private static let tolerance = 1e-12

  init(_ matrix: [Double], size: Int) {
    var matrix = matrix
    matrix.withUnsafeMutableBufferPointer { matrix in
      for _ in 0..<Self.mostRounds {
        var isDone = true
        for first in 0..<size {
          for second in first + 1..<max(size, first + 1) {
            let a = UnsafeMutableBufferPointer(rebasing: matrix[first * size..<(first + 1) * size])
            let b = UnsafeMutableBufferPointer(rebasing: matrix[second * size..<(second + 1) * size])
            if Self.orthogonalize(a, b) { isDone = false }
          }
        }
        if isDone { break }
      }
    }
    let lines = (0..<size).map { Array(matrix[$0 * size..<($0 + 1) * size]) }
    let lengths = lines.map { line in line.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let order = (0..<size).sorted { (lengths[$0], $1) > (lengths[$1], $0) }
    values = order.map { lengths[$0] }
    rows = order.map { index in lines[index].map { lengths[index] > 0 ? $0 / lengths[index] : 0 } }
  }

  /// Turns two rows so that they are orthogonal; false if they are.
  private static func orthogonalize(
    _ a: UnsafeMutableBufferPointer<Double>, _ b: UnsafeMutableBufferPointer<Double>
  ) -> Bool {
    var sums = SIMD4<Double>()
    for index in a.indices { sums += SIMD4(a[index] * a[index], b[index] * b[index], a[index] * b[index], 0) }
    let (alpha, beta, gamma) = (sums[0], sums[1], sums[2])
    guard abs(gamma) > tolerance * (alpha * beta).squareRoot(), gamma.isFinite else { return false }
    let zeta = (beta - alpha) / (2 * gamma)
    let tangent = (zeta < 0 ? -1 : 1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
    let cosine = 1 / (1 + tangent * tangent).squareRoot()
    let sine = cosine * tangent
    for index in a.indices {
      let (x, y) = (a[index], b[index])
      a[index] = cosine * x - sine * y
      b[index] = sine * x + cosine * y
    }
    return true
  }
}
