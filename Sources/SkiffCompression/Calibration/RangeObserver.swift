import SkiffBinary
import SkiffIR

/// Finds the range of a value from the tensors it takes, one at a time, in bounded memory.
package protocol RangeObserver: Sendable {
  /// Looks at the next tensor's elements.
  mutating func observe(_ elements: [Float])
  /// The range so far, nil before the first element.
  var range: ClosedRange<Float>? { get }
}

/// The least and the greatest element.
package struct MinMaxObserver: RangeObserver {
  package private(set) var range: ClosedRange<Float>?

  package init() {}

  package mutating func observe(_ elements: [Float]) {
    guard var least = elements.first else { return }
    var greatest = least
    for element in elements {
      least = min(least, element)
      greatest = max(greatest, element)
    }
    range = min(range?.lowerBound ?? least, least)...max(range?.upperBound ?? greatest, greatest)
  }
}

/// The range without a share of the elements at either end.
///
/// Elements are counted in a histogram around 0 whose bins double in width whenever an element lies outside, so
/// that its memory never grows.
package struct PercentileObserver: RangeObserver {
  /// The share of the elements that the range holds, in percent.
  package let percentile: Double
  private var extremes = MinMaxObserver()
  private var counts = [Int](repeating: 0, count: 4096)
  private var reach: Float = 0

  package init(percentile: Double) { self.percentile = percentile }

  package mutating func observe(_ elements: [Float]) {
    extremes.observe(elements)
    let greatest = elements.reduce(0) { max($0, abs($1)) }
    widen(to: greatest)
    // In double: the quotient of a subnormal reach would be infinite.
    let scale = reach > 0 ? Double(counts.count / 2) / Double(reach) : 0
    for element in elements {
      let bin = Int((Double(element) * scale).rounded(.down)) + counts.count / 2
      counts[max(0, min(counts.count - 1, bin))] += 1
    }
  }

  /// Doubles the width of the bins until `magnitude` lies inside.
  private mutating func widen(to magnitude: Float) {
    guard magnitude > reach else { return }
    if reach == 0 {
      reach = magnitude
      return
    }
    while magnitude > reach, reach < Float.greatestFiniteMagnitude / 2 {
      let half = counts.count / 2
      var merged = [Int](repeating: 0, count: counts.count)
      for bin in 0..<counts.count { merged[(bin - half).flooredQuotient(by: 2) + half] += counts[bin] }
      counts = merged
      reach *= 2
    }
  }

  package var range: ClosedRange<Float>? {
    guard let extremes = extremes.range else { return nil }
    let total = counts.reduce(0, +)
    let outside = Double(total) * (100 - percentile) / 200
    let width = reach / Float(counts.count / 2)
    func edge(_ bins: some Sequence<Int>) -> Int {
      var seen = 0
      for bin in bins {
        seen += counts[bin]
        if Double(seen) > outside { return bin }
      }
      return counts.count / 2
    }
    let low = Float(edge(counts.indices) - counts.count / 2) * width
    let high = Float(edge(counts.indices.reversed()) + 1 - counts.count / 2) * width
    let lower = max(low, extremes.lowerBound)
    return lower...max(lower, min(high, extremes.upperBound))
  }
}
