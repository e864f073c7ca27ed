/// Bits in bytes, lowest first, and numbers in them by Elias' gamma code: as many zeros as a number has bits behind its highest one,
/// that one, and those bits.
struct BitWriter {
  private(set) var bytes: [UInt8] = []
  private var count = 0

  private mutating func append(_ bit: Int) {
    if count % 8 == 0 { bytes.append(0) }
    bytes[count / 8] |= UInt8(bit) << UInt8(count % 8)
    count += 1
  }

  /// Appends a number from 1 on.
  mutating func appendGamma(_ number: Int) {
    let behind = Int.bitWidth - 1 - number.leadingZeroBitCount
    for _ in 0..<behind { append(0) }
    append(1)
    for position in 0..<behind { append(number >> position & 1) }
  }
}

/// Reads what a ``BitWriter`` wrote.
struct BitReader {
  private var byte: UInt8 = 0
  private var rest = 0

  private mutating func bit(from reader: inout ByteReader) throws(ModelError) -> Int {
    if rest == 0 {
      byte = try reader.read(UInt8.self)
      rest = 8
    }
    defer {
      byte >>= 1
      rest -= 1
    }
    return Int(byte & 1)
  }

  /// Reads a number of at most 16 bits.
  mutating func gamma(from reader: inout ByteReader) throws(ModelError) -> Int {
    var behind = 0
    while try bit(from: &reader) == 0 {
      behind += 1
      guard behind < 16 else { throw ModelError(.malformed, "a number of more than 16 bits") }
    }
    var number = 1 << behind
    for position in 0..<behind { number |= try bit(from: &reader) << position }
    return number
  }
}
