import SkiffIR

extension Histogram {
  /// The range with the least squared error of the elements as int8, symmetric or not (``SquaredError``).
  func rangeOfLeastSquaredError(isSymmetric: Bool) -> ClosedRange<Float>? {
    guard exponent != nil else { return extremes }
    let error = SquaredError(of: self, isSymmetric: isSymmetric)
    return bins(isSmooth: true, ofLeast: { bins in range(bins).map { error($0) } ?? .infinity }).flatMap(
      range)
  }
}

/// The squared error of a histogram's elements as int8, if those of a bin are spread evenly over it.
package struct SquaredError {
  private let histogram: Histogram
  private let isSymmetric: Bool
  /// Below each edge: the number of elements, their sum, and the sum of their squares.
  private var moments: [Moments] = [Moments()]

  private struct Moments {
    var (count, sum, squares) = (0.0, 0.0, 0.0)

    /// Elements that are spread evenly between two numbers.
    init(_ count: Double = 0, from start: Double = 0, to end: Double = 0) {
      self.count = count
      sum = count * (start + end) / 2
      squares = count * (start * start + start * end + end * end) / 3
    }

    static func + (a: Self, b: Self) -> Self {
      var total = a
      total.count += b.count
      total.sum += b.sum
      total.squares += b.squares
      return total
    }

    /// The squared distances of the elements above others from a number.
    func distances(from number: Double, above other: Self) -> Double {
      squares - other.squares - number * (2 * (sum - other.sum) - number * (count - other.count))
    }
  }

  /// - Parameter isSymmetric: Whether the integers have no zero point.
  package init(of histogram: Histogram, isSymmetric: Bool = false) {
    (self.histogram, self.isSymmetric) = (histogram, isSymmetric)
    for (bin, count) in histogram.counts.enumerated() {
      moments.append(
        moments[bin]
          + Moments(Double(count), from: histogram.edge(bin), to: histogram.edge(bin + 1)))
    }
  }

  /// The moments of the elements below a number.
  private func moments(below number: Double) -> Moments {
    let place = max(
      0, min(Double(histogram.counts.count), number / histogram.width + Double(histogram.middle)))
    let bin = Int(place)
    guard bin < histogram.counts.count, place > Double(bin) else { return moments[bin] }
    let count = Double(histogram.counts[bin]) * (place - Double(bin))
    return moments[bin] + Moments(count, from: histogram.edge(bin), to: number)
  }

  /// The error as integers of the parameters of a range.
  package func callAsFunction(_ range: ClosedRange<Float>) -> Double {
    let parameters = ActivationParameters.int8(range, isSymmetric: isSymmetric)
    guard let (scale, zeroPoint) = parameters.perTensor, let all = moments.last else { return .infinity }
    var error = 0.0
    var below = Moments()
    for integer in -128...127 {
      let number = Double(integer - zeroPoint) * Double(scale)
      let next = integer == 127 ? all : moments(below: number + Double(scale) / 2)
      error += next.distances(from: number, above: below)
      below = next
    }
    return error
  }
}
