import SkiffBinary

/// Numbers of 1 to 8 bits one behind the other, lowest bits first, and the same numbers in a byte each.
enum BitCodes {
  /// The bytes that `count` numbers take.
  static func byteCount(_ count: Int, bits: Int) -> Int { (count * bits + 7) / 8 }

  /// The numbers of `packed`, which has the ``byteCount(_:bits:)`` of `count`.
  static func unpacked(_ packed: ByteRegion, bits: Int, count: Int) -> ByteRegion {
    if bits == 8 { return packed }
    let spread = Spread(bits)
    return ByteRegion(count: count) { target in
      packed.withBytes { source in
        for first in stride(from: 0, to: count, by: 8) {
          // Eight numbers are `bits` bytes.
          let eight = spread(word(source, at: first / 8 * bits, bits))
          if count - first >= 8 {
            target.storeBytes(of: eight.littleEndian, toByteOffset: first, as: UInt64.self)
          } else {
            for index in first..<count {
              target[index] = UInt8(truncatingIfNeeded: eight >> UInt64(8 * (index - first)))
            }
          }
        }
      }
    }
  }

  /// The numbers of `codes`, all below 2^bits, without what they leave of their bytes.
  static func packed(_ codes: ByteRegion, bits: Int) -> ByteRegion {
    guard bits < 8 else { return codes }
    var bytes = [UInt8](repeating: 0, count: byteCount(codes.count, bits: bits))
    codes.withBytes { codes in
      for (index, code) in codes.enumerated() {
        let position = index * bits
        let word = UInt16(code) << UInt16(position % 8)
        bytes[position / 8] |= UInt8(truncatingIfNeeded: word)
        // At most 8 + 7 bits: one more byte is enough, and it exists where a bit is set in it.
        if position % 8 + bits > 8 { bytes[position / 8 + 1] |= UInt8(truncatingIfNeeded: word >> 8) }
      }
    }
    return ByteRegion(bytes)
  }

  /// Up to `count` bytes from `offset` on, the first lowest.
  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, at offset: Int, _ count: Int) -> UInt64 {
    if bytes.count - offset >= 8 {
      return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    var word: UInt64 = 0
    for index in 0..<min(count, bytes.count - offset) {
      word |= UInt64(bytes[offset + index]) << UInt64(8 * index)
    }
    return word
  }

  /// Moves eight numbers of some bits apart, to a byte each: halves first, then their halves, then those of these.
  private struct Spread {
    private let four, two, one: Step

    init(_ bits: Int) {
      four = Step(4, bits, lanes: 0x1)
      two = Step(2, bits, lanes: 0x1_0000_0001)
      one = Step(1, bits, lanes: 0x1_0001_0001_0001)
    }

    @inline(__always)
    func callAsFunction(_ word: UInt64) -> UInt64 { one(two(four(word))) }

    /// Of twice as many numbers in each lane, the upper half goes to the upper half of the lane.
    private struct Step {
      let lower, upper, distance: UInt64

      init(_ numbers: Int, _ bits: Int, lanes: UInt64) {
        lower = (1 << UInt64(numbers * bits) - 1) * lanes
        upper = lower << UInt64(8 * numbers)
        distance = UInt64(numbers * (8 - bits))
      }

      @inline(__always)
      func callAsFunction(_ word: UInt64) -> UInt64 { word & lower | word &<< distance & upper }
    }
  }
}
