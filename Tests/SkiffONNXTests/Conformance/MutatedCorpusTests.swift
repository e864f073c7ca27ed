import SkiffBinary
import SkiffIR
import SkiffONNX
import SkiffTestSupport
import Testing

/// Every operator's import on damaged models: an error, or some graph that keeps the rules, never a crash.
@Suite struct MutatedCorpusTests {
  private static let limits = Limits(structureSize: 1 << 22, count: 1 << 16, tensorSize: 1 << 20)

  @Test(.needsPeer(.check), arguments: ["onnx_corpus.py", "onnx_versions.py"], Seed.fixedAndFresh)
  func mutatedModelsAreReadOrRefused(script: String, seed: Seed) throws {
    let folder = try TemporaryFolder()
    let corpus = try ConformanceCorpus(from: script, in: folder)
    var generator = SeededGenerator(seed)
    let rounds = TestRun.isFull ? 200 : 8
    var counts = (read: 0, refused: 0)
    for test in corpus.cases {
      let original = try ByteRegion(mapping: test.model).withBytes { Array($0) }
      for _ in 0..<rounds {
        let bytes = original.mutated(using: &generator)
        do throws(ModelError) {
          var warnings: [Warning] = []
          let model = try ONNXModel(parsing: ByteRegion(bytes), limits: Self.limits)
          let graph = try ONNXImporter.makeGraph(from: model, limits: Self.limits, warnings: &warnings)
          #expect(throws: Never.self) { try graph.verify() }
          counts.read += 1
        } catch {
          counts.refused += 1
        }
      }
    }
    #expect(counts.read > 0 && counts.refused > 0)
  }
}
