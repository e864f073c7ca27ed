import SkiffBinary
import SkiffIR

/// The mean and the mean square deviation of some numbers, in double precision.
package struct Statistics {
  package let mean: Double
  package let variance: Double

  /// The statistics of the elements at `start + i · stride` of every block, `count` of them in each.
  package init<Real: RealNumber>(_ values: [Real], blocks: [Int], count: Int, stride: Int) {
    var sum = 0.0
    for start in blocks {
      for index in 0..<count { sum += Double(values[start + index * stride]) }
    }
    let total = Double(blocks.count * count)
    let mean = sum / total
    var squares = 0.0
    for start in blocks {
      for index in 0..<count {
        let deviation = Double(values[start + index * stride]) - mean
        squares += deviation * deviation
      }
    }
    self.mean = mean
    variance = squares / total
  }

  /// The deviation's inverse, with `epsilon` added to the variance.
  package func scale(epsilon: Float) -> Double { 1 / (variance + Double(epsilon)).squareRoot() }
}
