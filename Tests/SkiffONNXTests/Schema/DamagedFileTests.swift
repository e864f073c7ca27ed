import SkiffBinary
import SkiffIR
import SkiffONNX
import SkiffTestSupport
import Testing

/// Damaged files end in an error or in some model, never in a crash or without end.
@Suite struct DamagedFileTests {
  private let limits = Limits(structureSize: 1 << 22, count: 1 << 16, tensorSize: 1 << 20)

  private func read(_ bytes: [UInt8]) -> Bool {
    do throws(ModelError) {
      var warnings: [Warning] = []
      let model = try ONNXModel(parsing: ByteRegion(bytes), limits: limits)
      _ = try ONNXImporter.makeGraph(from: model, limits: limits, warnings: &warnings)
      return true
    } catch {
      return false
    }
  }

  @Test func everyTruncation() {
    let sample = ModelBytes.sample
    #expect(read(sample))
    for count in sample.indices {
      let isRead = read(Array(sample[..<count]))
      #expect(!isRead)
      _ = ONNXModel.recognizes(prefix: ByteRegion(Array(sample[..<count])))
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func randomMutations(_ seed: Seed) {
    var generator = SeededGenerator(seed)
    let sample = ModelBytes.sample
    // Mutations of the structure, not of the large tensor's elements.
    let structure = sample.indices.filter { $0 < 200 || $0 > sample.count - 200 }
    var readable = 0
    for _ in 0..<20_000 {
      var bytes = sample
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        guard let index = structure.randomElement(using: &generator), index < bytes.count else { continue }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[index] = .random(in: 0...255, using: &generator)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes.remove(at: index)
        default: bytes.insert(.random(in: 0...255, using: &generator), at: index)
        }
      }
      if read(bytes) { readable += 1 }
    }
    #expect(readable > 0 && readable < 20_000)
  }
}
