import SkiffBinary
import SkiffInterpreter

/// The least squares problem `min Σ ‖y − Wᵀx‖²`, of which only the sums of products are kept.
package struct NormalEquations {
  /// The number of elements of x and of y.
  let width: Int
  let outputs: Int
  /// `Σ x xᵀ`, of which the lower triangle is filled.
  private var gram: [Double]
  /// `Σ x yᵀ`, a row for each element of x.
  private var products: [Double]
  /// `Σ ‖y‖²`.
  package private(set) var energy = 0.0

  package init(width: Int, outputs: Int) {
    self.width = width
    self.outputs = outputs
    gram = [Double](repeating: 0, count: width * width)
    products = [Double](repeating: 0, count: width * outputs)
  }

  /// Adds rows of x and of y.
  package mutating func add(_ x: [Double], _ y: [Double]) {
    let (width, outputs) = (width, outputs)
    let rows = x.count / width
    for value in y { energy += value * value }
    gram.withUnsafeMutableBufferPointer { gram in
      let target = SharedTarget(start: gram.baseAddress)
      Parallel.forEach(width) { i in
        guard let target = target.start else { return }
        Self.add(x, column: i, of: width, rows, x, width, count: i + 1, to: target + i * width)
      }
    }
    products.withUnsafeMutableBufferPointer { products in
      let target = SharedTarget(start: products.baseAddress)
      Parallel.forEach(width) { i in
        guard let target = target.start else { return }
        Self.add(x, column: i, of: width, rows, y, outputs, count: outputs, to: target + i * outputs)
      }
    }
  }

  /// Adds what another problem of the same sizes has seen.
  package mutating func join(_ other: NormalEquations) {
    for index in gram.indices { gram[index] += other.gram[index] }
    for index in products.indices { products[index] += other.products[index] }
    energy += other.energy
  }

  /// Adds `Σ x[row, column] · z[row, 0..<count]` over all rows.
  private static func add(
    _ x: [Double], column: Int, of width: Int, _ rows: Int, _ z: [Double], _ stride: Int, count: Int,
    to sums: UnsafeMutablePointer<Double>
  ) {
    x.withUnsafeBufferPointer { x in
      z.withUnsafeBufferPointer { z in
        guard let x = x.baseAddress, let z = z.baseAddress else { return }
        var row = 0
        while row + 4 <= rows {
          let (a, b) = (x[row * width + column], x[(row + 1) * width + column])
          let (c, d) = (x[(row + 2) * width + column], x[(row + 3) * width + column])
          let (p, q, r, s) = (
            z + row * stride, z + (row + 1) * stride, z + (row + 2) * stride, z + (row + 3) * stride
          )
          for j in 0..<count { sums[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j] }
          row += 4
        }
        while row < rows {
          let (a, p) = (x[row * width + column], z + row * stride)
          for j in 0..<count { sums[j] += a * p[j] }
          row += 1
        }
      }
    }
  }

  /// `Σ ‖y − Wᵀx‖²` for weights with a row for each element of x.
  package func error(of weights: [Double]) -> Double {
    let image = multiplied(weights)
    var result = energy
    for index in weights.indices { result += weights[index] * (image[index] - 2 * products[index]) }
    return max(0, result)
  }

  /// `Σ x xᵀ · W`.
  private func multiplied(_ weights: [Double]) -> [Double] {
    let (width, outputs, gram) = (width, outputs, gram)
    var result = [Double](repeating: 0, count: weights.count)
    result.withUnsafeMutableBufferPointer { result in
      let target = SharedTarget(start: result.baseAddress)
      Parallel.forEach(width) { i in
        guard let start = target.start else { return }
        let row = start + i * outputs
        weights.withUnsafeBufferPointer { weights in
          guard let weights = weights.baseAddress else { return }
          for j in 0..<width {
            let factor = i >= j ? gram[i * width + j] : gram[j * width + i]
            for k in 0..<outputs { row[k] += factor * weights[j * outputs + k] }
          }
        }
      }
    }
    return result
  }

  /// The weights with the least error, held near to others by a ridge: `λ ‖W − W₀‖²` is added to the error, with λ the
  /// given share of the mean square of the elements of x.
  ///
  /// - Returns: Nil if the equations cannot be solved in double precision.
  package func solution(near weights: [Double], ridge: Double) -> [Double]? {
    var matrix = gram
    let trace = (0..<width).reduce(0) { $0 + gram[$1 * width + $1] }
    guard trace > 0, trace.isFinite else { return nil }
    for i in 0..<width { matrix[i * width + i] += ridge * trace / Double(width) }
    guard let factor = Cholesky(matrix, size: width) else { return nil }
    let image = multiplied(weights)
    var right = zip(products, image).map { $0 - $1 }
    factor.solve(&right, columns: outputs)
    guard right.allSatisfy(\.isFinite) else { return nil }
    return zip(weights, right).map { $0 + $1 }
  }
}
