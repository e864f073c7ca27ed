#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The integrals of 1, x and x² times the density of a normal distribution over the numbers from one bound to below another.
package struct PartialMoments {
  /// The share of the numbers that lie there.
  package let share: Double
  package let first: Double
  package let second: Double

  /// - Parameters:
  ///   - deviation: The standard deviation; 0 for one number only.
  ///   - least: The lower bound, or -∞.
  ///   - greatest: The upper bound, or ∞.
  package init(mean: Double, deviation: Double, from least: Double, to greatest: Double) {
    guard deviation > 0 else {
      share = least <= mean && mean < greatest ? 1 : 0
      (first, second) = (share * mean, share * mean * mean)
      return
    }
    func density(_ bound: Double) -> Double {
      let distance = (bound - mean) / deviation
      return exp(-distance * distance / 2) / (2 * Double.pi).squareRoot()
    }
    func below(_ bound: Double) -> Double { erfc((mean - bound) / deviation / 2.0.squareRoot()) / 2 }
    /// Of the integral of x², what a bound adds.
    func edge(_ bound: Double) -> Double { bound.isFinite ? (mean + bound) * density(bound) : 0 }
    share = below(greatest) - below(least)
    first = mean * share + deviation * (density(least) - density(greatest))
    second = (mean * mean + deviation * deviation) * share + deviation * (edge(least) - edge(greatest))
  }
}
