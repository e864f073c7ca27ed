import Foundation
import SkiffBinary
import SkiffTestSupport
import Testing

@Suite struct EntropyCodingTests {
  /// Codes of a bell curve of this width, as quantized weights are.
  static func codes(_ count: Int, width: Double, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in
      let sum = (0..<12).reduce(0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
      return UInt8(truncatingIfNeeded: Int(((sum - 6) * width).rounded()))
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func everyInputDecodesToItself(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    for round in 0..<300 {
      let count = round < 100 ? round + 1 : Int.random(in: 1...200_000, using: &random)
      let width = random.logUniform(in: 0.01...60)
      let bytes = ByteRegion(Self.codes(count, width: width, &random))
      let coded = bytes.entropyCoded()
      #expect(try coded.entropyDecoded(count: count) == bytes)
      // Slices stand anywhere.
      let moved = try ByteRegion([7] + coded.withBytes { Array($0) }).slice(offset: 1, count: coded.count)
      #expect(try moved.entropyDecoded(count: count) == bytes)
    }
    let all = ByteRegion((0..<70_000).map { UInt8(truncatingIfNeeded: $0) })
    #expect(try all.entropyCoded().entropyDecoded(count: all.count) == all)
    let rare = ByteRegion([UInt8](repeating: 9, count: 1_000_000) + (0...255).map { $0 })
    #expect(try rare.entropyCoded().entropyDecoded(count: rare.count) == rare)
  }

  /// The table takes some hundred bytes; the states of 64 lanes 256, of which a part carries symbols.
  @Test(arguments: [0.1, 0.5, 1, 2, 5, 20, 35, 60]) func codesTakeTheirEntropy(_ width: Double) throws {
    var random = SeededGenerator(Seed(7))
    // The last tenth is wide, as weights with one scale for all channels are.
    let codes =
      Self.codes(900_000, width: width, &random) + Self.codes(100_000, width: min(60, 4 * width), &random)
    let bytes = ByteRegion(codes)
    let coded = bytes.entropyCoded()
    let entropy = ByteHistogram(of: bytes).entropy * Double(codes.count) / 8
    #expect(Double(coded.count) < 1.003 * entropy + 500)
    #expect(Double(coded.count) >= entropy)
    if width >= 0.5 { #expect(Double(coded.count) < 1.01 * entropy) }
  }

  static let zstd = "/usr/bin/zstd"

  /// Codes of 4 bits alone in their bytes and two in each.
  @Test(
    .enabled("needs zstd") { FileManager.default.isExecutableFile(atPath: zstd) },
    arguments: [0.5, 1, 2.5, 6, 20, 35, 60])
  func codesAreNoLargerThanByZstd(_ width: Double) throws {
    var random = SeededGenerator(Seed(8))
    for count in [30_000, 100_000, 300_000, 500_000] {
      let codes = Self.codes(count, width: width, &random)
      let folder = try TemporaryFolder()
      func zstd(_ bytes: [UInt8]) throws -> Int {
        let url = URL(fileURLWithPath: folder.path("codes"))
        try Data(bytes).write(to: url)
        try runProcess(Self.zstd, ["-19", "-q", "-f", url.path, "-o", folder.path("codes.zst")])
        return try Data(contentsOf: URL(fileURLWithPath: folder.path("codes.zst"))).count
      }
      #expect(try ByteRegion(codes).entropyCoded().count <= zstd(codes))
      // Codes of 4 bits as they are when the greatest weights are the ends of the range, not far beyond it.
      guard width <= 6 else { continue }
      let narrow = codes.map { UInt8(bitPattern: max(-8, min(7, Int8(bitPattern: $0)))) & 15 }
      let pairs = stride(from: 0, to: count, by: 2).map { narrow[$0] | narrow[$0 + 1] << 4 }
      let coded = ByteRegion(pairs).entropyCoded().count
      let peers = (pairs: try zstd(pairs), narrow: try zstd(narrow))
      #expect(coded <= min(peers.pairs, peers.narrow), "\(count) codes: \(coded) bytes, \(peers)")
    }
  }

  @Test func whatWasCutOffOrGoesOnIsRefused() throws {
    var random = SeededGenerator(Seed(9))
    let count = 40_000
    let coded = ByteRegion(Self.codes(count, width: 3, &random)).entropyCoded()
    for size in Array(0..<600) + Array(stride(from: 600, to: coded.count, by: 97)) {
      #expect(throws: ModelError.self) {
        try coded.slice(offset: 0, count: size).entropyDecoded(count: count)
      }
    }
    let bytes = coded.withBytes { Array($0) }
    for more in [[0], [0, 0], [1, 2, 3, 4]] as [[UInt8]] {
      #expect(throws: ModelError.self) { try ByteRegion(bytes + more).entropyDecoded(count: count) }
    }
    for other in [0, 1, count - 1, count + 1, 2 * count] {
      #expect(throws: ModelError.self) { try coded.entropyDecoded(count: other) }
    }
  }

  @Test func damagedStreamsAreRefusedOrDecode() throws {
    var random = SeededGenerator(Seed.fresh)
    var decoded = 0
    for round in 0..<4000 {
      let count = round % 2 == 0 ? 100 : 140_000
      let coded = ByteRegion(Self.codes(count, width: 3, &random)).entropyCoded()
      var bytes = coded.withBytes { Array($0) }
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        // The table comes first.
        let place = Int.random(in: 0..<(round % 3 == 0 ? bytes.count : min(60, bytes.count)), using: &random)
        bytes[place] = UInt8.random(in: 0...255, using: &random)
      }
      do throws(ModelError) {
        #expect(try ByteRegion(bytes).entropyDecoded(count: count).count == count)
        decoded += 1
      } catch {
        #expect(!error.message.isEmpty)
      }
      if round > 400, round % 2 == 1, !TestRun.isFull { break }
    }
    #expect(decoded < 4000)
  }

  /// The table of a stream in which all bytes are 3.
  static let table: [UInt8] = [13, 102, 16, 7, 220, 3]
  static let state: [UInt8] = [0, 0, 1, 0]

  /// Lanes beyond 64, frequencies that make nothing or more than 2^14, states below 2^16, and words that are no state's.
  static let badHeads: [(head: [UInt8], rest: [UInt8], message: String)] = [
    ([0x17], [], "2^7 lanes"),
    ([0x80], [], "frequencies of 8 digits"),
    ([0x12], [UInt8](repeating: 255, count: 64), "the frequencies make 0, not up to 16384"),
    ([0x12], [0, 0, 1], "more than 16 bits"),
    ([0x12], [2], "a frequency at the level -1"),
    ([0x12], [1, 6, 0], "frequencies beyond the last byte"),
    ([0x12, 0x80, 0xFF], [], "a frequency at the level"),
    ([0x12, 0, 51], [UInt8](repeating: 255, count: 32), "a frequency at the level"),
    ([0x10] + table, [0, 0, 0, 0], "no possible state"),
    ([0x10] + table, state + [9], "within a word"),
    ([0x10] + table, state + [9, 9], "is damaged"),
    ([0x10] + table, [1, 0, 1, 0], "is damaged"),
    ([0x12] + table, state, "beyond the end"),
    ([], [], "beyond the end"),
  ]

  @Test(arguments: badHeads.indices) func badHeadsAreNamed(_ index: Int) throws {
    let (head, rest, message) = Self.badHeads[index]
    let bytes = head + rest
    let error = #expect(throws: ModelError.self) { try ByteRegion(bytes).entropyDecoded(count: 5) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  /// No lanes' exponent and one digit; 3 symbols before, all of them 3, 252 behind; one state; no words.
  @Test func bytesAreThoseOfTheSpecification() throws {
    let expected = [0x10] + Self.table + Self.state
    #expect(ByteRegion([3, 3, 3, 3, 3]).entropyCoded() == ByteRegion(expected))
    #expect(try ByteRegion(expected).entropyDecoded(count: 1 << 20).count == 1 << 20)
  }
}
