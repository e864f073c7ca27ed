extension ArchiveDirectory {
  /// A deflate stream expands at most 1032 times: 258 bytes from two bits.
  private static let deflateRatio: UInt64 = 1032

  /// Reads every entry and checks it against its local header and against the others.
  func members(of archive: ByteRegion, limits: Limits) throws(ModelError) -> [Archive.Member] {
    var members: [Archive.Member] = []
    var extents: [(range: Range<Int>, name: String)] = []
    var inflated: UInt64 = 0
    var reader = ByteReader(region)
    for _ in 0..<entryCount {
      let entry = try ArchiveEntry(from: &reader)
      let (member, extent) = try self.member(entry, of: archive)
      if member.method == .deflated {
        // Neither operand exceeds 1032 times the size of a file that is in memory.
        inflated += UInt64(member.size)
        guard inflated <= UInt64(max(0, limits.inflatedSize)) else {
          throw ModelError(
            .limitExceeded,
            "the archive inflates to more than the limit of \(limits.inflatedSize) bytes by member '\(member.name)'",
            at: Location(byteOffset: member.storage.offset))
        }
      }
      members.append(member)
      extents.append((extent, member.name))
    }
    guard reader.isAtEnd else {
      throw ModelError(
        .malformed, "the archive's directory goes on after its \(entryCount) entries",
        at: Location(byteOffset: region.offset + reader.position))
    }
    try Self.requireDisjoint(extents, in: archive)
    return members
  }

  private func member(
    _ entry: ArchiveEntry, of archive: ByteRegion
  ) throws(ModelError) -> (Archive.Member, extent: Range<Int>) {
    let place = Location(byteOffset: archive.offset + Int(clamping: entry.headerOffset))
    func refuse(_ reason: String) -> ModelError {
      ModelError(.malformed, "member '\(entry.name)': \(reason)", at: place)
    }
    guard let start = Int(exactly: entry.headerOffset), start <= offset else {
      throw refuse("it starts beyond the archive's members")
    }
    let method: Archive.Method
    switch entry.method {
    case 0: method = .stored
    case 8: method = .deflated
    default:
      throw ModelError(
        .unsupported, "member '\(entry.name)' is compressed by method \(entry.method), not by deflate",
        at: place)
    }
    let bodies = try archive.slice(offset: 0, count: offset)
    var header = ByteReader(bodies)
    try header.seek(to: start)
    guard try header.read(UInt32.self) == Archive.Signature.localHeader else {
      throw refuse("no local header is where the directory says")
    }
    try header.skip(2)
    let flags = try header.read(UInt16.self)
    let localMethod = try header.read(UInt16.self)
    try header.skip(4)
    let checksum = try header.read(UInt32.self)
    var storedSize = UInt64(try header.read(UInt32.self))
    var size = UInt64(try header.read(UInt32.self))
    let nameLength = Int(try header.read(UInt16.self))
    let extraLength = Int(try header.read(UInt16.self))
    let name = try header.read(count: nameLength)
    let extra = try header.read(count: extraLength)
    guard name == entry.nameBytes, localMethod == entry.method, flags & Archive.Flag.encrypted == 0 else {
      throw refuse("its local header contradicts the directory")
    }
    if flags & Archive.Flag.dataDescriptor == 0 {
      var wide = WideFields(extra, at: place)
      if size == UInt64(UInt32.max) { size = try wide.next("size of '\(entry.name)'") }
      if storedSize == UInt64(UInt32.max) { storedSize = try wide.next("stored size of '\(entry.name)'") }
      guard size == entry.size, storedSize == entry.storedSize, checksum == entry.checksum else {
        throw refuse("its local header states another size or checksum than the directory")
      }
    }
    guard let count = Int(exactly: entry.storedSize), count <= header.remaining else {
      throw refuse("its \(entry.storedSize) bytes reach beyond the archive's members")
    }
    let storage = try header.read(count: count)
    let largest = method == .stored ? UInt64(count) : UInt64(count) * Self.deflateRatio
    guard method == .deflated || entry.size == largest, entry.size <= largest else {
      throw refuse("\(count) bytes cannot hold its size of \(entry.size)")
    }
    let member = Archive.Member(
      name: entry.name, method: method, size: Int(entry.size), checksum: entry.checksum, storage: storage)
    return (member, start..<header.position)
  }

  private static func requireDisjoint(
    _ extents: [(range: Range<Int>, name: String)], in archive: ByteRegion
  ) throws(ModelError) {
    let sorted = extents.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (earlier, later) in zip(sorted, sorted.dropFirst())
    where earlier.range.upperBound > later.range.lowerBound {
      throw ModelError(
        .malformed, "members '\(earlier.name)' and '\(later.name)' share bytes of the archive",
        at: Location(byteOffset: archive.offset + later.range.lowerBound))
    }
  }
}
