import SkiffBinary
import SkiffTestSupport
import Testing

@Suite struct ArchiveTests {
  /// A text and what zlib deflates it to.
  static let text = Array(String(repeating: "hello ", count: 12).utf8)
  static let deflatedText: [UInt8] = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0xa0, 0x98, 0x04, 0x00]
  static let valid = ZipBytes(
    .init("a.bin", [1, 2, 3]), .init("folder/", []), .init("folder/b.txt", text, deflated: deflatedText))

  @Test func storedMembersAreSlicesAndDeflatedOnesAreInflated() throws {
    let region = Self.valid.region
    let archive = try Archive(parsing: region)
    #expect(archive.members.map(\.name) == ["a.bin", "folder/", "folder/b.txt"])
    let stored = try #require(archive["a.bin"])
    #expect(try stored.contents() == ByteRegion([1, 2, 3]))
    #expect(try stored.contents().offset == 30 + 5)
    #expect(try archive["folder/b.txt"]?.contents() == ByteRegion(Self.text))
    #expect(try archive["folder/"]?.contents() == .empty)
    #expect(archive["b.txt"] == nil)
    #expect(Archive.recognizes(region))
    #expect(!Archive.recognizes(ByteRegion([0x50, 0x4b])))
  }

  @Test func anArchiveMayBeEmptyOrHaveAComment() throws {
    #expect(try Archive(parsing: ZipBytes().region).members.isEmpty)
    var zip = Self.valid
    // A comment that itself looks like the end of a directory: only the record that fits the file's end counts.
    zip.comment = ZipBytes().bytes + [7]
    #expect(try Archive(parsing: zip.region).members.count == 3)
  }

  @Test func sizesInADataDescriptorAreTakenFromTheDirectory() throws {
    var zip = Self.valid
    zip.members[2].flags = 1 << 3
    zip.members[2].localSize = 0
    #expect(try Archive(parsing: zip.region)["folder/b.txt"]?.contents() == ByteRegion(Self.text))
  }

  @Test func sizesAndOffsetsMayBe64BitsWide() throws {
    var member = ZipBytes.Member("a", [1, 2, 3])
    member.size = .max
    member.storedSize = .max
    // An unknown field comes first.
    member.extra = le(0xcafe as UInt16) + le(1 as UInt16) + [9]
    member.extra += le(1 as UInt16) + le(16 as UInt16) + le(3 as UInt64) + le(3 as UInt64)
    #expect(try Archive(parsing: ZipBytes(member).region)["a"]?.contents() == ByteRegion([1, 2, 3]))
    member.extra.removeLast(12)
    #expect(throws: ModelError.self) { try Archive(parsing: ZipBytes(member).region) }
  }

  /// One lie each, with the code and a word of the message.
  static let lies: [(ModelError.Code, String, @Sendable (inout ZipBytes) -> Void)] = [
    (.unsupported, "encrypted", { $0.members[0].flags = 1 }),
    (.unsupported, "encrypted", { $0.members[0].flags = 1 << 6 }),
    (.malformed, "contradicts", { $0.members[0].localFlags = 1 }),
    (.unsupported, "method 12", { $0.members[0].method = 12 }),
    (.unsupported, "another disk", { $0.members[0].disk = 1 }),
    (.unsupported, "several disks", { $0.disk = 1 }),
    (.malformed, "NUL", { $0.members[0].name = [0x61, 0] }),
    (.malformed, "empty", { $0.members[0].name = [] }),
    (.malformed, "UTF-8", { $0.members[0].name = [0xff] }),
    (.malformed, "two members", { $0.members[1].name = $0.members[0].name }),
    (.malformed, "contradicts", { $0.members[0].localName = Array("b.bin".utf8) }),
    (.malformed, "another size", { $0.members[0].localSize = 2 }),
    (.malformed, "cannot hold", { $0.members[0].size = 4 }),
    (.malformed, "cannot hold", { $0.members[2].size = 1_000_000 }),
    (.malformed, "cannot hold", { $0.members[0].size = 2 }),
    (.malformed, "beyond", { $0.members[0].storedSize = 1_000_000 }),
    (.malformed, "share bytes", { ($0.members[0].storedSize, $0.members[0].size) = (30, 30) }),
    (.malformed, "no local header", { $0.members[0].offset = 1 }),
    (.malformed, "starts beyond", { $0.members[0].offset = 1_000_000 }),
    (.malformed, "does not end", { $0.directoryOffset = 0 }),
    (.malformed, "does not end", { $0.directorySize = .max }),
    (.malformed, "goes on", { $0.entryCount = 2 }),
    (.truncated, "beyond the end", { $0.entryCount = 4 }),
    (.malformed, "64-bit field", { $0.members[0].offset = .max }),
  ]

  @Test(arguments: lies.indices)
  func aLieIsRefused(index: Int) throws {
    let (code, word, tell) = Self.lies[index]
    var zip = Self.valid
    tell(&zip)
    let error = try #require(throws: ModelError.self) { try Archive(parsing: zip.region) }
    #expect(error.code == code)
    #expect(error.message.contains(word), "\(error)")
  }

  @Test func contentsMustHaveTheirChecksumAndSize() throws {
    for index in [0, 2] {
      var zip = Self.valid
      zip.members[index].checksum = 1
      let archive = try Archive(parsing: zip.region)
      let error = #expect(throws: ModelError.self) { try archive.members[index].contents() }
      #expect(error?.message.contains("checksum") == true)
    }
    for size in [71, 73] as [UInt32] {
      var zip = Self.valid
      zip.members[2].size = size
      let archive = try Archive(parsing: zip.region)
      let error = #expect(throws: ModelError.self) { try archive.members[2].contents() }
      #expect(error?.message.contains("deflate stream") == true)
    }
    var zip = Self.valid
    zip.members[2].storage.append(0)
    #expect(throws: ModelError.self) { try Archive(parsing: zip.region).members[2].contents() }
  }

  @Test func limitsHold() {
    let region = Self.valid.region
    #expect(throws: ModelError.self) { try Archive(parsing: region, limits: Limits(inflatedSize: 71)) }
    #expect(throws: ModelError.self) { try Archive(parsing: region, limits: Limits(count: 2)) }
    #expect(throws: ModelError.self) { try Archive(parsing: region, limits: Limits(structureSize: 100)) }
    #expect(throws: Never.self) { try Archive(parsing: region, limits: Limits(count: 3, inflatedSize: 72)) }
  }

  @Test func everyTruncationIsRefusedAndNoDamageCrashes() throws {
    let bytes = Self.valid.bytes
    for count in 0..<bytes.count {
      #expect(throws: ModelError.self) { try Archive(parsing: ByteRegion(Array(bytes[..<count]))) }
    }
    for index in bytes.indices {
      for change in [0x01, 0x80, 0xff] as [UInt8] {
        var damaged = bytes
        damaged[index] ^= change
        guard let archive = try? Archive(parsing: ByteRegion(damaged)) else { continue }
        for member in archive.members { _ = try? member.contents() }
      }
    }
  }
}
