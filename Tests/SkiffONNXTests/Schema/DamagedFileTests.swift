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
    var readable = 0
    for _ in 0..<20_000 {
      let part = Bool.random(using: &generator) ? 0..<200 : sample.count - 200..<sample.count
      if read(sample.mutated(in: part, using: &generator)) { readable += 1 }
    }
    #expect(readable > 0 && readable < 20_000)
  }
}
