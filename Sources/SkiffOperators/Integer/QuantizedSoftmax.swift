/// Softmax and log-softmax of int8 rows, in fixed point; `depth` neighbouring elements form a row.
package struct QuantizedSoftmax: Sendable {
  /// The integer bits of the sum: 4,095 elements of a row can be the largest.
  static let sumBits: Int32 = 12

  /// The length of a row.
  package let depth: Int
  /// Brings a difference of two integers to Q5.26.
  package let multiplier: QuantizedMultiplier
  /// Differences below this one count as zero probability.
  package let smallestDifference: Int32

  /// Derives the factor `beta · scale · 2^26`, at most 2^31 - 1. Results are in 1/256, zero point -128.
  ///
  /// Returns nil where the factor is 1 or less, which the reference refuses.
  package init?(depth: Int, beta: Float = 1, input: LinearQuantization) {
    let real = min(Double(beta) * Double(input.scale) * 0x1p26, 0x1p31 - 1)
    guard real > 1 else { return nil }
    self.depth = depth
    multiplier = QuantizedMultiplier(real)
    // floor((2^5 - 1) · 2^26 / 2^shift): beyond it the scaled difference would leave Q5.26.
    smallestDifference = -Int32((31.0 * 0x1p26 / Double(Int64(1) << Int64(multiplier.shift))).rounded(.down))
  }

  /// The scaled difference in Q5.26; it is at most 31 in magnitude.
  @inline(__always)
  func scaled(_ difference: Int32) -> Int32 { multiplier.apply(difference) }

  /// The largest element of a row and the sum of the row's exponentials in Q12.19.
  func statistics(_ input: Span<Int8>, row: Int) -> (largest: Int32, sum: Int32) {
    var largest = Int32(Int8.min)
    for index in 0..<depth { largest = max(largest, Int32(input[row * depth + index])) }
    var sum: Int32 = 0
    for index in 0..<depth {
      let difference = Int32(input[row * depth + index]) &- largest
      if difference >= smallestDifference {
        let value = FixedPoint.expOnNegative(scaled(difference))
        sum = sum &+ FixedPoint.rescale(value, from: 0, to: Self.sumBits)
      }
    }
    return (largest, sum)
  }

  /// Computes the probabilities of every row.
  package func run(input: Span<Int8>, output: inout MutableSpan<Int8>) {
    guard depth > 0 else { return }
    let bounds = QuantizedBounds(of: Int8.self)
    for row in 0..<input.count / depth {
      let (largest, sum) = statistics(input, row: row)
      let (scale, bitsOverUnit) = FixedPoint.reciprocal(sum, integerBits: Self.sumBits)
      let shift = bitsOverUnit + 31 - 8
      for index in row * depth..<(row + 1) * depth {
        let difference = Int32(input[index]) &- largest
        guard difference >= smallestDifference else {
          output[index] = .min
          continue
        }
        let value = FixedPoint.expOnNegative(scaled(difference))
        let probability = roundingDivide(
          saturatingRoundingDoublingHighMultiply(scale, value), byPowerOfTwo: shift)
        output[index] = Int8(truncatingIfNeeded: bounds.clamp(probability &+ Int32(Int8.min)))
      }
    }
  }
}

/// The logarithm of softmax; results are in 1/16, zero point 127.
package struct QuantizedLogSoftmax: Sendable {
  /// The softmax beneath.
  package let softmax: QuantizedSoftmax
  /// Brings a number in Q5.26 back to a difference of two integers.
  package let reverse: QuantizedMultiplier

  /// Derives both factors; nil where the reference refuses.
  package init?(depth: Int, input: LinearQuantization) {
    guard let softmax = QuantizedSoftmax(depth: depth, input: input) else { return nil }
    self.softmax = softmax
    let shift = Int64(31 - softmax.multiplier.shift)
    guard shift >= 0 else { return nil }
    let real = Double(Int64(1) << shift) / Double(softmax.multiplier.multiplier)
    guard real < 1 else { return nil }
    reverse = QuantizedMultiplier(real)
  }

  /// Computes the log-probabilities of every row.
  package func run(input: Span<Int8>, output: inout MutableSpan<Int8>) {
    let depth = softmax.depth
    guard depth > 0 else { return }
    let bounds = QuantizedBounds(of: Int8.self)
    for row in 0..<input.count / depth {
      let (largest, sum) = softmax.statistics(input, row: row)
      let logarithm = FixedPoint.log(sum)
      // Differences so small that the result would leave Q5.26 are not computed.
      let smallest = max(softmax.smallestDifference - 1, reverse.apply(logarithm &+ Int32.min))
      for index in row * depth..<(row + 1) * depth {
        let difference = Int32(input[index]) &- largest
        guard difference > smallest else {
          output[index] = .min
          continue
        }
        let result = roundingDivide(softmax.scaled(difference) &- logarithm, byPowerOfTwo: 31 - 5 - 4)
        output[index] = Int8(truncatingIfNeeded: bounds.clamp(result &+ 127))
      }
    }
  }
}

/// Rows divided by their Euclidean length; results are in 1/128, zero point 0.
package struct QuantizedL2Normalization: Sendable {
  /// The length of a row.
  package let depth: Int
  /// What is subtracted from every input.
  package let inputZeroPoint: Int32
  /// Whether seven fraction bits are gained before the factor and not by it: that of unsigned bytes, here each less by 128.
  package let gainsBitsFirst: Bool

  /// A normalization of rows of `depth` elements.
  package init(depth: Int, input: LinearQuantization, gainsBitsFirst: Bool = false) {
    self.depth = depth
    self.inputZeroPoint = input.zeroPoint
    self.gainsBitsFirst = gainsBitsFirst
  }

  /// Normalizes every row; the sum of squares fits 32 bits for 33,025 elements.
  package func run(input: Span<Int8>, output: inout MutableSpan<Int8>) {
    guard depth > 0 else { return }
    let bounds = QuantizedBounds(of: Int8.self)
    for row in 0..<input.count / depth {
      var sum: Int32 = 0
      for index in row * depth..<(row + 1) * depth {
        let value = Int32(input[index]) &- inputZeroPoint
        sum = sum &+ value &* value
      }
      var factor = FixedPoint.inverseSquareRoot(sum)
      if !gainsBitsFirst { factor.shift += 7 }
      for index in row * depth..<(row + 1) * depth {
        let value = factor.apply((Int32(input[index]) &- inputZeroPoint) << (gainsBitsFirst ? 7 : 0))
        output[index] = Int8(truncatingIfNeeded: bounds.clamp(value))
      }
    }
  }
}
