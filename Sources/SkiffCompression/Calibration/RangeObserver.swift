import CKernels

/// Finds the range of a value from the tensors it takes, one at a time, in bounded memory.
///
/// What several observers saw can be joined; the range does not depend on which observer saw which tensors.
package protocol RangeObserver: Sendable {
  /// Looks at the elements, which are finite, that the value takes in a sample; the extremes are those of the elements.
  mutating func observe(
    _ elements: UnsafeBufferPointer<Float>, extremes: ClosedRange<Float>, inSample sample: Int)
  /// Adds what another observer of the same kind saw.
  mutating func join(_ other: any RangeObserver)
  /// The range so far, nil before the first element.
  var range: ClosedRange<Float>? { get }
}

extension RangeObserver {
  /// Looks at elements, which must be finite.
  package mutating func observe(_ elements: [Float], inSample sample: Int = 0) {
    elements.withUnsafeBufferPointer { elements in
      guard let extremes = ClosedRange(extremesOf: elements) else { return }
      observe(elements, extremes: extremes, inSample: sample)
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

  /// The least range that holds both.
  func union(_ other: ClosedRange<Float>) -> ClosedRange<Float> {
    min(lowerBound, other.lowerBound)...max(upperBound, other.upperBound)
  }
}

/// The least and the greatest element.
package struct MinMaxObserver: RangeObserver {
  package private(set) var range: ClosedRange<Float>?

  package init() {}

  package mutating func observe(
    _ elements: UnsafeBufferPointer<Float>, extremes: ClosedRange<Float>, inSample sample: Int
  ) {
    range = range?.union(extremes) ?? extremes
  }

  package mutating func join(_ other: any RangeObserver) {
    if let other = other.range { range = range?.union(other) ?? other }
  }
}

/// The exponential moving average of the extremes of each sample, in the order of the samples.
///
/// It keeps two numbers for each sample: an average of averages that others found would differ in its last bits.
package struct MovingAverageObserver: RangeObserver {
  /// The share of the average that the next sample leaves.
  package let momentum: Double
  private var extremes: [(sample: Int, range: ClosedRange<Float>)] = []

  package init(momentum: Double) { self.momentum = momentum }

  package mutating func observe(
    _ elements: UnsafeBufferPointer<Float>, extremes: ClosedRange<Float>, inSample sample: Int
  ) {
    self.extremes.append((sample, extremes))
  }

  package mutating func join(_ other: any RangeObserver) {
    if let other = other as? Self { extremes += other.extremes }
  }

  package var range: ClosedRange<Float>? {
    let ordered = extremes.sorted { $0.sample < $1.sample }.map(\.range)
    guard let first = ordered.first else { return nil }
    var (lower, upper) = (Double(first.lowerBound), Double(first.upperBound))
    for next in ordered.dropFirst() {
      lower = momentum * lower + (1 - momentum) * Double(next.lowerBound)
      upper = momentum * upper + (1 - momentum) * Double(next.upperBound)
    }
    return Float(lower)...Float(upper)
  }
}
