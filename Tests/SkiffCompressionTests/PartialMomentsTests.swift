import Foundation
import SkiffCompression
import Testing

/// Integrals of a normal distribution, beside sums over small steps.
@Suite struct PartialMomentsTests {
  @Test(arguments: [(-0.7, 1.3), (2, 0.4), (0, 1), (5.5, 2), (-40, 1), (0.3, 1e-3)])
  func momentsAreThoseOfSmallSteps(mean: Double, deviation: Double) {
    for (least, greatest) in [
      (-Double.infinity, Double.infinity), (0, .infinity), (-.infinity, 0), (0, 6), (-1, 1), (-3, 3),
      (6, .infinity),
    ] {
      var (share, first, second) = (0.0, 0.0, 0.0)
      let count = 200_000
      let step = 20 * deviation / Double(count)
      for index in 0..<count {
        let x = mean - 10 * deviation + (Double(index) + 0.5) * step
        guard least <= x, x < greatest else { continue }
        let distance = (x - mean) / deviation
        let mass = exp(-distance * distance / 2) / (2 * Double.pi).squareRoot() / deviation * step
        (share, first, second) = (share + mass, first + mass * x, second + mass * x * x)
      }
      let own = PartialMoments(mean: mean, deviation: deviation, from: least, to: greatest)
      let bound = 1e-4 * max(1, mean * mean)
      #expect(abs(own.share - share) < bound && abs(own.first - first) < bound, "\(least) \(greatest)")
      #expect(abs(own.second - second) < bound, "\(least) \(greatest)")
    }
  }

  @Test func oneNumberIsOnOneSideOfABound() {
    for (mean, share) in [(0.0, 1.0), (5.9, 1), (6, 0), (-0.1, 0)] {
      let own = PartialMoments(mean: mean, deviation: 0, from: 0, to: 6)
      #expect(own.share == share && own.first == share * mean && own.second == share * mean * mean)
    }
  }
}
