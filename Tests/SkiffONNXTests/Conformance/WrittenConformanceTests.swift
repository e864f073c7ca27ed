import Foundation
import SkiffBinary
import SkiffIR
import SkiffONNX
import SkiffPasses
import SkiffTestSupport
import Testing

/// Single operators and small models read, written and run by ONNX Runtime: what is written gives what the source gives.
///
/// `unwritten.txt` lists the cases that fail, with the reason; a case on it that passes fails the test, so that the list
/// only gets shorter.
@Suite struct WrittenConformanceTests {
  private struct Written: Encodable {
    let name, source, written: String
    let inputs: [Int]?
    let sets: Int
  }

  private struct Outcome: Decodable {
    let failures: [String: String]
    let notRun, ran: Int
  }

  @Test(.needsPeer(.check)) func thePackagesOwnCasesAreTheSameWhenWritten() throws {
    try check("onnx_corpus.py", ran: 1194)
  }

  /// Each operator in each version of the operators.
  @Test(.needsPeer(.check)) func everyVersionIsTheSameWhenWritten() throws {
    try check("onnx_versions.py", ran: 4614)
  }

  private func check(_ script: String, ran expectedCount: Int) throws {
    let folder = try TemporaryFolder()
    let corpus = try ConformanceCorpus(from: script, in: folder)
    let expected = try ExpectedFailures(
      path: Checkout.path("Tests/SkiffONNXTests/Conformance/unwritten.txt")
    ).reasons
    var written: [Written] = []
    var failures: [String: String] = [:]
    for (index, test) in corpus.cases.enumerated() where test.skipped == nil {
      let target = folder.path("written\(index).onnx")
      let (source, positions) = test.fixed.map { ($0.model, $0.inputs) } ?? (test.model, nil)
      do throws(ModelError) {
        guard try write(source, to: target) else { continue }
        written.append(
          Written(
            name: test.name, source: source, written: target, inputs: positions, sets: test.sets.count))
      } catch {
        failures[test.name] = "\(error.message)"
      }
    }
    try JSONEncoder().encode(written).write(to: URL(fileURLWithPath: folder.path("written.json")))
    try Peer.check.run("onnx_written.py", [folder.path(".")], timeout: .seconds(900))
    let outcome = try JSONDecoder().decode(
      Outcome.self, from: Data(contentsOf: URL(fileURLWithPath: folder.path("failures.json"))))
    failures.merge(outcome.failures) { first, _ in first }
    for (name, reason) in failures.sorted(by: { $0.key < $1.key }) where expected[name] == nil {
      Issue.record("\(name): \(reason)")
    }
    let names = Set(corpus.cases.map(\.name))
    for name in expected.keys.sorted() where names.contains(name) && failures[name] == nil {
      Issue.record("\(name) passes: remove it from unwritten.txt")
    }
    print(
      "\(script): \(outcome.ran) are the same, \(failures.count) not, \(outcome.notRun) are not run by the runtime itself"
    )
    #expect(outcome.ran >= expectedCount)
  }

  /// Reads a model and writes it anew; false for one that is not understood as it is.
  private func write(_ source: String, to target: String) throws(ModelError) -> Bool {
    var warnings: [Warning] = []
    guard let model = try? ONNXModel(mapping: source),
      var graph = try? ONNXImporter.makeGraph(from: model, warnings: &warnings),
      !graph.nodeIDs.contains(where: { graph[$0].operator is ForeignOperator })
    else { return false }
    var report = PassReport()
    try Pipeline.lowering(for: .onnx).run(on: &graph, report: &report)
    try ONNXExporter.write(graph, to: target)
    return true
  }
}
