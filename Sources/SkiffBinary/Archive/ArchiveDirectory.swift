/// Where the central directory of a zip file lies and how many entries it has.
///
/// The end-of-directory record is the last thing in the file; a record for 64-bit sizes may precede it.
struct ArchiveDirectory {
  /// The directory's bytes.
  let region: ByteRegion
  /// The number of entries it says it has.
  let entryCount: Int
  /// Its offset in the archive; members end before it.
  let offset: Int

  private static let endSize = 22
  private static let end64Size = 56
  private static let locatorSize = 20

  init(parsing archive: ByteRegion, limits: Limits) throws(ModelError) {
    let end = try Self.findEnd(of: archive)
    var record = ByteReader(archive)
    try record.seek(to: end + 4)
    let disk = try record.read(UInt16.self)
    let directoryDisk = try record.read(UInt16.self)
    let entriesHere = try record.read(UInt16.self)
    let entries = try record.read(UInt16.self)
    let size = try record.read(UInt32.self)
    let offset = try record.read(UInt32.self)

    let locator = end - Self.locatorSize
    if locator >= 0, try archive.load(at: locator) == Archive.Signature.endOfDirectory64Locator {
      self = try Self(parsing64: archive, locator: locator, limits: limits)
    } else {
      guard disk == 0, directoryDisk == 0, entriesHere == entries else {
        throw Self.severalDisks(at: end, in: archive)
      }
      self = try Self(
        archive: archive, offset: UInt64(offset), size: UInt64(size), entryCount: UInt64(entries), end: end,
        limits: limits)
    }
  }

  private init(parsing64 archive: ByteRegion, locator: Int, limits: Limits) throws(ModelError) {
    var record = ByteReader(archive)
    try record.seek(to: locator + 4)
    let locatorDisk = try record.read(UInt32.self)
    let recordOffset = try record.read(UInt64.self)
    let diskCount = try record.read(UInt32.self)
    guard locatorDisk == 0, diskCount <= 1 else { throw Self.severalDisks(at: locator, in: archive) }
    guard let end = Int(exactly: recordOffset), end >= 0, end <= locator - Self.end64Size,
      try archive.load(at: end) == Archive.Signature.endOfDirectory64
    else {
      throw ModelError(
        .malformed, "the 64-bit end of the directory is not where the archive says",
        at: Location(byteOffset: archive.offset + locator))
    }
    try record.seek(to: end + 4)
    let recordSize = try record.read(UInt64.self)
    // The record's size does not count its first 12 bytes; anything between it and the locator would be hidden.
    guard recordSize == UInt64(locator - end - 12) else {
      throw ModelError(
        .malformed, "the 64-bit end of the directory does not reach its locator",
        at: Location(byteOffset: archive.offset + end))
    }
    try record.seek(to: end + 16)
    let disk = try record.read(UInt32.self)
    let directoryDisk = try record.read(UInt32.self)
    let entriesHere = try record.read(UInt64.self)
    let entries = try record.read(UInt64.self)
    let size = try record.read(UInt64.self)
    let offset = try record.read(UInt64.self)
    guard disk == 0, directoryDisk == 0, entriesHere == entries else {
      throw Self.severalDisks(at: end, in: archive)
    }
    self = try Self(
      archive: archive, offset: offset, size: size, entryCount: entries, end: end, limits: limits)
  }

  private init(
    archive: ByteRegion, offset: UInt64, size: UInt64, entryCount: UInt64, end: Int, limits: Limits
  ) throws(ModelError) {
    let place = Location(byteOffset: archive.offset + end)
    let (directoryEnd, overflow) = offset.addingReportingOverflow(size)
    guard !overflow, directoryEnd == UInt64(end), let start = Int(exactly: offset) else {
      throw ModelError(
        .malformed,
        "the archive's directory (\(size) bytes at \(offset)) does not end where its end record starts",
        at: place)
    }
    guard let entryCount = Int(exactly: entryCount), entryCount <= limits.count else {
      throw ModelError(
        .limitExceeded, "the archive has \(entryCount) members, more than the limit of \(limits.count)",
        at: place)
    }
    guard end - start <= limits.structureSize else {
      throw ModelError(
        .limitExceeded,
        "the archive's directory has \(end - start) bytes, more than the limit of \(limits.structureSize)",
        at: place)
    }
    region = try archive.slice(offset: start, count: end - start)
    self.offset = start
    self.entryCount = entryCount
  }

  /// The offset of the end record: the last one whose comment reaches to the end of the archive exactly.
  private static func findEnd(of archive: ByteRegion) throws(ModelError) -> Int {
    let longestComment = Int(UInt16.max)
    var candidate = archive.count - endSize
    while candidate >= 0, candidate >= archive.count - endSize - longestComment {
      if try archive.load(at: candidate) == Archive.Signature.endOfDirectory,
        try Int(archive.load(at: candidate + 20, as: UInt16.self)) == archive.count - endSize - candidate
      {
        return candidate
      }
      candidate -= 1
    }
    throw ModelError(
      .malformed, "no end of a zip directory: the archive is cut off or is none",
      at: Location(byteOffset: archive.offset + archive.count))
  }

  private static func severalDisks(at offset: Int, in archive: ByteRegion) -> ModelError {
    ModelError(
      .unsupported, "the archive is spread over several disks",
      at: Location(byteOffset: archive.offset + offset))
  }
}
