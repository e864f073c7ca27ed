/// Elementary functions on 16-bit fixed-point numbers, as the reference computes the gates of recurrent networks.
///
/// A number in Qm.n has m integer and n fraction bits, m + n = 15. The steps are those of ``FixedPoint`` in 16 bits, with sums
/// that wrap unless it is said that they saturate.
package enum NarrowFixedPoint {
  @inline(__always)
  private static func multiply(_ a: Int16, _ b: Int16) -> Int16 {
    saturatingRoundingDoublingHighMultiply(a, b)
  }

  private static func rescale(_ value: Int16, from: Int32, to: Int32) -> Int16 {
    from >= to
      ? saturatingShiftLeft(value, by: from - to) : roundingDivide(value, byPowerOfTwo: to - from)
  }

  /// The upper half of a constant of 32 bits, rounded.
  private static func constant(_ value: Int32) -> Int16 {
    Int16(truncatingIfNeeded: roundingDivide(value, byPowerOfTwo: 16))
  }

  /// exp(a) in Q0.15 for a in [-1/4, 0), given in Q0.15: the Taylor polynomial around -1/8.
  private static func expNearZero(_ a: Int16) -> Int16 {
    let constantTerm = constant(1_895_147_668)  // exp(-1/8)
    let oneThird = constant(715_827_883)
    let x = a &+ (1 << 12)
    let x2 = multiply(x, x)
    let x3 = multiply(x2, x)
    let x4 = multiply(x2, x2)
    let x4Over4 = roundingDivide(x4, byPowerOfTwo: 2)
    let tail = roundingDivide(multiply(x4Over4 &+ x3, oneThird) &+ x2, byPowerOfTwo: 1)
    return Int16(clamping: Int32(constantTerm) + Int32(multiply(constantTerm, x &+ tail)))
  }

  /// exp(-2^k) in Q0.31 for k from -2 to 4.
  private static let expOfNegativePowers: [Int32] = [
    1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242,
  ]

  /// exp(a) in Q0.15 for a <= 0 with `integerBits` integer bits.
  private static func expOnNegative(_ a: Int16, integerBits: Int32) -> Int16 {
    if a == 0 { return .max }
    let fractionBits = 15 - integerBits
    let quarter = Int16(truncatingIfNeeded: Int32(1) << (fractionBits - 2))
    let inQuarter = (a & (quarter &- 1)) &- quarter
    var result = expNearZero(rescale(inQuarter, from: integerBits, to: 0))
    let remainder = inQuarter &- a
    for (index, factor) in expOfNegativePowers.enumerated() {
      let exponent = Int32(index) - 2
      guard integerBits > exponent, remainder & (1 << (fractionBits + exponent)) != 0 else { continue }
      result = multiply(result, constant(factor))
    }
    if integerBits > 5, a < -(Int16(1) << (20 - integerBits)) { return 0 }
    return result
  }

  /// 2 / (1 + a) in Q2.13 for a in [0, 1] given in Q0.15: three Newton steps.
  private static func doubledReciprocalOfOnePlus(_ a: Int16) -> Int16 {
    let sum = Int32(a) + Int32(Int16.max)
    let halfDenominator = Int16(truncatingIfNeeded: (sum + (sum >= 0 ? 1 : -1)) / 2)
    let fortyEightOver17 = constant(1_515_870_810)  // Q2.13
    let minus32Over17 = constant(-1_010_580_540)  // Q2.13
    var x = fortyEightOver17 &+ multiply(halfDenominator, minus32Over17)
    for _ in 0..<3 {
      let error = (1 << 13) &- multiply(halfDenominator, x)
      x = x &+ rescale(multiply(x, error), from: 4, to: 2)
    }
    return x
  }

  /// 1 / (1 + exp(-a)) in Q0.15 for a with `integerBits` integer bits.
  package static func logistic(_ a: Int16, integerBits: Int32) -> Int16 {
    if a == 0 { return 1 << 14 }
    let magnitude = a > 0 ? a : 0 &- a
    // Half of what is in Q2.13 has the same bits in Q1.14.
    let x = doubledReciprocalOfOnePlus(expOnNegative(0 &- magnitude, integerBits: integerBits))
    let result = rescale(x, from: 1, to: 0)
    return a > 0 ? result : .max &- result
  }

  /// The hyperbolic tangent in Q0.15 of a with `integerBits` integer bits.
  package static func tanh(_ a: Int16, integerBits: Int32) -> Int16 {
    if a == 0 { return 0 }
    let negative = a < 0 ? a : 0 &- a
    // Twice a number has the same bits with one more integer bit.
    let x = doubledReciprocalOfOnePlus(expOnNegative(negative, integerBits: integerBits + 1))
    let result = rescale(x &- (1 << 13), from: 2, to: 0)
    return a < 0 ? 0 &- result : result
  }
}
