import Foundation
import SkiffBinary
import Testing

@Suite struct ArchiveWriterTests {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("skiff-\(UUID()).zip").path

  @Test func whatIsWrittenIsReadBackAtAlignedOffsets() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var writer = try ArchiveWriter(path: path)
    let contents = (0..<130).map { length in [UInt8](repeating: UInt8(length), count: length) }
    for (index, bytes) in contents.enumerated() {
      let half = bytes.count / 2
      try writer.add(
        String(repeating: "n", count: 1 + index),
        [ByteRegion(Array(bytes[..<half])), ByteRegion(Array(bytes[half...]))])
    }
    try writer.commit()
    let archive = try Archive(parsing: ByteRegion(mapping: path))
    #expect(archive.members.count == contents.count)
    for (member, bytes) in zip(archive.members, contents) {
      #expect(try member.contents() == ByteRegion(bytes))
      #expect(member.storage.offset % 64 == 0)
    }
  }

  @Test func theSameMembersGiveTheSameBytes() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let files = try (0..<2).map { _ in
      var writer = try ArchiveWriter(path: path)
      try writer.add("a", [ByteRegion([1, 2, 3])])
      try writer.commit()
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(files[0] == files[1])
  }

  @Test func moreThan65534MembersNeedThe64BitRecord() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var writer = try ArchiveWriter(path: path)
    for index in 0..<65_536 { try writer.add("\(index)", []) }
    try writer.commit()
    let archive = try Archive(parsing: ByteRegion(mapping: path))
    #expect(archive.members.count == 65_536)
    #expect(archive["65535"] != nil)
  }

  @Test func badAndTakenNamesAreRefused() throws {
    for name in ["", "a", "b\0", String(repeating: "x", count: 65_536)] {
      var writer = try ArchiveWriter(path: path)
      try writer.add("a", [])
      do {
        try writer.add(name, [])
        Issue.record("'\(name.prefix(9))' was accepted")
      } catch {
        #expect(error.code == .invalidArgument)
      }
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
