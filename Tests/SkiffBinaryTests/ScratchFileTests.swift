import Foundation
import SkiffBinary
import SkiffTestSupport
import Testing

@Suite struct ScratchFileTests {
  @Test(arguments: [0, 100, 1 << 20]) func regionsHoldWhatIsWritten(memory: Int) throws {
    let folder = try TemporaryFolder()
    var regions: [ByteRegion] = []
    do {
      var scratch = ScratchFile(in: folder.path(""), memory: memory)
      for index in 0..<20 {
        let region = try scratch.region(count: 10 * index)
        for start in stride(from: 0, to: 10 * index, by: 5) {
          try region.write([UInt8](repeating: UInt8(index), count: 5), at: start)
        }
        regions.append(region.bytes)
        regions.append(try scratch.moved(ByteRegion([UInt8](repeating: UInt8(100 + index), count: index))))
      }
      // The file has no name, so that nothing is left of it whatever happens.
      #expect(try folder.contents().isEmpty)
    }
    for index in 0..<20 {
      #expect(regions[2 * index] == ByteRegion([UInt8](repeating: UInt8(index), count: 10 * index)))
      #expect(regions[2 * index + 1] == ByteRegion([UInt8](repeating: UInt8(100 + index), count: index)))
    }
    #expect(regions.contains { $0.file != nil } == (memory < 1 << 20))
  }

  @Test func regionsBeyondOneMappingAreMappedToo() throws {
    var scratch = ScratchFile(memory: 0)
    let large = try scratch.region(count: 200 << 20)
    let next = try scratch.region(count: 100 << 20)
    try large.write([1, 2, 3] as [UInt8], at: (200 << 20) - 3)
    try next.write([4, 5, 6] as [UInt8], at: (100 << 20) - 3)
    #expect(try large.bytes.slice(offset: (200 << 20) - 3, count: 3) == ByteRegion([1, 2, 3]))
    #expect(try next.bytes.slice(offset: (100 << 20) - 3, count: 3) == ByteRegion([4, 5, 6]))
  }

  @Test func aFolderThatIsNotThereIsNamed() throws {
    var scratch = ScratchFile(in: "/none/where", memory: 8)
    _ = try scratch.region(count: 8)
    let error = #expect(throws: ModelError.self) { _ = try scratch.moved(ByteRegion([1])) }
    #expect(error?.location.file == "/none/where" && error?.code == .inputOutput)
  }
}
