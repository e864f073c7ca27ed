/// A rotation that spreads each number evenly over all: an orthogonal matrix of ±1 divided by the root of its size, whose rows are
/// multiplied with signs that look random, so that no pattern of the numbers is left.
///
/// Sizes are powers of two, and 12 and 20 times those: Sylvester's doubling of the matrices of Paley ("On orthogonal matrices", 1933). With signs:
/// Tseng et al., "QuIP#: Even Better LLM Quantization with Hadamard Incoherence and Lattice Codebooks", 2024.
package struct HadamardMatrix {
  /// The number of rows.
  package let size: Int
  /// The rows of the matrix that powers of two multiply.
  private let base: [[Double]]
  private let signs: [Double]

  /// The largest of the sizes that divides a number of channels; 1 if none does.
  package static func largestSize(dividing channels: Int) -> Int {
    guard channels > 0 else { return 1 }
    let power = channels & -channels
    return [12, 20].filter { channels % $0 == 0 }.map { $0 * ((channels / $0) & -(channels / $0)) }
      .reduce(power) { max($0, $1) }
  }

  /// - Parameter size: One that ``largestSize(dividing:)`` gives.
  package init(size: Int) {
    self.size = size
    let order = size & (size - 1) == 0 ? 1 : size % 12 == 0 && size / 12 & (size / 12 - 1) == 0 ? 12 : 20
    base = order == 1 ? [[1]] : Self.paley(order)
    var random = SplitMix(state: UInt64(size))
    signs = (0..<size).map { _ in random.next() >> 63 == 0 ? 1 : -1 }
  }

  /// Paley's matrix of a prime plus one, where the prime leaves 3 if divided by 4: I + S for the skew matrix S of quadratic residues.
  private static func paley(_ order: Int) -> [[Double]] {
    let prime = order - 1
    let squares = Set((1..<prime).map { $0 * $0 % prime })
    func residue(_ number: Int) -> Double {
      let rest = (number % prime + prime) % prime
      return rest == 0 ? 0 : squares.contains(rest) ? 1 : -1
    }
    return (0..<order).map { row in
      (0..<order).map { column in
        if row == column { return 1 }
        if row == 0 { return 1 }
        return column == 0 ? -1 : residue(row - column)
      }
    }
  }

  /// Multiplies a row of as many numbers as the matrix has rows with it.
  package func rotate(_ row: inout [Double]) {
    for index in row.indices { row[index] *= signs[index] }
    let inner = size / base.count
    // Sums and differences of halves, quarters and so on.
    var half = 1
    while half < inner {
      for first in stride(from: 0, to: size, by: 2 * half) {
        for index in first..<first + half {
          let (a, b) = (row[index], row[index + half])
          (row[index], row[index + half]) = (a + b, a - b)
        }
      }
      half *= 2
    }
    if base.count > 1 {
      let numbers = row
      for column in base.indices {
        for index in 0..<inner {
          row[column * inner + index] = base.indices.reduce(0.0) {
            $0 + numbers[$1 * inner + index] * base[$1][column]
          }
        }
      }
    }
    let scale = 1 / Double(size).squareRoot()
    for index in row.indices { row[index] *= scale }
  }
}
