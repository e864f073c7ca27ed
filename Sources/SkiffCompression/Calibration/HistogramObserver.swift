/// A range that is chosen from the histogram of all elements.
package struct HistogramObserver: RangeObserver {
  package private(set) var histogram = Histogram()
  private let choice: @Sendable (Histogram) -> ClosedRange<Float>?

  /// - Parameter choice: The range of a histogram that has elements.
  package init(choosing choice: @escaping @Sendable (Histogram) -> ClosedRange<Float>?) {
    self.choice = choice
  }

  package mutating func observe(
    _ elements: UnsafeBufferPointer<Float>, extremes: ClosedRange<Float>, inSample sample: Int
  ) {
    histogram.add(elements, extremes: extremes)
  }

  package mutating func join(_ other: any RangeObserver) {
    if let other = other as? Self { histogram.join(other.histogram) }
  }

  package var range: ClosedRange<Float>? { choice(histogram) }
}

/// The range without a share of the elements at either end.
///
/// If it is known how many elements there will be, it is known how many lie outside of the range at most: as soon as more were
/// counted from an end up to some bin, what is in it or further inside need not be counted.
package struct PercentileObserver: RangeObserver {
  /// The share of the elements that the range holds, in percent.
  package let percentile: Double
  /// How many elements lie outside of the range at either end, at most.
  private let mostOutside: Double
  private var histogram = Histogram()
  private var observations = 0

  /// - Parameter count: How many elements there will be, at most; nil if nobody knows.
  package init(percentile: Double, expecting count: Int? = nil) {
    self.percentile = percentile
    mostOutside = count.map { Self.outside($0, percentile) } ?? .infinity
  }

  /// How many of so many elements lie outside of the range at either end.
  private static func outside(_ count: Int, _ percentile: Double) -> Double {
    Double(count) * (100 - percentile) / 200
  }

  package mutating func observe(
    _ elements: UnsafeBufferPointer<Float>, extremes: ClosedRange<Float>, inSample sample: Int
  ) {
    histogram.add(elements, extremes: extremes)
    observations += 1
    if mostOutside < .infinity, observations.nonzeroBitCount == 1 { histogram.narrow(beyond: mostOutside) }
  }

  package mutating func join(_ other: any RangeObserver) {
    if let other = other as? Self { histogram.join(other.histogram) }
  }

  package var range: ClosedRange<Float>? {
    guard histogram.exponent != nil else { return histogram.extremes }
    let outside = Self.outside(histogram.total, percentile)
    let bins = histogram.counts.indices
    let first = histogram.bin(beyond: outside, from: bins) ?? histogram.middle
    let last = histogram.bin(beyond: outside, from: bins.reversed()) ?? histogram.middle
    return histogram.range(first..<max(first, last + 1))
  }
}
