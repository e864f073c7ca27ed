/// How far a float result may be from a peer's: the larger of a share of the outputs' range (1e-5 unless said) and
/// twice the peer's own spread, measured over runs that only differ in how it optimizes.
package struct FloatBound: CustomStringConvertible, Sendable {
  /// The largest absolute error that is allowed.
  package let largestError: Double
  /// The largest difference between two of the peer's runs.
  package let spread: Double
  /// The range of the first run's outputs.
  package let range: Double

  /// Derives the bound from the peer's outputs, the first run being the reference.
  package init(peerRuns runs: [[Float]], shareOfRange: Double = 1e-5) {
    let reference = runs.first ?? []
    spread =
      runs.map { run in runs.map { FloatDifference($0, from: run).largestError }.max() ?? 0 }.max() ?? 0
    range = FloatDifference(reference, from: reference).range
    largestError = max(shareOfRange * range, 2 * spread)
  }

  /// Whether `actual` is within the bound of `expected`; two NaNs are equal.
  package func holds(for actual: [Float], from expected: [Float]) -> Bool {
    FloatDifference(actual, from: expected).largestError <= largestError
  }

  package var description: String { "at most \(largestError) (range \(range), peer's spread \(spread))" }
}
