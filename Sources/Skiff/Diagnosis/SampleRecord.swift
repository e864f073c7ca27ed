import SkiffBinary
import SkiffCompression
import SkiffIR

/// What a value is in some samples.
struct SampleRecord: Sendable {
  /// The least and the greatest element of all.
  private(set) var range: ClosedRange<Float>?
  /// The same of the first half of the samples.
  private(set) var firstRange: ClosedRange<Float>?
  private(set) var count = 0
  private var inner: PercentileObserver

  /// The share of the elements that an outlier is beyond, at either end.
  static let outside = 0.0001

  /// - Parameter expected: How many elements there will be.
  init(expecting expected: Int) {
    // One element at least is beyond, however few there are.
    let share = min(0.5, max(Self.outside, 1 / Double(max(1, expected))))
    inner = PercentileObserver(percentile: 100 - 200 * share)
  }

  /// Adds finite elements.
  mutating func add(
    _ elements: UnsafeBufferPointer<Float>, _ extremes: ClosedRange<Float>, isFirstHalf: Bool
  ) {
    range = range?.joined(extremes) ?? extremes
    if isFirstHalf { firstRange = firstRange?.joined(extremes) ?? extremes }
    count += elements.count
    inner.observe(elements, extremes: extremes, inSample: 0)
  }

  /// How many times as far the range reaches as all elements but a ten-thousandth, or one if that is fewer; nil if there are
  /// too few to say.
  var outlierRatio: Double? {
    guard count >= 100, let range, let inner = inner.range else { return nil }
    let (most, usual) = (range.reach, inner.reach)
    return usual > 0 ? most / usual : nil
  }

  /// How far nearly all elements are from 0 at most.
  var usualReach: Double { inner.range?.reach ?? 0 }

  /// The part of the range that only the second half of the samples reaches.
  var growth: Double {
    guard let range, let firstRange, range.extent > 0 else { return 0 }
    return 1 - firstRange.extent / range.extent
  }
}

extension ClosedRange<Float> {
  /// The distance between the ends.
  var extent: Double { Double(upperBound) - Double(lowerBound) }
  /// How far the farther end is from 0.
  var reach: Double { Double(Swift.max(abs(lowerBound), abs(upperBound))) }

  fileprivate func joined(_ other: Self) -> Self {
    Swift.min(lowerBound, other.lowerBound)...Swift.max(upperBound, other.upperBound)
  }
}
