import CKernels
import Foundation
import SkiffBinary
import SkiffTestSupport
import Testing

/// The decoder of entropy-coded bytes on every level.
@Suite struct EntropyTwinTests {
  /// Memory that ends where no memory is.
  private final class Guarded {
    private let start: UnsafeMutableRawPointer
    private let size: Int
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) {
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      size = (count + page - 1) / page * page + page
      start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      mprotect(start + size - page, page, PROT_NONE)
      bytes = UnsafeMutableRawBufferPointer(start: start + size - page - count, count: count)
    }

    deinit { munmap(start, size) }
  }

  private func table(_ random: inout SeededGenerator) -> UnsafeMutablePointer<skiff_rans_table> {
    let table = UnsafeMutablePointer<skiff_rans_table>.allocate(capacity: 1)
    table.initialize(to: skiff_rans_table())
    var shares = [UInt16](repeating: 0, count: 256)
    let symbols = Int.random(in: 1...256, using: &random)
    for _ in 0..<1 << 14 { shares[Int.random(in: 0..<symbols, using: &random)] += 1 }
    withUnsafeMutableBytes(of: &table.pointee.frequency) {
      $0.copyBytes(from: shares.withUnsafeBytes { Array($0) })
    }
    skiff_rans_table_fill(table)
    return table
  }

  @Test(arguments: Seed.fixedAndFresh) func arbitraryBytesStayInsideAndDecodeAlike(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    for _ in 0..<200 {
      let table = table(&random)
      defer { table.deallocate() }
      let lanes = 1 << Int.random(in: 0...6, using: &random)
      let states = (0..<lanes).map { _ in UInt32.random(in: 1 << 16 ... .max, using: &random) }
      let words = Guarded(count: 2 * Int.random(in: 0...700, using: &random))
      for index in words.bytes.indices { words.bytes[index] = .random(in: 0...255, using: &random) }
      let count = Int.random(in: 0...2000, using: &random)
      var results: [(isExact: Bool, bytes: [UInt8])] = []
      try inAllForms {
        let output = Guarded(count: count)
        var states = states
        let isExact = skiff_rans_decode(
          table, lanes, &states, words.bytes.baseAddress, words.bytes.count / 2, output.bytes.baseAddress,
          count)
        results.append((isExact, Array(output.bytes)))
      }
      #expect(results.allSatisfy { $0 == results[0] })
    }
  }

  @Test(arguments: [1, 3, 4, 5, 63, 64, 1000, 32_767, 32_768, 131_071, 131_072, 131_133, 200_000])
  func eachLevelDecodesWhatWasCoded(_ count: Int) throws {
    var random = SeededGenerator(Seed(UInt64(count)))
    let bytes = ByteRegion(
      (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) & .random(in: 0...255, using: &random)
      })
    let coded = bytes.entropyCoded()
    try inAllForms {
      let decoded = try coded.entropyDecoded(count: count)
      #expect(decoded == bytes)
    }
  }
}
