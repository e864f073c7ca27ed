import CKernels
import SkiffBinary
import SkiffIR

/// How many elements there are of each size.
///
/// Elements are counted in bins around 0 that reach up to a power of two and double in width whenever an element lies
/// outside, so that the memory never grows and the counts do not depend on the order of elements.
package struct Histogram: Sendable {
  /// How many elements are in each bin; those from the middle on are for numbers from 0 on.
  package private(set) var counts = [UInt64](repeating: 0, count: 8192)
  /// The power of two that the bins reach to on either side; nil before an element that is not zero.
  package private(set) var exponent: Int?
  /// The number of elements.
  package private(set) var total = 0
  /// The least and the greatest element; nil before the first one.
  package private(set) var extremes: ClosedRange<Float>?
  /// The bins below the one and above the other count all elements; those between need not.
  private var uncounted: (low: Int, high: Int)

  package init() { uncounted = (counts.count, -1) }

  /// The bin whose lower edge is 0.
  package var middle: Int { counts.count / 2 }

  /// The width of a bin.
  package var width: Double { Double(sign: .plus, exponent: exponent ?? 0, significand: 1) / Double(middle) }

  /// The lower edge of a bin.
  package func edge(_ bin: Int) -> Double { Double(bin - middle) * width }

  /// The bins that the least and the greatest element are in.
  package var occupied: ClosedRange<Int>? {
    guard let extremes else { return nil }
    func bin(_ element: Float) -> Int { middle + Int((Double(element) / width).rounded(.down)) }
    return bin(extremes.lowerBound)...bin(extremes.upperBound)
  }

  /// The range between the lower edges of two bins, no wider than that of the elements.
  func range(_ bins: Range<Int>) -> ClosedRange<Float>? {
    guard let extremes else { return nil }
    let lower = min(max(Float(edge(bins.lowerBound)), extremes.lowerBound), extremes.upperBound)
    return lower...max(lower, min(Float(edge(bins.upperBound)), extremes.upperBound))
  }

  /// Counts elements, which are finite and have these extremes.
  mutating func add(_ elements: UnsafeBufferPointer<Float>, extremes range: ClosedRange<Float>) {
    extremes = extremes?.union(range) ?? range
    let greatest = max(abs(range.lowerBound), abs(range.upperBound))
    if greatest > 0 { widen(to: Int(greatest.exponent) + 1) }
    guard let start = elements.baseAddress else { return }
    // Bins for each unit: a power of two that can be beyond Float.
    let power = middle.trailingZeroBitCount - (exponent ?? 0)
    let scales = [power / 2, power - power / 2].map { Float(sign: .plus, exponent: $0, significand: 1) }
    let (below, above) = (Float(edge(uncounted.low)), Float(edge(uncounted.high + 1)))
    let bins = counts.count
    counts.withUnsafeMutableBufferPointer { counts in
      skiff_f32_histogram(elements.count, start, scales, below, above, bins, counts.baseAddress)
    }
    total += elements.count
  }

  /// Counts the numbers that are finite.
  package mutating func add(finite numbers: [Float]) {
    let finite = numbers.allSatisfy(\.isFinite) ? numbers : numbers.filter(\.isFinite)
    finite.withUnsafeBufferPointer { elements in
      if let extremes = ClosedRange(extremesOf: elements) { add(elements, extremes: extremes) }
    }
  }

  /// Adds what another histogram counted.
  mutating func join(_ other: Histogram) {
    var other = other
    if let reach = other.exponent { widen(to: reach) }
    if let reach = exponent { other.widen(to: reach) }
    for bin in counts.indices { counts[bin] += other.counts[bin] }
    total += other.total
    uncounted = (min(uncounted.low, other.uncounted.low), max(uncounted.high, other.uncounted.high))
    if let range = other.extremes { extremes = extremes?.union(range) ?? range }
  }

  /// Counts no more between the bins at which there are more than so many elements from either end on.
  mutating func narrow(beyond outside: Double) {
    uncounted.low = bin(beyond: outside, from: counts.indices) ?? uncounted.low
    uncounted.high = bin(beyond: outside, from: counts.indices.reversed()) ?? uncounted.high
  }

  /// The first of some bins up to which more elements were counted than so many.
  func bin(beyond outside: Double, from bins: some Sequence<Int>) -> Int? {
    var seen: UInt64 = 0
    return bins.first { bin in
      seen += counts[bin]
      return Double(seen) > outside
    }
  }

  /// Doubles the width of the bins until they reach up to a power of two.
  package mutating func widen(to wanted: Int) {
    // Zeros are in the middle bin whatever the reach is.
    guard let present = exponent else {
      exponent = wanted
      return
    }
    func merged(_ bin: Int) -> Int { (bin - middle).flooredQuotient(by: 2) + middle }
    for _ in 0..<max(0, wanted - present) {
      var sums = [UInt64](repeating: 0, count: counts.count)
      for bin in counts.indices { sums[merged(bin)] += counts[bin] }
      counts = sums
      if uncounted.low < counts.count { uncounted.low = merged(uncounted.low) }
      if uncounted.high >= 0 { uncounted.high = merged(uncounted.high) }
    }
    exponent = max(present, wanted)
  }
}
