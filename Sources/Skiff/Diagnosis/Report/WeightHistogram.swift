#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How numbers are spread, before and after.
struct WeightHistogram {
  private static let (width, height) = (240.0, 80.0)
  private let range: ClosedRange<Float>
  private let before: [Int]
  private let after: [Int]

  /// - Parameter before: nil if they are not known.
  init(before: [Float]?, after: [Float]) {
    let all = (before ?? []) + after
    let finite = all.lazy.filter(\.isFinite)
    let range = (finite.min() ?? 0)...(finite.max() ?? 0)
    // More numbers show finer.
    let bins = max(16, min(96, Int(2 * Double(after.count).squareRoot())))
    self.range = range
    self.before = before.map { Self.counts($0, range, bins) } ?? []
    self.after = Self.counts(after, range, bins)
  }

  private static func counts(_ numbers: [Float], _ range: ClosedRange<Float>, _ bins: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: bins)
    let (lower, extent) = (Double(range.lowerBound), Double(range.upperBound) - Double(range.lowerBound))
    for number in numbers where number.isFinite {
      let place = extent > 0 ? (Double(number) - lower) / extent : 0.5
      counts[min(bins - 1, Int(place * Double(bins)))] += 1
    }
    return counts
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
