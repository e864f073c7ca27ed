/// The digest of bytes that come piece by piece: that of all of them in a row.
public struct DigestStream: ~Copyable {
  private var sums = XXH3.start
  /// The bytes since the last whole block, one at least if there are any.
  private var pending: [UInt8] = []
  /// The last bytes before those.
  private var last: [UInt8] = []
  private var count = 0

  /// Begins with no bytes.
  public init() {}

  /// Appends bytes.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    count += bytes.count
    let missing = pending.isEmpty ? 0 : min(XXH3.blockCount - pending.count, bytes.count)
    pending.append(contentsOf: bytes[..<missing])
    guard missing < bytes.count else { return }
    if !pending.isEmpty {
      pending.withUnsafeBytes { mix($0) }
      pending.removeAll(keepingCapacity: true)
    }
    // The last block is closed only when something follows it.
    let whole = missing + (bytes.count - missing - 1) / XXH3.blockCount * XXH3.blockCount
    mix(UnsafeRawBufferPointer(rebasing: bytes[missing..<whole]))
    pending.append(contentsOf: bytes[whole...])
  }

  private mutating func mix(_ blocks: UnsafeRawBufferPointer) {
    guard !blocks.isEmpty else { return }
    XXH3(input: blocks).mixBlocks(blocks.count / XXH3.blockCount, into: &sums)
    last = Array(blocks.suffix(XXH3.stripeCount))
  }

  /// The digest of what was appended.
  public consuming func digest() -> Digest {
    guard count > XXH3.mediumCount else { return Digest(of: pending) }
    let (low, high) = (last + pending).withUnsafeBytes {
      XXH3(input: $0).finish(sums, from: last.count, of: count)
    }
    return Digest(high: high, low: low)
  }
}
