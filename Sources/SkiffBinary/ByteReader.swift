/// A cursor over bytes that checks every read; little-endian, unaligned.
public struct ByteReader: Sendable {
  /// What is read.
  public let region: ByteRegion
  /// The offset of the next read in ``region``.
  public private(set) var position: Int

  /// The number of bytes not read yet.
  public var remaining: Int { region.count - position }
  /// Whether everything was read.
  public var isAtEnd: Bool { remaining == 0 }

  /// Creates a reader at the start of `region`.
  public init(_ region: ByteRegion) {
    self.region = region
    position = 0
  }

  /// Reads one integer.
  @inlinable
  public mutating func read<Integer: FixedWidthInteger>(
    _ type: Integer.Type = Integer.self
  ) throws(ModelError) -> Integer {
    let value: Integer = try region.load(at: position)
    advance(MemoryLayout<Integer>.size)
    return value
  }

  /// Reads `count` bytes without a copy.
  public mutating func read(count: Int) throws(ModelError) -> ByteRegion {
    let bytes = try region.slice(offset: position, count: count)
    position += count
    return bytes
  }

  /// Passes over `count` bytes.
  public mutating func skip(_ count: Int) throws(ModelError) {
    _ = try read(count: count)
  }

  /// Goes to `offset`, counted from the start of ``region``.
  public mutating func seek(to offset: Int) throws(ModelError) {
    guard offset >= 0, offset <= region.count else {
      throw ModelError(
        .truncated, "offset \(offset) is beyond the end of \(region.count) bytes",
        at: Location(byteOffset: region.offset))
    }
    position = offset
  }

  @usableFromInline
  mutating func advance(_ count: Int) { position += count }
}

extension ByteRegion {
  /// The little-endian integer at `offset`, at any alignment.
  @inlinable
  public func load<Integer: FixedWidthInteger>(
    at offset: Int, as type: Integer.Type = Integer.self
  ) throws(ModelError) -> Integer {
    let size = MemoryLayout<Integer>.size
    guard offset >= 0, size <= count, offset <= count - size else {
      throw ModelError(
        .truncated, "\(size) bytes at offset \(offset) are beyond the end of \(count) bytes",
        at: Location(byteOffset: self.offset))
    }
    return withBytes { Integer(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Integer.self)) }
  }
}
