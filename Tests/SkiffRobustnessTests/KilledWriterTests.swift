import Foundation
import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// A conversion that is killed leaves the old file or the new one, whole.
@Suite struct KilledWriterTests {
  @Test(arguments: ["skiff", "tflite"]) func killedConversionsLeaveAWholeFile(ending: String) throws {
    let folder = try TemporaryFolder()
    let source = folder.path("source.skiff")
    var model = try Model(Self.graph())
    try model.write(to: source)
    let outputs = folder.url.appendingPathComponent("outputs")
    try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: false)
    let target = outputs.appendingPathComponent("model.\(ending)")
    func convert(limit: Duration) throws -> ProcessResult {
      try processResult(
        Product.path("skiff"), ["convert", source, "-o", target.path, "--no-check"], timeout: limit)
    }
    let start = ContinuousClock.now
    #expect(try convert(limit: .seconds(60)).exitCode == 0)
    let duration = ContinuousClock.now - start
    let new = try Data(contentsOf: target)
    let old = Data("the file that was there before".utf8)

    var generator = SeededGenerator(.fresh)
    var found = (old: 0, new: 0)
    for _ in 0..<(TestRun.isFull ? 100 : 10) {
      try old.write(to: target)
      _ = try convert(limit: duration * Double.random(in: 0...1.1, using: &generator))
      let present = try Data(contentsOf: target)
      #expect(present == old || present == new, "\(present.count) bytes")
      if present == old { found.old += 1 } else { found.new += 1 }
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: outputs.path).filter {
      $0 != target.lastPathComponent
    }
    print(
      "\(ending): killed \(found.old) times before and \(found.new) after the file was there, \(left.count) left"
    )
    // Only temporary files, named after their target; the next writer removes them.
    #expect(left.allSatisfy { $0.hasPrefix(target.lastPathComponent) && $0.hasSuffix(".partial") })
    for name in left {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -60)],
        ofItemAtPath: outputs.appendingPathComponent(name).path)
    }
    #expect(try convert(limit: .seconds(60)).exitCode == 0)
    #expect(try Data(contentsOf: target) == new)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: outputs.path) == [target.lastPathComponent])
  }

  /// A model of 16 MB, so that writing takes a while.
  private static func graph() throws -> Graph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 2000]))
    var random = SeededGenerator(Seed(1))
    let weights = Tensor(random.floats(2000 * 2000), shape: [2000, 2000])
    let y = try graph.add(FullyConnected(), x, graph.addConstant(weights, name: "w"))
    graph.addOutput(y, name: "y")
    return graph
  }
}
