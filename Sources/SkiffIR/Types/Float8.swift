/// The eight-bit floating point formats: a sign, exponent bits and mantissa bits.
///
/// The finite ones (`fn`) have no infinities; in the unsigned-zero ones (`uz`) the bits of a negative zero are the only
/// not-a-number. Micikevicius and others, "FP8 Formats for Deep Learning", 2022, and ONNX's page on float8.
struct Float8Format {
  /// The bits of the mantissa.
  let mantissaBits: Int
  /// What is subtracted from the stored exponent.
  let bias: Int
  /// The greatest finite number.
  let greatest: Float
  /// The bits of infinity, nil if there is none.
  let infinity: UInt8?
  /// The bits of what is not a number.
  let notANumber: UInt8

  /// The format of a data type, nil if it is another.
  init?(_ dataType: DataType) {
    switch dataType {
    case .float8e4m3fn:
      (mantissaBits, bias, greatest, infinity, notANumber) = (3, 7, 448, nil, 0x7F)
    case .float8e4m3fnuz:
      (mantissaBits, bias, greatest, infinity, notANumber) = (3, 8, 240, nil, 0x80)
    case .float8e5m2:
      (mantissaBits, bias, greatest, infinity, notANumber) = (2, 15, 57344, 0x7C, 0x7F)
    case .float8e5m2fnuz:
      (mantissaBits, bias, greatest, infinity, notANumber) = (2, 16, 57344, nil, 0x80)
    default: return nil
    }
  }

  private var hasNegativeZero: Bool { notANumber != 0x80 }

  /// The number that some bits are.
  func float(_ bits: UInt8) -> Float {
    let magnitude = bits & 0x7F
    if bits == notANumber || hasNegativeZero && magnitude == notANumber { return .nan }
    let sign: FloatingPointSign = bits & 0x80 == 0 ? .plus : .minus
    if let infinity {
      if magnitude == infinity { return sign == .plus ? .infinity : -.infinity }
      if magnitude > infinity { return .nan }
    }
    let exponent = Int(magnitude) >> mantissaBits
    let fraction = Int(magnitude) & (1 << mantissaBits - 1)
    let significand = exponent == 0 ? fraction : fraction + 1 << mantissaBits
    return Float(
      sign: sign, exponent: max(exponent, 1) - bias - mantissaBits, significand: Float(significand))
  }

  /// The bits of the nearest number, ties to even.
  ///
  /// - Parameter saturates: Whether what is beyond the greatest number becomes it, infinities included; else it
  ///   becomes infinity, or not a number where there is none.
  func bits(_ value: Float, saturates: Bool) -> UInt8 {
    let sign: UInt8 = value.sign == .minus ? 0x80 : 0
    guard !value.isNaN else { return hasNegativeZero ? sign | notANumber : notANumber }
    let least = 1 - bias
    let magnitude = value.magnitude
    let exponent = magnitude.isFinite && magnitude > 0 ? max(Int(magnitude.exponent), least) : least
    let scaled = Float(sign: .plus, exponent: mantissaBits - exponent, significand: magnitude)
    let steps = scaled.rounded(.toNearestOrEven)
    let rounded = Float(sign: .plus, exponent: exponent - mantissaBits, significand: steps)
    guard rounded <= greatest else {
      guard !saturates else { return sign | bits(greatest, saturates: true) }
      return infinity.map { sign | $0 } ?? (hasNegativeZero ? sign | notANumber : notANumber)
    }
    let result = UInt8((exponent - least) << mantissaBits + Int(steps))
    return result == 0 && !hasNegativeZero ? 0 : sign | result
  }
}
