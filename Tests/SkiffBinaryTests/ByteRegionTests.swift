import Foundation
import SkiffBinary
import SkiffTestSupport
import Testing

@Suite struct ByteRegionTests {
  let region = ByteRegion([1, 2, 3, 4, 5])

  @Test func slicesOfSlicesKeepTheirOffset() throws {
    let slice = try region.slice(offset: 1, count: 3).slice(offset: 1, count: 2)
    #expect(slice == ByteRegion([3, 4]))
    #expect(slice.offset == 2)
  }

  @Test(arguments: [(0, 6), (6, 0), (-1, 1), (1, -1), (5, 1), (Int.max, 1), (1, Int.max)])
  func slicesBeyondTheEndAreRefused(offset: Int, count: Int) {
    #expect(throws: ModelError.self) { try region.slice(offset: offset, count: count) }
  }

  @Test func loadsAreLittleEndianAtAnyAlignment() throws {
    #expect(try region.load(at: 1, as: UInt16.self) == 0x0302)
    #expect(try region.load(at: 0, as: UInt32.self) == 0x0403_0201)
    #expect(throws: ModelError.self) { try region.load(at: 2, as: UInt32.self) }
    #expect(throws: ModelError.self) { try region.load(at: Int.max, as: UInt8.self) }
  }

  @Test func aReaderStopsAtTheEnd() throws {
    var reader = ByteReader(region)
    #expect(try reader.read(UInt32.self) == 0x0403_0201)
    #expect(try reader.read(count: 1) == ByteRegion([5]))
    #expect(reader.isAtEnd)
    #expect(throws: ModelError.self) { try reader.read(UInt8.self) }
    #expect(throws: ModelError.self) { try reader.seek(to: 6) }
  }

  @Test func pagesThatAreGivenBackAreReadAgain() throws {
    let folder = try TemporaryFolder()
    let content = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
    try Data(content).write(to: URL(fileURLWithPath: folder.path("file")))
    let (mapped, own) = (try ByteRegion(mapping: folder.path("file")), ByteRegion(content))
    for region in [mapped, own] {
      for (offset, count) in [(0, 50_000), (3, 40_000), (4096, 8192), (5000, 10), (49_999, 1)] {
        try region.slice(offset: offset, count: count).releasePages()
        #expect(region == own && region.withBytes { Array($0) } == content)
      }
    }
  }
}
