import SkiffBinary

/// A zip file put together field by field, so that tests can make any of them lie.
package struct ZipBytes {
  package struct Member {
    package var name: [UInt8]
    package var contents: [UInt8]
    /// What lies in the file; the contents themselves if stored.
    package var storage: [UInt8]
    package var method: UInt16 = 0
    package var flags: UInt16 = 0
    package var localFlags: UInt16?
    package var localName: [UInt8]?
    package var size: UInt32?
    package var storedSize: UInt32?
    package var localSize: UInt32?
    package var checksum: UInt32?
    package var offset: UInt32?
    package var disk: UInt16 = 0
    package var extra: [UInt8] = []

    package init(_ name: String, _ contents: [UInt8], deflated: [UInt8]? = nil) {
      self.name = Array(name.utf8)
      self.contents = contents
      storage = deflated ?? contents
      method = deflated == nil ? 0 : 8
    }
  }

  package var members: [Member]
  package var comment: [UInt8] = []
  package var disk: UInt16 = 0
  package var entryCount: UInt16?
  package var directoryOffset: UInt32?
  package var directorySize: UInt32?

  package init(_ members: Member...) { self.members = members }

  package var bytes: [UInt8] {
    var file: [UInt8] = []
    var offsets: [UInt32] = []
    for member in members {
      let name = member.localName ?? member.name
      offsets.append(UInt32(file.count))
      file += le(0x0403_4b50 as UInt32) + le(20 as UInt16) + le(member.localFlags ?? member.flags)
      file += le(member.method) + le(0 as UInt32) + le(checksum(of: member))
      file += le(member.storedSize ?? UInt32(member.storage.count))
      file += le(member.localSize ?? member.size ?? UInt32(member.contents.count))
      file += le(UInt16(name.count)) + le(UInt16(member.extra.count)) + name + member.extra + member.storage
    }
    let start = file.count
    for (member, offset) in zip(members, offsets) {
      file += le(0x0201_4b50 as UInt32) + le(20 as UInt16) + le(20 as UInt16) + le(member.flags)
      file += le(member.method) + le(0 as UInt32) + le(checksum(of: member))
      file += le(member.storedSize ?? UInt32(member.storage.count))
      file += le(member.size ?? UInt32(member.contents.count))
      file += le(UInt16(member.name.count)) + le(UInt16(member.extra.count)) + le(0 as UInt16)
      file += le(member.disk) + [UInt8](repeating: 0, count: 6) + le(member.offset ?? offset)
      file += member.name + member.extra
    }
    let count = entryCount ?? UInt16(members.count)
    file += le(0x0605_4b50 as UInt32) + le(disk) + le(disk) + le(count) + le(count)
    file += le(directorySize ?? UInt32(file.count - 12 - start)) + le(directoryOffset ?? UInt32(start))
    return file + le(UInt16(comment.count)) + comment
  }

  package var region: ByteRegion { ByteRegion(bytes) }

  private func checksum(of member: Member) -> UInt32 {
    member.checksum ?? Checksum(of: ByteRegion(member.contents)).value
  }
}

package func le(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
