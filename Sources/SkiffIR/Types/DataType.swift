/// What one element of a tensor is stored as.
///
/// Quantization is not part of it: an `int8` tensor with scales is `int8` plus ``QuantizationParameters``.
/// The raw value is the name in the text form and in the edge format.
public enum DataType: String, Hashable, Sendable, CaseIterable {
  /// A truth value in one byte, 0 or 1.
  case boolean = "bool"
  /// Signed integers in two's complement; below 8 bits several elements share a byte, lowest bits first.
  case int2 = "i2", int4 = "i4", int8 = "i8", int16 = "i16", int32 = "i32", int64 = "i64"
  /// Unsigned integers; below 8 bits several elements share a byte, lowest bits first.
  case uint2 = "u2", uint4 = "u4", uint8 = "u8", uint16 = "u16", uint32 = "u32", uint64 = "u64"
  /// IEEE 754 binary floating point.
  case float16 = "f16", float32 = "f32", float64 = "f64"
  /// The upper half of a `float32`.
  case bfloat16 = "bf16"
  /// Eight-bit floating point of the OCP and ONNX specifications (exponent and mantissa bits in the name).
  case float8e4m3fn = "f8e4m3fn", float8e4m3fnuz = "f8e4m3fnuz"
  /// Eight-bit floating point with five exponent bits.
  case float8e5m2 = "f8e5m2", float8e5m2fnuz = "f8e5m2fnuz"
  /// Pairs of real and imaginary part.
  case complex64 = "c64", complex128 = "c128"
  /// Text; exists in interfaces only, no operator computes with it.
  case string = "str"

  /// The bits that one element takes in memory and in files; 0 for text.
  public var bitWidth: Int {
    switch self {
    case .int2, .uint2: 2
    case .int4, .uint4: 4
    case .boolean, .int8, .uint8, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz: 8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .int64, .uint64, .float64, .complex64: 64
    case .complex128: 128
    case .string: 0
    }
  }

  /// Whether elements are real floating point numbers of any width.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .float32, .float64, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2,
      .float8e5m2fnuz:
      true
    default: false
    }
  }

  /// Whether elements are integers of any width; truth values are not.
  public var isInteger: Bool { isSignedInteger || isUnsignedInteger }

  /// Whether elements are signed integers.
  public var isSignedInteger: Bool {
    switch self {
    case .int2, .int4, .int8, .int16, .int32, .int64: true
    default: false
    }
  }

  /// Whether elements are unsigned integers.
  public var isUnsignedInteger: Bool {
    switch self {
    case .uint2, .uint4, .uint8, .uint16, .uint32, .uint64: true
    default: false
    }
  }

  /// The number of elements of a tensor of these sizes, nil if there can be none.
  ///
  /// Loops and offsets are computed with the sizes beside a 0 too, and elements of text have no bytes: where bytes do
  /// not bound the sizes, this does.
  package func elementCount(of shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }), let extent = shape.filter({ $0 != 0 }).checkedProduct() else {
      return nil
    }
    let isEmpty = shape.contains(0)
    guard extent <= Self.largestExtentWithoutBytes || !(isEmpty || bitWidth == 0) else { return nil }
    return isEmpty ? 0 : extent
  }

  private static let largestExtentWithoutBytes = 1 << 26

  /// The bytes that `count` elements take, or nil if that number is beyond `Int`.
  public func byteCount(elements count: Int) -> Int? {
    let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
    return overflow || bits > Int.max - 7 ? nil : (bits + 7) / 8
  }
}
