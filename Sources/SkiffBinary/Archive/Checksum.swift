import CZlib

/// The CRC-32 of zip archives, over bytes that arrive in parts.
package struct Checksum: Hashable, Sendable {
  /// The checksum of the bytes so far.
  package private(set) var value: UInt32 = 0

  /// Creates the checksum of no bytes.
  package init() {}

  /// Creates the checksum of `region`.
  package init(of region: ByteRegion) {
    update(region)
  }

  /// Continues with the bytes of `region`.
  package mutating func update(_ region: ByteRegion) {
    value = region.withBytes { bytes in
      guard let start = bytes.baseAddress else { return value }
      let next = crc32_z(uLong(value), start.assumingMemoryBound(to: Bytef.self), bytes.count)
      return UInt32(truncatingIfNeeded: next)
    }
  }
}
