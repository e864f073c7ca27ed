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

  @Test func mappingAFolderOrNothingIsRefused() {
    #expect(throws: ModelError.self) { try ByteRegion(mapping: folder.path) }
    #expect(throws: ModelError.self) { try ByteRegion(mapping: folder.appendingPathComponent("none").path) }
  }
}
