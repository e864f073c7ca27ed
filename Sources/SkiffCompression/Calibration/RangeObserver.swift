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
/// whenever an element lies outside, so that its memory never grows. If it is known how many elements there will be, it is
/// known how many lie outside of the range at most: as soon as more were counted from an end up to some bin, what is in it or
/// further inside need not be counted.
package struct PercentileObserver: RangeObserver {
  /// The share of the elements that the range holds, in percent.
  package let percentile: Double
  /// How many elements lie outside of the range at either end, at most.
  private let mostOutside: Double
  private var extremes = MinMaxObserver()
  private var counts = [UInt64](repeating: 0, count: 8192)
  /// The power of two that the bins reach to on either side; nil before an element that is not zero.
  private var exponent: Int?
  private var total = 0
  private var observations = 0
  /// The bins below the one and above the other count all elements.
  private var low: Int
  private var high = -1

  /// - Parameter count: How many elements there will be, at most; nil if nobody knows.
  package init(percentile: Double, expecting count: Int? = nil) {
    self.percentile = percentile
    mostOutside = count.map { Self.outside($0, percentile) } ?? .infinity
    low = counts.count
  }

  /// How many of so many elements lie outside of the range at either end.
  private static func outside(_ count: Int, _ percentile: Double) -> Double {
    Double(count) * (100 - percentile) / 200
  }

  private var half: Int { counts.count / 2 }
  private var width: Double { Double(sign: .plus, exponent: exponent ?? 0, significand: 1) / Double(half) }

  package mutating func observe(_ elements: UnsafeBufferPointer<Float>, extremes range: ClosedRange<Float>) {
    extremes.observe(elements, extremes: range)
    let greatest = max(abs(range.lowerBound), abs(range.upperBound))
    if greatest > 0 { widen(to: Int(greatest.exponent) + 1) }
    guard let start = elements.baseAddress else { return }
    // Bins for each unit: a power of two that can be beyond Float.
    let power = half.trailingZeroBitCount - (exponent ?? 0)
    let scales = [power / 2, power - power / 2].map { Float(sign: .plus, exponent: $0, significand: 1) }
    let (below, above) = (Float(Double(low - half) * width), Float(Double(high + 1 - half) * width))
    let bins = counts.count
    counts.withUnsafeMutableBufferPointer { counts in
      skiff_f32_histogram(elements.count, start, scales, below, above, bins, counts.baseAddress)
    }
    total += elements.count
    observations += 1
    if observations.nonzeroBitCount == 1 { narrow() }
  }

  /// Finds what need not be counted any more.
  private mutating func narrow() {
    guard mostOutside < .infinity else { return }
    low = edge(counts.indices, mostOutside) ?? low
    high = edge(counts.indices.reversed(), mostOutside) ?? high
  }

  /// The first of some bins up to which more elements were counted than may lie outside.
  private func edge(_ bins: some Sequence<Int>, _ outside: Double) -> Int? {
    var seen: UInt64 = 0
    return bins.first { bin in
      seen += counts[bin]
      return Double(seen) > outside
    }
  }

  package mutating func join(_ other: any RangeObserver) {
    guard var other = other as? PercentileObserver else { return }
    extremes.join(other.extremes)
    if let reach = other.exponent { widen(to: reach) }
    if let reach = exponent { other.widen(to: reach) }
    for bin in counts.indices { counts[bin] += other.counts[bin] }
    total += other.total
    (low, high) = (min(low, other.low), max(high, other.high))
  }

  /// Doubles the width of the bins until they reach up to a power of two.
  private mutating func widen(to wanted: Int) {
    // Zeros are in the middle bin whatever the reach is.
    guard let present = exponent else {
      exponent = wanted
      return
    }
    func merged(_ bin: Int) -> Int { (bin - half).flooredQuotient(by: 2) + half }
    for _ in 0..<max(0, wanted - present) {
      var sums = [UInt64](repeating: 0, count: counts.count)
      for bin in counts.indices { sums[merged(bin)] += counts[bin] }
      counts = sums
      if low < counts.count { low = merged(low) }
      if high >= 0 { high = merged(high) }
    }
    exponent = max(present, wanted)
  }

  package var range: ClosedRange<Float>? {
    guard let extremes = extremes.range else { return nil }
    guard exponent != nil else { return extremes }
    let outside = Self.outside(total, percentile)
    let first = edge(counts.indices, outside) ?? half
    let last = edge(counts.indices.reversed(), outside) ?? half
    let lower = max(Float(Double(first - half) * width), extremes.lowerBound)
    let upper = min(Float(Double(last + 1 - half) * width), extremes.upperBound)
    return lower...max(lower, upper)
  }
}
