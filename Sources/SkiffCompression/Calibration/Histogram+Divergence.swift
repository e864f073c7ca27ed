#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Histogram {
  /// How many numbers a distribution is rounded to when its divergence is measured.
  package static let levels = 128

  /// How many elements a bin must have on average for its count to say more than chance.
  package static let elementsForBin = 128

  /// The range whose elements are told the least wrong by ``levels`` numbers.
  ///
  /// As TensorRT and ONNX Runtime calibrate, but that the two ends of an asymmetric range are found each for itself: of all
  /// ranges, the one with the least divergence (``Divergence``). Values of few elements are not clamped: what chance puts in a bin and
  /// not in the next diverges more than what is clamped, and the range would be too narrow.
  var rangeOfLeastDivergence: ClosedRange<Float>? {
    guard let smooth = smoothed else { return extremes }
    let divergence = Divergence(of: smooth)
    return smooth.bins(isSmooth: false, ofLeast: { divergence($0) }).flatMap(smooth.range)
  }

  /// The histogram with bins so wide that they have ``elementsForBin`` elements on average; nil if there are fewer than for four
  /// bins for each level.
  package var smoothed: Histogram? {
    guard exponent != nil else { return nil }
    var smoothed = self
    while let occupied = smoothed.occupied?.count, total < Self.elementsForBin * occupied {
      guard occupied >= 8 * Self.levels else { return nil }
      smoothed.widen(to: (smoothed.exponent ?? 0) + 1)
    }
    return smoothed
  }
}

/// The Kullback-Leibler divergence of a histogram from what it is as few numbers between two edges.
///
/// The elements outside are counted to the outermost bins inside: P. Between the edges, bins in ``Histogram/levels`` runs of
/// the same length, to a bin, share the elements of their run, without those from outside, among all that P has elements in: Q.
/// Both are divided by their sums. The bin from 0 on counts no more than its neighbours: zeros, which rectifiers give many of,
/// are zero in every range.
package struct Divergence {
  /// Sums over the bins below each edge: of elements, of bins with elements, and of `count · log(count)`.
  private var elements: [Double] = [0]
  private var bins: [Double] = [0]
  private var logarithms: [Double] = [0]
  private var counts: [Double]

  package init(of histogram: Histogram) {
    counts = histogram.counts.map { Double($0) }
    let zero = histogram.middle
    counts[zero] = min(counts[zero], max(counts[zero - 1], counts[zero + 1]))
    for index in counts.indices {
      let count = counts[index]
      elements.append(elements[index] + count)
      bins.append(bins[index] + (count > 0 ? 1 : 0))
      logarithms.append(logarithms[index] + Self.term(count))
    }
  }

  private static func term(_ count: Double) -> Double { count > 0 ? count * log(count) : 0 }

  /// The divergence in nats; infinite if bins are fewer than numbers, or if elements from outside are where none are inside.
  package func callAsFunction(_ range: Range<Int>) -> Double {
    guard range.count >= Histogram.levels, let total = elements.last else { return .infinity }
    let inside = elements[range.upperBound] - elements[range.lowerBound]
    guard inside > 0 else { return .infinity }
    let (first, last) = (range.lowerBound, range.upperBound - 1)
    let (below, above) = (elements[first], total - elements[last + 1])
    // Sum of P · log P, and of P · log Q for one run after the other, both times the total.
    var own = logarithms[last + 1] - logarithms[first]
    own += Self.term(counts[first] + below) - Self.term(counts[first])
    own += Self.term(counts[last] + above) - Self.term(counts[last])
    var other = 0.0
    for level in 0..<Histogram.levels {
      let start = first + range.count * level / Histogram.levels
      let end = first + range.count * (level + 1) / Histogram.levels
      let mass = elements[end] - elements[start]
      var (members, weight) = (bins[end] - bins[start], mass)
      if start == first, below > 0 {
        weight += below
        if counts[first] == 0 { members += 1 }
      }
      if end == last + 1, above > 0 {
        weight += above
        if counts[last] == 0 { members += 1 }
      }
      guard weight > 0 else { continue }
      guard mass > 0 else { return .infinity }
      other += weight * log(mass / members)
    }
    return (own - other) / total - log(total) + log(inside)
  }
}
