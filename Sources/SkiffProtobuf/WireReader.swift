import SkiffBinary

/// How a field's value is delimited on the wire.
enum WireType: UInt64 {
  /// Seven bits in each byte, lowest first.
  case varint = 0
  /// Eight bytes.
  case fixed64 = 1
  /// A length, then as many bytes.
  case delimited = 2
  /// Four bytes.
  case fixed32 = 5
}

/// A field as the wire has it.
struct WireField {
  let number: UInt32
  let type: WireType
  /// The field with its tag and length.
  let whole: ByteRegion
  /// The value alone.
  let value: ByteRegion
}

extension ByteReader {
  /// Reads an integer of seven bits a byte.
  mutating func readVarint() throws(ModelError) -> UInt64 {
    let start = region.offset + position
    var value: UInt64 = 0
    for index in 0..<10 {
      let byte: UInt8 = try read()
      // The tenth byte holds the last of 64 bits.
      guard index < 9 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte & 0x80 == 0 { return value }
    }
    throw ModelError(
      .malformed, "an integer of more than 64 bits", at: Location(byteOffset: start))
  }

  /// Reads a field with its tag.
  ///
  /// - Throws: ``ModelError/Code/malformed`` for a tag that cannot be, or a group, which no schema here has.
  mutating func readField() throws(ModelError) -> WireField {
    let start = position
    let tag = try readVarint()
    guard tag >> 3 > 0, tag >> 3 < 1 << 29, let type = WireType(rawValue: tag & 7),
      let number = UInt32(exactly: tag >> 3)
    else {
      throw ModelError(
        .malformed, "\(tag) is not the tag of a field", at: Location(byteOffset: region.offset + start))
    }
    var valueStart = position
    switch type {
    case .varint: _ = try readVarint()
    case .fixed32: try skip(4)
    case .fixed64: try skip(8)
    case .delimited:
      let length = try readVarint()
      valueStart = position
      guard length <= UInt64(remaining) else {
        throw ModelError(
          .truncated, "field \(number) has \(length) bytes, but \(remaining) are left",
          at: Location(byteOffset: region.offset + start))
      }
      try skip(Int(length))
    }
    return WireField(
      number: number, type: type, whole: try region.slice(offset: start, count: position - start),
      value: try region.slice(offset: valueStart, count: position - valueStart))
  }
}
