/// XXH3-128 as its specification describes it (xxHash, `doc/xxhash_spec.md`), for seed 0 and the default secret.
///
/// Every read of the input is at an offset that the length of its case bounds: up to 16 bytes, up to 128, up to
/// 240, and more, where a stripe of 64 bytes starts at most 64 bytes before the end.
struct XXH3 {
  let input: UnsafeRawBufferPointer

  /// The lower and the upper half.
  func digest() -> (low: UInt64, high: UInt64) {
    Self.secret.withUnsafeBytes { secret in
      switch input.count {
      case 0: Self.empty(secret)
      case 1...3: upTo3(secret)
      case 4...8: upTo8(secret)
      case 9...16: upTo16(secret)
      case 17...128: upTo128(secret)
      case 129...Self.mediumCount: upTo240(secret)
      default: long()
      }
    }
  }

  // MARK: Up to 16 bytes

  private static func empty(_ secret: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    (
      finish64(secret.word(64) ^ secret.word(72)),
      finish64(secret.word(80) ^ secret.word(88))
    )
  }

  private func upTo3(_ secret: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    let count = input.count
    let combined =
      UInt32(input[count - 1]) | UInt32(count) << 8 | UInt32(input[0]) << 16
      | UInt32(input[count >> 1]) << 24
    let swapped = combined.byteSwapped
    let rotated = swapped << 13 | swapped >> 19
    return (
      Self.finish64(UInt64(secret.halfWord(0) ^ secret.halfWord(4)) ^ UInt64(combined)),
      Self.finish64(UInt64(secret.halfWord(8) ^ secret.halfWord(12)) ^ UInt64(rotated))
    )
  }

  private func upTo8(_ secret: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    let count = input.count
    let combined = UInt64(input.halfWord(0)) | UInt64(input.halfWord(count - 4)) << 32
    let value = (secret.word(16) ^ secret.word(24)) ^ combined
    var (high, low) = value.multipliedFullWidth(by: Self.prime1 &+ UInt64(count) << 2)
    high = high &+ low << 1
    low ^= high >> 3
    low ^= low >> 35
    low = low &* Self.mix2
    low ^= low >> 28
    return (low, Self.finish(high))
  }

  private func upTo16(_ secret: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    let count = input.count
    let (first, last) = (input.word(0), input.word(count - 8))
    let a = secret.word(32) ^ secret.word(40) ^ first ^ last
    let b = secret.word(48) ^ secret.word(56) ^ last
    let product = a.multipliedFullWidth(by: Self.prime1)
    var low = product.low &+ UInt64(count - 1) << 54
    var high = product.high &+ (b >> 32) << 32
    high = high &+ (b & 0xFFFF_FFFF) &* Self.prime32x2
    low ^= high.byteSwapped
    let second = low.multipliedFullWidth(by: Self.prime2)
    return (Self.finish(second.low), Self.finish(second.high &+ high &* Self.prime2))
  }

  // MARK: 17 to 240 bytes

  private func upTo128(_ secret: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    var sums = (UInt64(input.count) &* Self.prime1, UInt64(0))
    for round in (0...(input.count - 1) >> 5).reversed() {
      mix(round * 16, input.count - round * 16 - 16, secret, round * 32, &sums)
    }
    return finishMedium(sums)
  }

  private func upTo240(_ secret: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    var sums = (UInt64(input.count) &* Self.prime1, UInt64(0))
    for chunk in 0..<4 { mix(chunk * 32, chunk * 32 + 16, secret, chunk * 32, &sums) }
    sums = (Self.finish(sums.0), Self.finish(sums.1))
    for chunk in 4..<input.count >> 5 {
      mix(chunk * 32, chunk * 32 + 16, secret, (chunk - 4) * 32 + 3, &sums)
    }
    mix(input.count - 16, input.count - 32, secret, 103, &sums)
    return finishMedium(sums)
  }

  /// Mixes 16 bytes at `first` and 16 at `second` with 32 bytes of the secret.
  private func mix(
    _ first: Int, _ second: Int, _ secret: UnsafeRawBufferPointer, _ offset: Int,
    _ sums: inout (UInt64, UInt64)
  ) {
    sums.0 = sums.0 &+ fold(first, secret, offset)
    sums.1 = sums.1 &+ fold(second, secret, offset + 16)
    sums.0 ^= input.word(second) &+ input.word(second + 8)
    sums.1 ^= input.word(first) &+ input.word(first + 8)
  }

  private func fold(_ place: Int, _ secret: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    let (high, low) = (input.word(place) ^ secret.word(offset))
      .multipliedFullWidth(by: input.word(place + 8) ^ secret.word(offset + 8))
    return low ^ high
  }

  private func finishMedium(_ sums: (UInt64, UInt64)) -> (UInt64, UInt64) {
    let high = sums.0 &* Self.prime1 &+ sums.1 &* Self.prime4 &+ UInt64(input.count) &* Self.prime2
    return (Self.finish(sums.0 &+ sums.1), 0 &- Self.finish(high))
  }

  // MARK: More than 240 bytes

  /// The sums before the first block.
  static let start = SIMD8<UInt64>(
    prime32x3, prime1, prime2, prime3, prime4, prime32x2, prime5, prime32x1)

