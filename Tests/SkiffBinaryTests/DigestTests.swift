import SkiffBinary
import Testing

@Suite struct DigestTests {
  /// Lengths around every case of the algorithm, with what the xxHash library 0.8.4 says of them.
  static let expected: [(count: Int, digest: String)] = [
    (0, "99aa06d3014798d86001c324468d497f"),
    (1, "a6cd5e9392000f6ac44bdff4074eecdb"),
    (2, "d34bf317d1dff568dac72d23cbf01267"),
    (3, "150feba5f617888d6647634850539fa2"),
    (4, "d1ccf8aaef8625b7d3e24227fed6084e"),
    (5, "11fa0fd9c0905ee031f7d9e696249646"),
    (8, "60d434c02e7c0055a53ab584ca75281c"),
    (9, "8f373ec5b5b14226fd3715994cdbb5f1"),
    (15, "3e27ed4cd04856b04fff197de6212e16"),
    (16, "d181322182aaf0a60cec926fa88db3e7"),
    (17, "0b62d48d677fbb777d3fee37d1907991"),
    (31, "08a2fb154b2994c581e3fb970a813662"),
    (32, "29ee9e81cf576a197dd653b5dd08b8d7"),
    (33, "5b98865f59df8f7d43c557982e0ad11d"),
    (64, "4380e7f2f1bf46fdd0a2b23d8a61c7c1"),
    (127, "fc016b27243c414b80e5b72779143d4c"),
    (128, "f2ce50e6bba34ceb34266088d526c40b"),
    (129, "528f857e6a52a2445d52df56564c0193"),
    (160, "e59579251fd79583d0d9a0495b5e3ce2"),
    (239, "33059a7015060023a9145b26f46383c7"),
    (240, "561a104565f6c1bd6e03c65576ae05a3"),
    (241, "b70062d69f263df75b091583477772f7"),
    (255, "05ab9993bebe256e0dc50f5fb0dda89c"),
    (256, "a9611b49c2cce4b901de8b22604b902a"),
    (257, "a07432eb63e6bb96e003d5d00c2a2006"),
    (511, "bc6c83e1fd73888b6d0ef1d3ef43b73d"),
    (1023, "7092afa04f78abe7e409771df87d7d80"),
    (1024, "51cc83d1d969171b6fb9f947b35befe7"),
    (1025, "1eb1afeaad0310bea2dc84d6600fa889"),
    (1088, "85056a0a484261e7c1968345e368e267"),
    (2047, "93ae9d8b1cc4addf96851afda5c9994a"),
    (2048, "14f4f3ece9be3cbbc17ee930fd756c0d"),
    (2049, "9062dc29f469acb8d667ef7d8187b06b"),
    (4096, "d8f04fb7a24f84c092340b6ad887fe5a"),
    (10007, "e23220f83f5af62beddb5b6bda01d08f"),
    (100000, "77a1dd14929e8e9e579ea1f4a977d9a6"),
  ]

  static func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 * 7 + 13 * $0 + ($0 >> 8) * 31) }
  }

  @Test(arguments: expected) func equalsTheReferenceLibrary(_ count: Int, _ digest: String) {
    #expect(Digest(of: Self.bytes(count)).description == digest)
  }

  @Test(arguments: [1, 63, 64, 65, 240, 1000, 1024, 1025, 5000]) func doesNotDependOnPieces(_ size: Int) {
    for (count, digest) in Self.expected {
      var stream = DigestStream()
      Self.bytes(count).withUnsafeBytes { bytes in
        for start in stride(from: 0, to: count, by: size) {
          stream.append(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + size, count)]))
        }
      }
      #expect(stream.digest().description == digest, "\(count) bytes")
    }
  }

  @Test func doesNotDependOnAlignment() throws {
    let bytes = Self.bytes(5000)
    for shift in 1..<9 {
      let region = ByteRegion([UInt8](repeating: 0, count: shift) + bytes)
      #expect(Digest(of: try region.slice(offset: shift, count: bytes.count)) == Digest(of: bytes))
    }
  }

  @Test func everyByteCounts() {
    var bytes = Self.bytes(1300)
    let digest = Digest(of: bytes)
    for index in bytes.indices {
      bytes[index] ^= 0x10
      #expect(Digest(of: bytes) != digest, "byte \(index)")
      bytes[index] ^= 0x10
    }
  }

  @Test func textAndBytesReadBack() {
    let digest = Digest(of: Self.bytes(3))
    #expect(Digest(digest.description) == digest)
    #expect(Digest(bytes: digest.bytes) == digest)
    #expect(Digest("150feba5f617888d6647634850539fa") == nil)
    #expect(Digest("+50feba5f617888d6647634850539fa2") == nil)
    #expect(Digest("x50feba5f617888d6647634850539fa2") == nil)
    #expect(Digest(bytes: [1, 2]) == nil)
  }
}
