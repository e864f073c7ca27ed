import SkiffBinary

/// Numbers of 9 to 32 bits one behind the other, lowest bits first.
enum WideBitCodes {
  /// The numbers of `packed`, which has as many bits as `count` of them need, in whole bytes.
  static func unpacked(_ packed: ByteRegion, bits: Int, count: Int) -> [UInt64] {
    packed.withBytes { bytes in
      var (word, held, next): (UInt64, Int, Int) = (0, 0, 0)
      return (0..<count).map { _ in
        while held < bits {
          word |= UInt64(bytes[next]) << UInt64(held)
          held += 8
          next += 1
        }
        defer {
          word >>= UInt64(bits)
          held -= bits
        }
        return word & (1 << UInt64(bits) - 1)
      }
    }
  }

  /// Numbers below 2^bits without what they leave of their words.
  static func packed(_ codes: some Collection<UInt64>, bits: Int) -> ByteRegion {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(BitCodes.byteCount(codes.count, bits: bits))
    var (word, held): (UInt64, Int) = (0, 0)
    for code in codes {
      word |= code << UInt64(held)
      held += bits
      while held >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: word))
        word >>= 8
        held -= 8
      }
    }
    if held > 0 { bytes.append(UInt8(truncatingIfNeeded: word)) }
    return ByteRegion(bytes)
  }
}
