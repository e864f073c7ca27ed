import CKernels
import SkiffBinary
import SkiffIR

/// Finds the range of a value from the tensors it takes, one at a time, in bounded memory.
///
/// What several observers saw can be joined; the range does not depend on the order.
package protocol RangeObserver: Sendable {
  /// Looks at the next tensor's elements, which are finite; the extremes are those of the elements.
  mutating func observe(_ elements: UnsafeBufferPointer<Float>, extremes: ClosedRange<Float>)
  /// Adds what another observer of the same kind saw.
  mutating func join(_ other: any RangeObserver)
  /// The range so far, nil before the first element.
  var range: ClosedRange<Float>? { get }
}

extension RangeObserver {
  /// Looks at elements, which must be finite.
  package mutating func observe(_ elements: [Float]) {
    elements.withUnsafeBufferPointer { elements in
      guard let extremes = ClosedRange(extremesOf: elements) else { return }
      observe(elements, extremes: extremes)
    }
  }
}

extension ClosedRange<Float> {
  /// The least and the greatest element; nil if there are none or one is not finite.
  package init?(extremesOf elements: UnsafeBufferPointer<Float>) {
    guard let start = elements.baseAddress, let first = elements.first, first.isFinite else { return nil }
    var (least, greatest, isFinite) = (first, first, true)
    skiff_f32_extremes(elements.count, start, &least, &greatest, &isFinite)
    guard isFinite else { return nil }
    self = least...greatest
  }
}

/// The least and the greatest element.
package struct MinMaxObserver: RangeObserver {
  package private(set) var range: ClosedRange<Float>?

  package init() {}

  package mutating func observe(_ elements: UnsafeBufferPointer<Float>, extremes: ClosedRange<Float>) {
    widen(to: extremes)
  }

  package mutating func join(_ other: any RangeObserver) {
    if let range = other.range { widen(to: range) }
  }

  private mutating func widen(to other: ClosedRange<Float>) {
    let own = range ?? other
    range = min(own.lowerBound, other.lowerBound)...max(own.upperBound, other.upperBound)
  }
}

/// The range without a share of the elements at either end.
///
/// Elements are counted in a histogram around 0 that reaches up to a power of two and whose bins double in width
/// whenever an element lies outside, so that its memory never grows.
package struct PercentileObserver: RangeObserver {
  /// The share of the elements that the range holds, in percent.
  package let percentile: Double
  private var extremes = MinMaxObserver()
  private var counts = [UInt64](repeating: 0, count: 8192)
  /// The power of two that the bins reach to on either side; nil before an element that is not zero.
  private var exponent: Int?

  package init(percentile: Double) { self.percentile = percentile }

  private var half: Int { counts.count / 2 }

  package mutating func observe(_ elements: UnsafeBufferPointer<Float>, extremes range: ClosedRange<Float>) {
    extremes.observe(elements, extremes: range)
    let greatest = max(abs(range.lowerBound), abs(range.upperBound))
    if greatest > 0 { widen(to: Int(greatest.exponent) + 1) }
    guard let start = elements.baseAddress else { return }
    // Bins for each unit: a power of two that can be beyond Float.
    let power = exponent.map { half.trailingZeroBitCount - $0 } ?? 0
    let scales = [power / 2, power - power / 2].map { Float(sign: .plus, exponent: $0, significand: 1) }
    let bins = counts.count
    let tables = bins * Int(SKIFF_HISTOGRAM_TABLES)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: tables) { tables in
      counts.withUnsafeMutableBufferPointer { counts in
        skiff_f32_histogram(elements.count, start, scales, bins, counts.baseAddress, tables.baseAddress)
      }
    }
  }

  package mutating func join(_ other: any RangeObserver) {
    guard var other = other as? PercentileObserver else { return }
    extremes.join(other.extremes)
    if let reach = other.exponent { widen(to: reach) }
    if let reach = exponent { other.widen(to: reach) }
    for bin in counts.indices { counts[bin] += other.counts[bin] }
  }

  /// Doubles the width of the bins until they reach up to a power of two.
  private mutating func widen(to wanted: Int) {
    // Zeros are in the middle bin whatever the reach is.
    guard let present = exponent else {
      exponent = wanted
      return
    }
    for _ in 0..<max(0, wanted - present) {
      var merged = [UInt64](repeating: 0, count: counts.count)
      for bin in counts.indices { merged[(bin - half).flooredQuotient(by: 2) + half] += counts[bin] }
      counts = merged
    }
    exponent = max(present, wanted)
  }

  package var range: ClosedRange<Float>? {
    guard let extremes = extremes.range else { return nil }
    guard let exponent else { return extremes }
    let outside = Double(counts.reduce(0, +)) * (100 - percentile) / 200
    let width = Double(sign: .plus, exponent: exponent, significand: 1) / Double(half)
    func edge(_ bins: some Sequence<Int>) -> Int {
      var seen: UInt64 = 0
      for bin in bins {
        seen += counts[bin]
        if Double(seen) > outside { return bin }
      }
      return half
    }
    let low = Float(Double(edge(counts.indices) - half) * width)
    let high = Float(Double(edge(counts.indices.reversed()) + 1 - half) * width)
    let lower = max(low, extremes.lowerBound)
    return lower...max(lower, min(high, extremes.upperBound))
  }
}