  private func long() -> (low: UInt64, high: UInt64) {
    var sums = Self.start
    let blocks = (input.count - 1) / Self.blockCount
    mixBlocks(blocks, into: &sums)
    return finish(sums, from: blocks * Self.blockCount, of: input.count)
  }

  /// Mixes in the first `blocks` blocks of the input.
  func mixBlocks(_ blocks: Int, into sums: inout SIMD8<UInt64>) {
    Self.secret.withUnsafeBytes { secret in
      for block in 0..<blocks {
        for stripe in 0..<16 {
          accumulate(block * Self.blockCount + stripe * 64, secret, stripe * 8, &sums)
        }
        sums ^= sums &>> 47
        sums ^= secret.stripe(Self.secretCount - 64)
        sums = sums &* SIMD8(repeating: Self.prime32x1)
      }
    }
  }

  /// The digest of `total` bytes of which those of the input from `start` on are the last, a block at most. If they are fewer
  /// than a stripe, the input begins with the bytes before them.
  func finish(_ sums: SIMD8<UInt64>, from start: Int, of total: Int) -> (low: UInt64, high: UInt64) {
    Self.secret.withUnsafeBytes { secret in
      var sums = sums
      let last = Self.secretCount - 64
      for stripe in 0..<(input.count - start - 1) / 64 {
        accumulate(start + stripe * 64, secret, stripe * 8, &sums)
      }
      accumulate(input.count - 64, secret, last - 7, &sums)
      let count = UInt64(total)
      return (
        Self.merge(sums, secret, 11, count &* Self.prime1),
        Self.merge(sums, secret, last - 11, ~(count &* Self.prime2))
      )
    }
  }

  @inline(__always)
  private func accumulate(
    _ place: Int, _ secret: UnsafeRawBufferPointer, _ offset: Int, _ sums: inout SIMD8<UInt64>
  ) {
    let lanes = input.stripe(place)
    let value = lanes ^ secret.stripe(offset)
    let swapped = SIMD8(lanes[1], lanes[0], lanes[3], lanes[2], lanes[5], lanes[4], lanes[7], lanes[6])
    sums = sums &+ swapped &+ (value & SIMD8(repeating: 0xFFFF_FFFF)) &* (value &>> 32)
  }

  private static func merge(
    _ sums: SIMD8<UInt64>, _ secret: UnsafeRawBufferPointer, _ offset: Int, _ start: UInt64
  ) -> UInt64 {
    let mixed = sums ^ secret.stripe(offset)
    var result = start
    for pair in 0..<4 {
      let (high, low) = mixed[2 * pair].multipliedFullWidth(by: mixed[2 * pair + 1])
      result = result &+ (low ^ high)
    }
    return finish(result)
  }

  // MARK: Constants and the last mixing

  private static func finish(_ value: UInt64) -> UInt64 {
    var value = value ^ value >> 37
    value = value &* mix1
    return value ^ value >> 32
  }

  private static func finish64(_ value: UInt64) -> UInt64 {
    var value = value ^ value >> 33
    value = value &* prime2
    value ^= value >> 29
    value = value &* prime3
    return value ^ value >> 32
  }

  private static let prime32x1: UInt64 = 0x9E37_79B1
  private static let prime32x2: UInt64 = 0x85EB_CA77
  private static let prime32x3: UInt64 = 0xC2B2_AE3D
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
  private static let mix1: UInt64 = 0x1656_6791_9E37_79F9
  private static let mix2: UInt64 = 0x9FB2_1C65_1E98_DF25

  /// The most bytes that are not taken in stripes.
  static let mediumCount = 240
  /// The bytes of a stripe.
  static let stripeCount = 64
  /// The bytes of a block.
  static let blockCount = 1024
  private static let secretCount = 192

  /// The default secret, as big-endian words for the eye.
  private static let secret =
    ([
      0xb8fe_6c39_23a4_4bbe, 0x7c01_812c_f721_ad1c, 0xded4_6de9_8390_97db, 0x7240_a4a4_b7b3_671f,
      0xcb79_e64e_ccc0_e578, 0x825a_d07d_ccff_7221, 0xb808_4674_f743_248e, 0xe035_90e6_813a_264c,
      0x3c28_52bb_91c3_00cb, 0x88d0_658b_1b53_2ea3, 0x7164_4897_a20d_f94e, 0x3819_ef46_a9de_acd8,
      0xa8fa_763f_e39c_343f, 0xf9dc_bbc7_c70b_4f1d, 0x8a51_e04b_cdb4_5931, 0xc89f_7ec9_d978_7364,
      0xeac5_ac83_34d3_ebc3, 0xc581_a0ff_fa13_63eb, 0x170d_dd51_b7f0_da49, 0xd316_5526_29d4_689e,
      0x2b16_be58_7d47_a1fc, 0x8ff8_b8d1_7ad0_31ce, 0x45cb_3a8f_9516_0428, 0xafd7_fbca_bb4b_407e,
    ] as [UInt64]).map(\.bigEndian)
}

extension UnsafeRawBufferPointer {
  @inline(__always)
  fileprivate func word(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always)
  fileprivate func halfWord(_ offset: Int) -> UInt32 {
    UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Eight words.
  @inline(__always)
  fileprivate func stripe(_ offset: Int) -> SIMD8<UInt64> {
    #if _endian(little)
      loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self)
    #else
      SIMD8((0..<8).map { word(offset + 8 * $0) })
    #endif
  }
}
