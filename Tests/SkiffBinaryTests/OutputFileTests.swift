import Foundation
import SkiffBinary
import Testing

@Suite struct OutputFileTests {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("skiff-\(UUID())")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  @Test func aCommittedFileReplacesTheOldOneWhole() throws {
    let path = folder.appendingPathComponent("a.bin").path
    try Data([9]).write(to: URL(fileURLWithPath: path))
    var file = try OutputFile(path: path)
    try file.write([1, 2, 3])
    try file.align(to: 8)
    try file.write(ByteRegion([UInt8](repeating: 7, count: 200_000)))
    #expect(file.count == 200_008)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([9]))
    try file.commit()
    let bytes = try ByteRegion(mapping: path)
    #expect(bytes.count == 200_008)
    #expect(try bytes.slice(offset: 0, count: 9) == ByteRegion([1, 2, 3, 0, 0, 0, 0, 0, 7]))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.bin"])
  }

  @Test func anAbandonedFileLeavesNothing() throws {
    func abandon() throws {
      var file = try OutputFile(path: folder.appendingPathComponent("b.bin").path)
      try file.write([1])
    }
    try abandon()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test func whatIsThereStaysWhatItIs() throws {
    func write(_ path: String, _ bytes: [UInt8]) throws {
      var file = try OutputFile(path: path)
      try file.write(bytes)
      try file.commit()
    }
    let target = folder.appendingPathComponent("target.bin").path
    let link = folder.appendingPathComponent("link.bin").path
    try Data([9]).write(to: URL(fileURLWithPath: target))
    chmod(target, 0o600)
    #expect(symlink("target.bin", link) == 0)
    try write(link, [1, 2])
    var status = stat()
    #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(stat(target, &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data([1, 2]))

    let pipe = folder.appendingPathComponent("pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let reader = open(pipe, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try write(pipe, [3, 4])
    var read = [UInt8](repeating: 0, count: 4)
    #expect(Glibc.read(reader, &read, 4) == 2 && read == [3, 4, 0, 0])
    #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    #expect(throws: ModelError.self) { try OutputFile(path: folder.path) }
  }

  /// A temporary file with a time of change an hour ago.
  private func makeOld(_ name: String, contents: Data? = Data([1])) throws {
    let url = folder.appendingPathComponent(name)
    if let contents { try contents.write(to: url) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: url.path)
  }

  @Test func whatKilledProgramsLeftIsRemoved() throws {
    let others = ["b.bin.12-0.partial", "a.bin.partial", "a.bin.x-0.partial", "a.bin.1-2-3.partial"]
    for name in others { try makeOld(name) }
    try makeOld("a.bin.12-0.partial")
    try makeOld("a.bin.13-7.partial")
    try Data([1]).write(to: folder.appendingPathComponent("a.bin.14-0.partial"))
    let path = folder.appendingPathComponent("a.bin").path
    var first = try OutputFile(path: path)
    try first.write([1])
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where name.contains("a.bin.\(getpid())") {
      try makeOld(name, contents: nil)
    }
    // The first still holds its lock, so that the second leaves its file alone.
    var second = try OutputFile(path: path)
    try second.write([2])
    try second.commit()
    try first.commit()
    let expected = (others + ["a.bin", "a.bin.14-0.partial"]).sorted()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == expected)
  }

  @Test func mappingAFolderOrNothingIsRefused() {
    #expect(throws: ModelError.self) { try ByteRegion(mapping: folder.path) }
    #expect(throws: ModelError.self) { try ByteRegion(mapping: folder.appendingPathComponent("none").path) }
  }
}
