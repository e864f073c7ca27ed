/// Writes a zip archive of stored members, each member's contents at a multiple of 64 bytes.
///
/// The same members give the same bytes: no time of day is written. Sizes and offsets of 4 GiB and more are written
/// as zip64, others as every reader knows them.
package struct ArchiveWriter: ~Copyable {
  private var file: OutputFile
  private var entries: [Entry] = []
  private var names: Set<String> = []

  private struct Entry {
    let name: [UInt8]
    let checksum: UInt32
    let size: Int
    let offset: Int
  }

  /// Starts the archive that will be the file at `path`.
  package init(path: String) throws(ModelError) {
    file = try OutputFile(path: path)
  }

  /// Appends a member whose contents are `parts`, one after the other.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if the name is empty, taken or longer than 65,535 bytes.
  package mutating func add(_ name: String, _ parts: [ByteRegion]) throws(ModelError) {
    let nameBytes = Array(name.utf8)
    let objection =
      Archive.objection(toName: name) ?? (nameBytes.count > Int(UInt16.max) ? "is too long" : nil)
      ?? (names.insert(name).inserted ? nil : "is taken")
    if let objection {
      throw ModelError(.invalidArgument, "a member of an archive cannot be '\(name)': its name \(objection)")
    }
    var checksum = Checksum()
    var size = 0
    for part in parts {
      checksum.update(part)
      size += part.count
    }
    let entry = Entry(name: nameBytes, checksum: checksum.value, size: size, offset: file.count)
    entries.append(entry)
    try file.write(Self.localHeader(of: entry))
    for part in parts { try file.write(part) }
  }

  /// Writes the directory and makes the archive the file at its path.
  package consuming func commit() throws(ModelError) {
    let start = file.count
    for entry in entries { try file.write(Self.directoryEntry(of: entry)) }
    try file.write(Self.end(entryCount: entries.count, offset: start, size: file.count - start))
    try file.commit()
  }

  private static let alignment = 64
  private static let versionNeeded: UInt16 = 45
  /// 1 January 1980, the first day that the format can express.
  private static let date: UInt16 = 1 << 5 | 1
  /// The extra field that carries padding; its identifier is the one Android's zipalign uses.
  private static let paddingIdentifier: UInt16 = 0xd935
  private static let paddingMinimum = 6

  private static func isWide(_ value: Int) -> Bool { value >= Int(UInt32.max) }
  private static func narrow(_ value: Int) -> UInt32 { UInt32(clamping: value) }

  private static func localHeader(of entry: Entry) -> [UInt8] {
    var bytes = LittleEndianBytes()
    bytes.append(Archive.Signature.localHeader)
    appendCommon(entry, to: &bytes)
    var extra = LittleEndianBytes()
    if isWide(entry.size) {
      extra.append(1 as UInt16)
      extra.append(16 as UInt16)
      extra.append(UInt64(entry.size))
      extra.append(UInt64(entry.size))
    }
    let end = entry.offset + bytes.values.count + 4 + entry.name.count + extra.values.count
    if end % alignment != 0 {
      let padding = paddingMinimum + (alignment - (end + paddingMinimum) % alignment) % alignment
      extra.append(paddingIdentifier)
      extra.append(UInt16(padding - 4))
      extra.append(UInt16(alignment))
      extra.values += [UInt8](repeating: 0, count: padding - paddingMinimum)
    }
    bytes.append(UInt16(entry.name.count))
    bytes.append(UInt16(extra.values.count))
    return bytes.values + entry.name + extra.values
  }

  private static func directoryEntry(of entry: Entry) -> [UInt8] {
    var extra = LittleEndianBytes()
    if isWide(entry.size) {
      extra.append(UInt64(entry.size))
      extra.append(UInt64(entry.size))
    }
    if isWide(entry.offset) { extra.append(UInt64(entry.offset)) }
    var bytes = LittleEndianBytes()
    bytes.append(Archive.Signature.directoryEntry)
    bytes.append(versionNeeded)
    appendCommon(entry, to: &bytes)
    bytes.append(UInt16(entry.name.count))
    bytes.append(UInt16(extra.values.isEmpty ? 0 : extra.values.count + 4))
    bytes.values += [UInt8](repeating: 0, count: 10)  // comment, disk, attributes
    bytes.append(narrow(entry.offset))
    bytes.values += entry.name
    if !extra.values.isEmpty {
      bytes.append(1 as UInt16)
      bytes.append(UInt16(extra.values.count))
    }
    return bytes.values + extra.values
  }

  /// What a local header and a directory entry have in common, from the version needed to the size.
  private static func appendCommon(_ entry: Entry, to bytes: inout LittleEndianBytes) {
    bytes.append(versionNeeded)
    bytes.append(Archive.Flag.utf8)
    bytes.append(0 as UInt16)  // stored
    bytes.append(0 as UInt16)  // midnight
    bytes.append(date)
    bytes.append(entry.checksum)
    bytes.append(narrow(entry.size))
    bytes.append(narrow(entry.size))
  }

  private static func end(entryCount: Int, offset: Int, size: Int) -> [UInt8] {
    var bytes = LittleEndianBytes()
    if entryCount >= Int(UInt16.max) || isWide(offset) || isWide(size) {
      bytes.append(Archive.Signature.endOfDirectory64)
      bytes.append(44 as UInt64)
      bytes.append(versionNeeded)
      bytes.append(versionNeeded)
      bytes.append(0 as UInt64)  // this disk and the directory's
      bytes.append(UInt64(entryCount))
      bytes.append(UInt64(entryCount))
      bytes.append(UInt64(size))
      bytes.append(UInt64(offset))
      bytes.append(Archive.Signature.endOfDirectory64Locator)
      bytes.append(0 as UInt32)
      bytes.append(UInt64(offset + size))
      bytes.append(1 as UInt32)
    }
    bytes.append(Archive.Signature.endOfDirectory)
    bytes.append(0 as UInt32)  // this disk and the directory's
    bytes.append(UInt16(clamping: entryCount))
    bytes.append(UInt16(clamping: entryCount))
    bytes.append(narrow(size))
    bytes.append(narrow(offset))
    bytes.append(0 as UInt16)
    return bytes.values
  }
}

/// Bytes that grow by integers, least significant byte first.
private struct LittleEndianBytes {
  var values: [UInt8] = []

  mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { values.append(contentsOf: $0) }
  }
}
