/// A positive or negative real factor as a 31-bit fraction and a power of two: the only way in which the
/// `tflite` profile multiplies by a scale at run time.
///
/// The factor is `multiplier / 2^31 * 2^shift`, with `|multiplier|` in [2^30, 2^31) unless it is zero.
/// ``apply(_:)`` rounds twice: once in the high multiplication and once in the right shift.
package struct QuantizedMultiplier: Hashable, Sendable {
  /// The fraction in Q0.31.
  package var multiplier: Int32
  /// The power of two; positive values shift left before the multiplication, negative ones right after it.
  package var shift: Int32

  /// The factor zero.
  package static let zero = QuantizedMultiplier(multiplier: 0, shift: 0)

  /// A factor from its two parts.
  package init(multiplier: Int32, shift: Int32) {
    self.multiplier = multiplier
    self.shift = shift
  }

  /// The nearest representable factor, halves away from zero. Factors below 2^-32 become zero, those which
  /// are not finite become zero too.
  package init(_ real: Double) {
    guard real != 0, real.isFinite else {
      self = .zero
      return
    }
    // real = fraction * 2^shift with |fraction| in [0.5, 1).
    let fraction = Double(sign: real.sign, exponent: -1, significand: real.significand)
    var shift = Int32(clamping: real.exponent) + 1
    var fixed = Int64((fraction * 0x1p31).rounded(.toNearestOrAwayFromZero))
    if fixed.magnitude == 1 << 31 {
      fixed /= 2
      shift += 1
    }
    guard shift >= -31 else {
      self = .zero
      return
    }
    self.init(multiplier: Int32(fixed), shift: shift)
  }

  /// `value` times the factor, rounded twice.
  ///
  /// A left shift that leaves 32 bits wraps, as the reference does.
  @inline(__always)
  package func apply(_ value: Int32) -> Int32 {
    let left = max(shift, 0)
    let right = max(-shift, 0)
    return roundingDivide(
      saturatingRoundingDoublingHighMultiply(value << left, multiplier), byPowerOfTwo: right)
  }

  /// `value` times the factor for 64-bit accumulators: the fraction is reduced to 15 bits and halves round up.
  ///
  /// Exact for |value| < 2^47 and shifts from -31 to 7: the product has at most 47 + 15 bits. For larger shifts
  /// the reference shifts by numbers that processors take modulo 64, and so does this.
  @inline(__always)
  package func apply(wide value: Int64) -> Int32 {
    let reduced = multiplier < 0x7FFF_0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF
    let total = Int64(15 - shift)
    let product = value &* Int64(reduced) &+ (1 &<< (total - 1))
    return Int32(truncatingIfNeeded: product &>> total)
  }

  /// The factor times 1/`count`, folded into the fraction with as many bits as fit.
  ///
  /// `count` must be positive. The fraction is truncated, not rounded: means are defined this way.
  package func divided(by count: Int) -> QuantizedMultiplier {
    var extra = Int32(63 - count.leadingZeroBitCount)
    // At most 32, so that multiplier << extra fits 63 bits; at most 31 + shift, so that the result's shift
    // stays at -31 or above.
    extra = min(extra, 32, 31 + shift)
    let fraction = (Int64(multiplier) << Int64(extra)) / Int64(count)
    return QuantizedMultiplier(multiplier: Int32(truncatingIfNeeded: fraction), shift: shift - extra)
  }
}

/// The upper half of 2ab, rounded half away from zero for positive products and half up for negative ones;
/// it saturates only for (-2^31)^2.
@inline(__always)
package func saturatingRoundingDoublingHighMultiply(_ a: Int32, _ b: Int32) -> Int32 {
  if a == .min && b == .min { return .max }
  // |ab| <= 2^62, so the nudge cannot overflow 64 bits; the quotient is at most 2^31 - 1 in magnitude
  // except for (-2^31)^2, excluded above.
  let product = Int64(a) &* Int64(b)
  let nudge: Int64 = product >= 0 ? 1 << 30 : 1 - (1 << 30)
  return Int32(truncatingIfNeeded: (product &+ nudge) / (1 << 31))
}

/// The 16-bit form of ``saturatingRoundingDoublingHighMultiply(_:_:)-(Int32,_)``.
@inline(__always)
package func saturatingRoundingDoublingHighMultiply(_ a: Int16, _ b: Int16) -> Int16 {
  if a == .min && b == .min { return .max }
  let product = Int32(a) &* Int32(b)
  let nudge: Int32 = product >= 0 ? 1 << 14 : 1 - (1 << 14)
  return Int16(truncatingIfNeeded: (product &+ nudge) / (1 << 15))
}

/// `value / 2^exponent`, halves away from zero, for an exponent below the width.
///
/// Beyond it the mask wraps to -1, as the reference's does: every value that is not negative becomes 1.
@inline(__always)
package func roundingDivide<Value: FixedWidthInteger & SignedInteger>(
  _ value: Value, byPowerOfTwo exponent: Int32
) -> Value {
  let mask = Value(truncatingIfNeeded: (Int64(1) << Int64(exponent)) &- 1)
  let remainder = value & mask
  let threshold = (mask >> 1) &+ (value < 0 ? 1 : 0)
  return (value >> exponent) &+ (remainder > threshold ? 1 : 0)
}

/// `value * 2^exponent`, saturating on overflow; `exponent` from 0 to the width less 2.
@inline(__always)
package func saturatingShiftLeft<Value: FixedWidthInteger & SignedInteger>(
  _ value: Value, by exponent: Int32
) -> Value {
  let limit = Value.max >> exponent
  if value > limit { return .max }
  if value < -limit { return .min }
  return value << exponent
}

extension Int32 {
  /// The integer nearest to a rounded float, saturating; not-a-number becomes zero.
  package init(saturating value: Float) {
    if value >= 0x1p31 {
      self = .max
    } else if value > -0x1p31 {
      self.init(value)
    } else {
      self = value.isNaN ? 0 : .min
    }
  }
}
