import SkiffBinary

/// Numbers of 1 to 8 bits one behind the other, lowest bits first, and the same numbers in a byte each.
package enum BitCodes {
  /// The bytes that `count` numbers take.
  package static func byteCount(_ count: Int, bits: Int) -> Int { (count * bits + 7) / 8 }

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

  /// The numbers of `codes`, without what they leave of their bytes.
  static func packed(_ codes: ByteRegion, bits: Int) -> ByteRegion {
    if bits == 8 { return codes }
    return ByteRegion(count: byteCount(codes.count, bits: bits)) { target in
      codes.withBytes { pack($0, bits: bits, to: target) }
    }
  }

  /// Writes the lowest bits of each of `codes` to `target`, which has the ``byteCount(_:bits:)`` of them.
  package static func pack(
    _ codes: UnsafeRawBufferPointer, bits: Int, to target: UnsafeMutableRawBufferPointer
  ) {
    precondition(target.count == byteCount(codes.count, bits: bits))
    let spread = Spread(bits)
    for first in stride(from: 0, to: codes.count, by: 8) {
      let eight = spread.joined(word(codes, at: first, 8)).littleEndian
      let place = first / 8 * bits
      if target.count - place >= 8 {
        // What is beyond the eight numbers is written again with the next ones.
        target.storeBytes(of: eight, toByteOffset: place, as: UInt64.self)
      } else {
        withUnsafeBytes(of: eight) { bytes in
          for index in 0..<min(bits, target.count - place) { target[place + index] = bytes[index] }
        }
      }
    }
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

  /// Moves eight numbers of some bits apart, to a byte each: halves first, then their halves, then those of these; and
  /// together again.
  private struct Spread {
    private let four, two, one: Step

    init(_ bits: Int) {
      four = Step(4, bits, lanes: 0x1)
      two = Step(2, bits, lanes: 0x1_0000_0001)
      one = Step(1, bits, lanes: 0x1_0001_0001_0001)
    }

    @inline(__always)
    func callAsFunction(_ word: UInt64) -> UInt64 { one(two(four(word))) }

    /// The lowest bits of each byte, one behind the other.
    @inline(__always)
    func joined(_ word: UInt64) -> UInt64 { four.joined(two.joined(one.joined(word))) }

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

      @inline(__always)
      func joined(_ word: UInt64) -> UInt64 { word & lower | (word & upper) &>> distance }
    }
  }
}
