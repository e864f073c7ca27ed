#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A range of bytes that somebody keeps alive: a mapped file, an array, or memory of a library.
///
/// Copies and slices share the owner; the memory goes when the last of them does.
public struct ByteRegion: Sendable {
  private let owner: Owner
  private let range: Range<Int>

  /// The number of bytes.
  public var count: Int { range.count }
  /// Whether there are no bytes.
  public var isEmpty: Bool { range.isEmpty }
  /// The offset of the first byte in the memory of its owner, which for a mapped file is the offset in the file.
  public var offset: Int { range.lowerBound }

  /// A region without bytes.
  public static let empty = ByteRegion([UInt8]())

  /// Creates a region that holds `bytes`.
  public init(_ bytes: [UInt8]) {
    let memory = UnsafeMutableRawBufferPointer.allocateBlock(byteCount: bytes.count)
    memory.copyBytes(from: bytes)
    self.init(adopting: UnsafeRawBufferPointer(memory)) {
      UnsafeMutableRawBufferPointer(mutating: $0).deallocate()
    }
  }

  /// Creates a region of `count` bytes, 64-byte aligned, that `initialize` must fill completely.
  public init<Failure: Error>(
    count: Int, initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let memory = UnsafeMutableRawBufferPointer.allocateBlock(byteCount: count)
    do throws(Failure) {
      try initialize(memory)
    } catch {
      memory.deallocate()
      throw error
    }
    self.init(adopting: UnsafeRawBufferPointer(memory)) {
      UnsafeMutableRawBufferPointer(mutating: $0).deallocate()
    }
  }

  /// Creates a region over memory that stays valid and unchanged until `release` is called, exactly once.
  public init(
    adopting memory: UnsafeRawBufferPointer, release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
  ) {
    self.init(adopting: memory, file: nil, release: release)
  }

  /// - Parameter file: What the memory shows, if it is a file that is mapped to be read only.
  init(
    adopting memory: UnsafeRawBufferPointer, file: FileIdentity?,
    release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
  ) {
    owner = Owner(memory: memory, file: file, release: release)
    range = 0..<memory.count
  }

  private init(owner: Owner, range: Range<Int>) {
    self.owner = owner
    self.range = range
  }

  /// The bytes from `offset` on, `count` of them, without a copy.
  ///
  /// - Throws: ``ModelError/Code/truncated`` if the region does not hold all of them.
  public func slice(offset: Int, count: Int) throws(ModelError) -> ByteRegion {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      throw ModelError(
        .truncated, "\(count) bytes at offset \(offset) are beyond the end of \(self.count) bytes",
        at: Location(byteOffset: range.lowerBound))
    }
    let start = range.lowerBound + offset
    return ByteRegion(owner: owner, range: start..<start + count)
  }

  /// Calls `body` with the bytes; the pointer is valid only during the call.
  @inline(__always)
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(memory)
  }

  /// The bytes; the pointer is valid as long as somebody holds a region of the same owner.
  package var memory: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: owner.memory[range]) }

  /// The file whose bytes these are, and how many it has; nil if they are no mapped file's.
  package var file: (identity: FileIdentity, byteCount: Int)? {
    owner.file.map { ($0, owner.memory.count) }
  }

  /// Gives back the memory that holds these bytes of a mapped file until they are read again; other bytes stay.
  public func releasePages() { advise(MADV_DONTNEED, from: range.lowerBound.roundedUp(to: Self.page)) }

  /// Starts to read these bytes of a mapped file.
  package func prefetchPages() { advise(MADV_WILLNEED, from: range.lowerBound) }

  private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

  /// Tells the system what becomes of the pages of a file that end in the range.
  private func advise(_ advice: Int32, from first: Int) {
    guard owner.file != nil, let start = owner.memory.baseAddress else { return }
    // A mapping begins with a page.
    let (first, end) = (first / Self.page * Self.page, range.upperBound / Self.page * Self.page)
    guard first < end else { return }
    madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, advice)
  }

  private final class Owner: @unchecked Sendable {
    let memory: UnsafeRawBufferPointer
    let file: FileIdentity?
    let release: @Sendable (UnsafeRawBufferPointer) -> Void

    init(
      memory: UnsafeRawBufferPointer, file: FileIdentity?,
      release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
      self.memory = memory
      self.file = file
      self.release = release
    }

    deinit { release(memory) }
  }
}

extension ByteRegion: Equatable {
  /// Whether both hold the same bytes.
  public static func == (a: ByteRegion, b: ByteRegion) -> Bool {
    a.count == b.count
      && a.withBytes { a in
        b.withBytes { b in
          guard let first = a.baseAddress, let second = b.baseAddress else { return true }
          return first == second || memcmp(first, second, a.count) == 0
        }
      }
  }
}

/// What tells a file from all others of the machine, whatever it is called.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    number = UInt64(truncatingIfNeeded: status.st_ino)
  }
}

extension Int {
  /// The first multiple of `step` from here on.
  fileprivate func roundedUp(to step: Int) -> Int { (self + step - 1) / step * step }
}
