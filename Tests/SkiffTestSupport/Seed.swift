import Foundation
import Testing

/// The start of a random sequence: as a test's argument it is printed when the test fails.
///
/// `SKIFF_SEED=0x…` replaces the fresh seed, to run a failed case again.
package struct Seed: Hashable, Sendable, CustomStringConvertible, CustomTestStringConvertible {
  package let value: UInt64

  package init(_ value: UInt64) { self.value = value }

  package var description: String { "SKIFF_SEED=0x" + String(value, radix: 16) }
  package var testDescription: String { description }

  /// A seed that differs from run to run.
  package static let fresh: Seed = {
    guard let text = TestRun.variable("SKIFF_SEED") else { return Seed(.random(in: .min ... .max)) }
    let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
    guard let value = UInt64(digits, radix: text.hasPrefix("0x") ? 16 : 10) else {
      fatalError("SKIFF_SEED=\(text) is not a number")
    }
    return Seed(value)
  }()

  /// A fixed seed and a fresh one: the arguments of a random test.
  package static let fixedAndFresh = [Seed(0x5eed), fresh]

  /// The fixed seed, and in long runs two fresh ones: for tests that take minutes.
  package static let fixedAndFreshInLongRuns =
    [Seed(0x5eed)]
    + (TestRun.isFull || TestRun.variable("SKIFF_SEED") != nil ? [fresh, Seed(fresh.value &+ 1)] : [])
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, the same on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(_ seed: Seed) { state = seed.value }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// `count` numbers, uniform over `range`.
  package mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  /// `count` integers, uniform over `range`.
  package mutating func integers<Integer: FixedWidthInteger>(
    _ count: Int, in range: ClosedRange<Integer> = .min ... .max
  ) -> [Integer] {
    (0..<count).map { _ in Integer.random(in: range, using: &self) }
  }

  /// A number whose logarithm is uniform over `range`, as scales are drawn.
  package mutating func logUniform(in range: ClosedRange<Double>) -> Double {
    exp(Double.random(in: log(range.lowerBound)...log(range.upperBound), using: &self))
  }
}
