/// An entry of the central directory and the local header that it points to.
struct ArchiveEntry {
  let name: String
  let nameBytes: ByteRegion
  let flags: UInt16
  let method: UInt16
  let checksum: UInt32
  private(set) var storedSize: UInt64
  private(set) var size: UInt64
  private(set) var headerOffset: UInt64

  /// Reads one entry; the reader stands at the next one afterwards.
  init(from reader: inout ByteReader) throws(ModelError) {
    let place = Location(byteOffset: reader.region.offset + reader.position)
    guard try reader.read(UInt32.self) == Archive.Signature.directoryEntry else {
      throw ModelError(.malformed, "the archive's directory has something else than an entry here", at: place)
    }
    try reader.skip(4)  // versions that made it and that it needs
    flags = try reader.read()
    method = try reader.read()
    try reader.skip(4)  // time and date
    checksum = try reader.read()
    storedSize = UInt64(try reader.read(UInt32.self))
    size = UInt64(try reader.read(UInt32.self))
    let nameLength = Int(try reader.read(UInt16.self))
    let extraLength = Int(try reader.read(UInt16.self))
    let commentLength = Int(try reader.read(UInt16.self))
    var disk = UInt32(try reader.read(UInt16.self))
    try reader.skip(6)  // attributes
    headerOffset = UInt64(try reader.read(UInt32.self))
    nameBytes = try reader.read(count: nameLength)
    guard let name = nameBytes.withBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw ModelError(.malformed, "a member's name is not UTF-8", at: place)
    }
    self.name = name
    if let objection = Archive.objection(toName: name) {
      throw ModelError(.malformed, "member '\(name)': its name \(objection)", at: place)
    }

    var wide = WideFields(try reader.read(count: extraLength), at: place)
    if size == UInt64(UInt32.max) { size = try wide.next("size of '\(name)'") }
    if storedSize == UInt64(UInt32.max) { storedSize = try wide.next("stored size of '\(name)'") }
    if headerOffset == UInt64(UInt32.max) { headerOffset = try wide.next("offset of '\(name)'") }
    if disk == UInt32(UInt16.max) { disk = try wide.nextDisk("disk of '\(name)'") }
    try reader.skip(commentLength)

    guard disk == 0 else {
      throw ModelError(.unsupported, "member '\(name)' is on another disk", at: place)
    }
    guard flags & (Archive.Flag.encrypted | Archive.Flag.strongEncryption | Archive.Flag.maskedHeaders) == 0
    else {
      throw ModelError(.unsupported, "member '\(name)' is encrypted", at: place)
    }
    guard flags & Archive.Flag.patch == 0 else {
      throw ModelError(.unsupported, "member '\(name)' is a patch of another file", at: place)
    }
  }
}

/// The 64-bit values of the extra field 1, which are there in this order for each field that is all ones.
struct WideFields {
  private var reader: ByteReader?
  private let place: Location

  /// Finds the field among the `extra` ones; a tail that is no field is left alone, as some writers pad with zeros.
  init(_ extra: ByteRegion, at place: Location) {
    self.place = place
    var fields = ByteReader(extra)
    while let identifier = try? fields.read(UInt16.self), let length = try? fields.read(UInt16.self),
      let body = try? fields.read(count: Int(length))
    {
      if identifier == 1 {
        reader = ByteReader(body)
        return
      }
    }
  }

  mutating func next(_ what: String) throws(ModelError) -> UInt64 {
    guard let value = try? reader?.read(UInt64.self) else { throw missing(what) }
    return value
  }

  mutating func nextDisk(_ what: String) throws(ModelError) -> UInt32 {
    guard let value = try? reader?.read(UInt32.self) else { throw missing(what) }
    return value
  }

  private func missing(_ what: String) -> ModelError {
    ModelError(.malformed, "the \(what) should be in a 64-bit field, which is missing", at: place)
  }
}
