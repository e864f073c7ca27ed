import Foundation
import SkiffTestSupport
import Testing

/// Random ONNX graphs: what ONNX Runtime computes, Skiff computes after each stage, and LiteRT and ONNX Runtime from what Skiff
/// writes.
@Suite struct RandomGraphTests {
  /// Fresh seeds are for full runs, which draw enough graphs to tell.
  private static let seeds = TestRun.isFull ? Seed.fixedAndFresh : [Seed(0x5eed)]

  @Test(.needsPeer(.check), arguments: seeds)
  func everyStageComputesWhatONNXRuntimeDoes(seed: Seed) throws {
    let folder = try TemporaryFolder()
    let count = TestRun.isFull ? 1000 : 100
    let run = try RandomGraphRun(seed, count: count, in: folder)
    print(run.summary)
    for failure in run.failures.prefix(8) {
      Issue.record("\(seed) \(failure.text)\n\(try ReducedGraph(of: failure, in: folder).description)")
    }
    #expect(run.failures.count <= 8, "\(run.failures.count) failures in all")
    #expect(run.drawn >= count * 9 / 10, "the runtime takes \(run.drawn) of \(count)")
    // What is refused names its node, or the operator and number of one without a name, and is not much.
    for text in run.refusals where !text.contains("node '") && !text.contains(/node \(\w+, #\d+\)/) {
      Issue.record("\(seed) \(text)")
    }
    #expect(run.refusals.count <= max(6, count / 12), "\(run.refusals.joined(separator: "\n"))")
    #expect(run.litertCount >= count / 5, "LiteRT ran \(run.litertCount)")
    #expect(run.runtimeCount >= count * 3 / 4, "ONNX Runtime ran \(run.runtimeCount)")
    // Each kind of fault that the peer has is named in litert_graphs.py.
    #expect(run.peerFaults.values.reduce(0, +) <= max(8, count / 25), "\(run.peerFaults)")
    // A hundred graphs meet about as many operators.
    #expect(run.operators.count >= (TestRun.isFull ? 125 : 85), "only \(run.operators.sorted())")
  }
}
