import Foundation
import SkiffTestSupport
import Testing

/// Single operators with other attributes, operands, types and sizes than anybody gives them: what the runtime of their format runs
/// gives the same in Skiff after each stage, and in LiteRT and ONNX Runtime from what Skiff writes; the rest is read or refused.
@Suite struct ChangedNodeTests {
  private static let seeds = TestRun.isFull ? Seed.fixedAndFresh : [Seed(0x0de)]

  @Test(.needsPeer(.check), arguments: ["onnx_changed_nodes.py", "litert_changed_operators.py"], seeds)
  func everyStageComputesWhatTheRuntimeDoes(script: String, seed: Seed) throws {
    let folder = try TemporaryFolder()
    let count = TestRun.isFull ? 2000 : 200
    let run = try RandomGraphRun(seed, count: count, in: folder, script: script)
    print(run.summary)
    let others = try FileManager.default.contentsOfDirectory(atPath: folder.path(".")).filter {
      $0.contains("-")
    }
    let reading = try RobustnessRun("files", 0, count: others.count, file: [folder.path(".")])
    #expect(reading.failures.isEmpty, "\(reading.failures.joined(separator: "\n"))")

    for failure in run.failures.prefix(8) {
      let text = try script.hasPrefix("onnx") ? ReducedGraph(of: failure, in: folder).description : ""
      Issue.record("\(seed) \(failure.text)\n\(text)")
    }
    #expect(run.failures.count <= 8, "\(run.failures.count) failures in all")
    #expect(run.drawn >= count / 3, "the runtime takes \(run.drawn) of \(count)")
    for text in run.refusals where !text.contains("node '") { Issue.record("\(seed) \(text)") }
    #expect(run.refusals.count <= max(16, count / 15), "\(run.refusals.joined(separator: "\n"))")
    #expect(run.litertCount >= count / 12, "LiteRT ran \(run.litertCount)")
    #expect(run.runtimeCount >= count / 6, "ONNX Runtime ran \(run.runtimeCount)")
    #expect(run.unwritten <= count / 3, "\(run.unwritten) times not written")
    #expect(run.operators.count >= (TestRun.isFull ? 100 : 60), "only \(run.operators.sorted())")
  }
}
