/// How the range of a value is chosen from its elements in all calibration samples.
public enum RangeEstimation: Hashable, Sendable {
  /// The least and the greatest element seen.
  case minMax
  /// The least and the greatest element of each run, averaged exponentially in the order of the samples:
  /// `average = momentum · average + (1 − momentum) · extremes of the run`, from the first run on.
  ///
  /// The only estimation that another order of the samples changes.
  case movingAverage(momentum: Double)
  /// The range that holds this share of the elements, in percent; the rest is clamped.
  case percentile(Double)
  /// The range whose distribution changes the least by rounding to 128 numbers: the least Kullback-Leibler divergence.
  case entropy
  /// The range with the least squared error of the elements as int8.
  case squaredError

  /// The momentum that is usual.
  public static let movingAverage = RangeEstimation.movingAverage(momentum: 0.95)

  /// - Parameters:
  ///   - count: How many elements there will be, at most; nil if nobody knows.
  ///   - isSymmetric: Whether integers of 8 bits will have no zero point.
  package func observer(expecting count: Int?, isSymmetric: Bool = false) -> any RangeObserver {
    switch self {
    case .minMax: MinMaxObserver()
    case .movingAverage(let momentum): MovingAverageObserver(momentum: momentum)
    case .percentile(let percentile): PercentileObserver(percentile: percentile, expecting: count)
    case .entropy: HistogramObserver(choosing: \.rangeOfLeastDivergence)
    case .squaredError:
      HistogramObserver(choosing: { $0.rangeOfLeastSquaredError(isSymmetric: isSymmetric) })
    }
  }
}

/// The text that recipes and commands have: `min-max`, `moving-average 0.95`, `percentile 99.99`, `entropy`, `mse`.
extension RangeEstimation: LosslessStringConvertible {
  /// What the texts are, for messages.
  public static let syntax =
    "min-max, entropy, mse, percentile and a number above 50, up to 100, or moving-average with or without a momentum from 0 to below 1"

  /// Reads a text; nil if it is none of an estimation.
  public init?(_ description: String) {
    let words = description.split(separator: " ")
    let number = words.count == 2 ? Double(words[1]) : nil
    switch (words.first, words.count, number) {
    case ("min-max", 1, _): self = .minMax
    case ("entropy", 1, _): self = .entropy
    case ("mse", 1, _): self = .squaredError
    case ("moving-average", 1, _): self = .movingAverage
    case ("moving-average", 2, let momentum?) where momentum >= 0 && momentum < 1:
      self = .movingAverage(momentum: momentum)
    case ("percentile", 2, let percentile?) where percentile > 50 && percentile <= 100:
      self = .percentile(percentile)
    default: return nil
    }
  }

  /// For example `percentile 99.99`.
  public var description: String {
    switch self {
    case .minMax: "min-max"
    case .movingAverage(let momentum): "moving-average \(momentum)"
    case .percentile(let percentile): "percentile \(percentile)"
    case .entropy: "entropy"
    case .squaredError: "mse"
    }
  }
}
