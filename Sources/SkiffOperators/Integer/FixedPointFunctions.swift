/// Elementary functions on 32-bit fixed-point numbers, as the reference softmax, log-softmax and
/// normalization compute them.
///
/// A number in Qm.n has m integer and n fraction bits, m + n = 31. A product of Qa and Qb is the high
/// multiplication and lies in Q(a+b).
package enum FixedPoint {
  @inline(__always)
  private static func multiply(_ a: Int32, _ b: Int32) -> Int32 {
    saturatingRoundingDoublingHighMultiply(a, b)
  }

  /// A number with `from` integer bits rewritten with `to` of them: saturating or rounding.
  @inline(__always)
  package static func rescale(_ value: Int32, from: Int32, to: Int32) -> Int32 {
    from >= to
      ? saturatingShiftLeft(value, by: from - to) : roundingDivide(value, byPowerOfTwo: to - from)
  }

  /// exp(a) in Q0.31 for a in [-1/4, 0), given in Q0.31: the Taylor polynomial around -1/8.
  private static func expNearZero(_ a: Int32) -> Int32 {
    let constantTerm: Int32 = 1_895_147_668  // exp(-1/8)
    let oneThird: Int32 = 715_827_883
    let x = a &+ (1 << 28)
    let x2 = multiply(x, x)
    let x3 = multiply(x2, x)
    let x4 = multiply(x2, x2)
    let x4Over4 = roundingDivide(x4, byPowerOfTwo: 2)
    let tail = roundingDivide(multiply(x4Over4 &+ x3, oneThird) &+ x2, byPowerOfTwo: 1)
    // |x| <= 1/8, so x + tail < 0.14 and the sum stays below 1.
    return constantTerm &+ multiply(constantTerm, x &+ tail)
  }

  /// exp(-2^k) in Q0.31 for k from -2 to 4.
  private static let expOfNegativePowers: [Int32] = [
    1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242,
  ]

  /// exp(a) in Q0.31 for a <= 0 given in Q5.26.
  package static func expOnNegative(_ a: Int32) -> Int32 {
    if a == 0 { return .max }
    let fractionBits: Int32 = 26
    let quarter: Int32 = 1 << (fractionBits - 2)
    let inQuarter = (a & (quarter - 1)) &- quarter
    var result = expNearZero(rescale(inQuarter, from: 5, to: 0))
    let remainder = inQuarter &- a
    for (index, factor) in expOfNegativePowers.enumerated()
    where remainder & (1 << (fractionBits - 2 + Int32(index))) != 0 {
      result = multiply(result, factor)
    }
    return result
  }

  /// 1 / (1 + a) in Q0.31 for a in [0, 1) given in Q0.31: three Newton steps.
  private static func reciprocalOfOnePlus(_ a: Int32) -> Int32 {
    // (a + 1) / 2; the sum has 32 bits, its half rounds away from zero.
    let sum = Int64(a) + Int64(Int32.max)
    let halfDenominator = Int32(truncatingIfNeeded: (sum + (sum >= 0 ? 1 : -1)) / 2)
    let fortyEightOver17: Int32 = 1_515_870_810  // Q2.29
    let minus32Over17: Int32 = -1_010_580_540  // Q2.29
    var x = fortyEightOver17 &+ multiply(halfDenominator, minus32Over17)
    for _ in 0..<3 {
      let error = (1 << 29) &- multiply(halfDenominator, x)
      x = x &+ rescale(multiply(x, error), from: 4, to: 2)
    }
    // x / 2 in Q1.30 has the bits of x in Q2.29.
    return rescale(x, from: 1, to: 0)
  }

  /// 1 / x for x > 0 with `integerBits` integer bits.
  ///
  /// - Returns: the reciprocal of x scaled to [1, 2) in Q0.31, and how many bits the scaling shifted right.
  package static func reciprocal(_ x: Int32, integerBits: Int32) -> (scale: Int32, bitsOverUnit: Int32) {
    let headroomPlusOne = Int32(UInt32(bitPattern: x).leadingZeroBitCount)
    let shifted = (UInt32(bitPattern: x) << UInt32(headroomPlusOne)) &- (1 << 31)
    return (reciprocalOfOnePlus(Int32(bitPattern: shifted)), integerBits - headroomPlusOne)
  }

  /// The natural logarithm of x >= 1 given in Q12.19, in Q5.26.
  package static func log(_ x: Int32) -> Int32 {
    let inputBits: Int32 = 12
    let accumulatorBits: Int32 = 6
    let logOf2: Int32 = 1_488_522_236
    let fourthRootOfHalf: Int32 = 1_805_811_301
    let rootOfHalf: Int32 = 1_518_500_250
    let numeratorAlpha: Int32 = 117_049_297  // 11/240 * 2^(1/4)
    let denominatorAlpha: Int32 = 127_690_142  // 1/20 * 2^(1/4)
    let constantAlpha: Int32 = 1_057_819_769  // 2 / 2^(1/4) - 2^(1/4)
    let linearAlpha: Int32 = 638_450_708  // 1/4 * 2^(1/4)
    let quarter = rescale(536_870_912, from: 0, to: accumulatorBits)
    func saturatingSum(_ a: Int32, _ b: Int32) -> Int32 { Int32(clamping: Int64(a) + Int64(b)) }

    // x normalized twice: as it is and times sqrt(1/2); the smaller mantissa and the larger exponent win.
    let headroomPlusOne = Int32(UInt32(bitPattern: x).leadingZeroBitCount)
    let mantissaA = saturatingShiftLeft(
      multiply(saturatingShiftLeft(x, by: headroomPlusOne - 1), rootOfHalf), by: 1)
    let exponentA = saturatingSum(
      saturatingShiftLeft(inputBits - headroomPlusOne, by: 31 - accumulatorBits), quarter)
    let headroomB = Int32(UInt32(bitPattern: multiply(x, rootOfHalf)).leadingZeroBitCount) - 1
    let mantissaB = saturatingShiftLeft(x, by: headroomB)
    let exponentB = saturatingSum(
      saturatingShiftLeft(inputBits - headroomB, by: 31 - accumulatorBits), -quarter)
    let r = min(mantissaA, mantissaB)
    let exponent = max(exponentA, exponentB)

    let halfSum = Int64(r) + Int64(fourthRootOfHalf)
    let p = Int32(truncatingIfNeeded: (halfSum + (halfSum >= 0 ? 1 : -1)) / 2)
    var q = r &- fourthRootOfHalf
    q = q &+ q
    let square = multiply(q, q)
    let numerator = multiply(q, r) &+ multiply(multiply(q, square), numeratorAlpha)
    let denominatorMinusOne =
      multiply(p, constantAlpha &+ q &+ multiply(denominatorAlpha, square)) &+ multiply(linearAlpha, q)
    let inverse = reciprocalOfOnePlus(denominatorMinusOne)
    let scaledNumerator = rescale(numerator, from: 0, to: accumulatorBits)
    let result = multiply(exponent, logOf2) &+ multiply(scaledNumerator, inverse)
    return rescale(result, from: accumulatorBits, to: 5)
  }

  /// 1 / sqrt(x) for x >= 0 as a multiplier whose shift is to be applied to the right; 0 counts as 1.
  package static func inverseSquareRoot(_ value: Int32) -> QuantizedMultiplier {
    guard value > 1 else { return QuantizedMultiplier(multiplier: .max, shift: 0) }
    var input = value
    var rightShift: Int32 = 11
    while input >= 1 << 29 {
      input /= 4
      rightShift += 1
    }
    // input is brought to [2^27, 2^29) by an even shift.
    let pairs = Int32((input.leadingZeroBitCount - 1) / 2 - 1)
    rightShift -= pairs
    input <<= 2 * pairs
    let x0 = input >> 1
    let halfInput = roundingDivide(x0, byPowerOfTwo: 1)
    let halfThree: Int32 = (1 << 28) + (1 << 27)
    var x: Int32 = 1 << 28
    for _ in 0..<5 {
      let cube = rescale(multiply(multiply(x, x), x), from: 9, to: 3)
      x = rescale(multiply(halfThree, x) &- multiply(halfInput, cube), from: 6, to: 3)
    }
    x = multiply(x, 1_518_500_250)  // sqrt(1/2)
    if rightShift < 0 {
      x <<= -rightShift
      rightShift = 0
    }
    return QuantizedMultiplier(multiplier: x, shift: -rightShift)
  }
}
