import SkiffCompression

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How numbers are spread, before and after.
struct SpreadPicture {
  private static let (width, height) = (240.0, 80.0)
  private let range: ClosedRange<Float>
  private let before: [Int]
  private let after: [Int]

  /// - Parameter before: nil if they are not known.
  init(before: Histogram?, after: Histogram) {
    var histograms = [before, after]
    let reach = histograms.compactMap { $0?.exponent }.max()
    for index in histograms.indices {
      if let reach { histograms[index]?.widen(to: reach) }
    }
    let occupied = histograms.compactMap { $0?.occupied }.reduce(nil) { joined, next -> ClosedRange<Int>? in
      joined.map { min($0.lowerBound, next.lowerBound)...max($0.upperBound, next.upperBound) } ?? next
    }
    let extremes = histograms.compactMap { $0?.extremes }
    range = (extremes.map(\.lowerBound).min() ?? 0)...(extremes.map(\.upperBound).max() ?? 0)
    // More numbers show finer.
    let bars = max(16, min(96, Int(2 * Double(after.total).squareRoot())))
    (self.before, self.after) = (
      histograms[0]?.counts(in: occupied, bars: bars) ?? [],
      histograms[1]?.counts(in: occupied, bars: bars) ?? []
    )
  }

  /// A picture (SVG).
  var markup: Markup {
    let most = log(1 + Double(max(before.max() ?? 0, after.max() ?? 0)))
    func path(_ counts: [Int], _ attributes: [(String, String)]) -> [Markup] {
      guard !counts.isEmpty, most > 0 else { return [] }
      let step = Self.width / Double(counts.count)
      let steps = counts.enumerated().map { bin, count in
        let y = Self.height * (1 - log(1 + Double(count)) / most)
        return "V\(y.shortText)H\((step * Double(bin + 1)).shortText)"
      }
      return [
        .element("path", [("d", "M0 \(Self.height)\(steps.joined())V\(Self.height)Z")] + attributes, [])
      ]
    }
    func label(_ number: Float, x: Double, _ anchor: String) -> Markup {
      .element(
        "text", [("x", "\(x)"), ("y", "\(Self.height + 12)"), ("text-anchor", anchor)],
        [.text(Double(number).shortText)])
    }
    return .element(
      "svg",
      [
        ("xmlns", "http://www.w3.org/2000/svg"), ("viewBox", "0 -2 \(Self.width) \(Self.height + 18)"),
        ("font-family", "sans-serif"), ("font-size", "10"),
      ],
      path(before, [("fill", "#c8ccd2")])
        + path(after, [("fill", "none"), ("stroke", "#c33"), ("stroke-width", "1")])
        + [label(range.lowerBound, x: 0, "start"), label(range.upperBound, x: Self.width, "end")])
  }
}

extension Histogram {
  /// The counts of some bins, added up to so many bars at most.
  fileprivate func counts(in bins: ClosedRange<Int>?, bars: Int) -> [Int] {
    guard let bins else { return [] }
    let bars = min(bars, bins.count)
    var sums = [Int](repeating: 0, count: bars)
    for (place, bin) in bins.enumerated() { sums[place * bars / bins.count] += Int(counts[bin]) }
    return sums
  }
}
