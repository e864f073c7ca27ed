import SkiffIR

/// What is known of the elements of each channel of a value without running the graph.
struct ChannelDistribution: Sendable {
  /// The axis of the channels.
  let axis: Int
  /// The mean of each channel.
  private(set) var means: [Double]
  /// The variance of each channel; nil where it is not known.
  private(set) var variances: [Double]?
  /// Whether elements are normally distributed, or taken to be.
  private(set) var isNormal: Bool

  /// Normally distributed channels.
  init(axis: Int, means: [Double], deviations: [Double]) {
    (self.axis, self.means, isNormal) = (axis, means, true)
    variances = deviations.map { $0 * $0 }
  }

  /// Channels of which only the means are known.
  init(axis: Int, means: [Double]) { self.init(axis: axis, means: means, variances: nil, isNormal: false) }

  private init(axis: Int, means: [Double], variances: [Double]?, isNormal: Bool) {
    (self.axis, self.means, self.variances, self.isNormal) = (axis, means, variances, isNormal)
  }

  /// Only the means, for what averages elements or mixes them with each other.
  var onlyMeans: ChannelDistribution {
    ChannelDistribution(axis: axis, means: means, variances: nil, isNormal: false)
  }

  /// The channels along another axis.
  func moved(to axis: Int) -> ChannelDistribution {
    ChannelDistribution(axis: axis, means: means, variances: variances, isNormal: isNormal)
  }

  /// The channels divided by numbers; nil if there are not as many.
  func divided(by factors: [Float]) -> ChannelDistribution? {
    guard factors.count == means.count else { return nil }
    var result = self
    result.means = zip(means, factors).map { $0 / Double($1) }
    result.variances = variances.map { zip($0, factors).map { $0 / (Double($1) * Double($1)) } }
    return result
  }

  /// The channels behind a clamp: the clipped normal distribution of Nagel et al., "Data-Free Quantization Through Weight
  /// Equalization and Bias Correction", 2019, appendix C. Nil where the elements before it are not normally distributed.
  func clamped(from least: Double, to greatest: Double) -> ChannelDistribution? {
    guard least > -.infinity || greatest < .infinity else { return self }
    guard isNormal, let variances, least < greatest else { return nil }
    var result = onlyMeans
    result.variances = variances
    for (channel, variance) in variances.enumerated() {
      func moments(_ from: Double, _ to: Double) -> PartialMoments {
        PartialMoments(mean: means[channel], deviation: variance.squareRoot(), from: from, to: to)
      }
      let inside = moments(least, greatest)
      var (mean, square) = (inside.first, inside.second)
      for (bound, share) in [
        (least, moments(-.infinity, least).share), (greatest, moments(greatest, .infinity).share),
      ] where bound.isFinite {
        mean += bound * share
        square += bound * bound * share
      }
      result.means[channel] = mean
      result.variances?[channel] = max(0, square - mean * mean)
    }
    return result
  }

  /// The channels behind `x · clamp(x + 3, 0, 6) / 6`, by the same integrals. Nil where the elements before it are not normally
  /// distributed.
  var hardSwished: ChannelDistribution? {
    guard isNormal, let variances else { return nil }
    var result = onlyMeans
    for (channel, variance) in variances.enumerated() {
      func moments(_ from: Double, _ to: Double) -> PartialMoments {
        PartialMoments(mean: means[channel], deviation: variance.squareRoot(), from: from, to: to)
      }
      let inside = moments(-3, 3)
      result.means[channel] = (inside.second + 3 * inside.first) / 6 + moments(3, .infinity).first
    }
    return result
  }

  /// The sum with other channels. Means add up; so do variances, as if both did not depend on each other, and the sum is taken to be
  /// normally distributed.
  func adding(_ other: ChannelDistribution) -> ChannelDistribution? {
    guard axis == other.axis, means.count == other.means.count else { return nil }
    let sums = variances.flatMap { own in other.variances.map { zip(own, $0).map(+) } }
    return ChannelDistribution(
      axis: axis, means: zip(means, other.means).map(+), variances: sums, isNormal: sums != nil)
  }

  /// The channels of some values one behind another; nil if they are along different axes.
  static func joined(_ parts: [ChannelDistribution]) -> ChannelDistribution? {
    guard let first = parts.first, parts.allSatisfy({ $0.axis == first.axis }) else { return nil }
    let variances = parts.compactMap(\.variances)
    return ChannelDistribution(
      axis: first.axis, means: parts.flatMap(\.means),
      variances: variances.count == parts.count ? variances.flatMap(\.self) : nil,
      isNormal: parts.allSatisfy(\.isNormal))
  }

  /// The most channels that a value is given by making several axes one.
  private static let mostChannels = 1 << 24

  /// The channels of the same elements in another shape: along an axis that has them still, or repeated along the last one. Nil where neither
  /// is so.
  func regrouped(from old: Shape, to new: Shape) -> ChannelDistribution? {
    let behind = old.dimensions.dropFirst(axis + 1).compactMap(\.fixed)
    guard behind.count == old.rank - axis - 1, let each = behind.checkedProduct() else { return nil }
    var size = 1
    for place in new.dimensions.indices.reversed() {
      if size == each, new[place] == .fixed(means.count) { return moved(to: place) }
      guard let own = new[place].fixed, let product = [size, own].checkedProduct() else { break }
      size = product
    }
    guard let last = new.dimensions.last?.fixed, let period = [means.count, each].checkedProduct(),
      period > 0, last % period == 0, last <= Self.mostChannels
    else { return nil }
    func repeated(_ numbers: [Double]) -> [Double] {
      (0..<last).map { numbers[$0 / each % numbers.count] }
    }
    return ChannelDistribution(
      axis: new.rank - 1, means: repeated(means), variances: variances.map(repeated), isNormal: isNormal)
  }
}
