import Foundation
import Skiff
import SkiffTestSupport
import Testing

/// A search that is killed five times ends with the same file as one that was not.
@Suite struct KilledSearchTests {
  @Test func killedSearchesEndWithTheSameFile() throws {
    let (calm, hurried) = (try TemporaryFolder(), try TemporaryFolder())
    let samples = TestModel.path("calibration.nchw.npz")
    func search(_ folder: TemporaryFolder, limit: Duration) throws -> ProcessResult {
      try processResult(
        Product.path("skiff"),
        [
          "compress", TestModel.path("torch.opset17.onnx"), "-o", folder.path("out.skiff"), "--max-error",
          "5%",
          "--data", samples, "--calibrate", samples, "--pareto", folder.path("front.csv"),
        ], timeout: limit)
    }
    let start = ContinuousClock.now
    let whole = try search(calm, limit: .seconds(120))
    #expect(whole.exitCode == 0, "\(whole.ending): \(whole.output)\(whole.errorOutput)")
    let duration = ContinuousClock.now - start

    var generator = SeededGenerator(.fresh)
    var kills = 0
    while kills < 5 {
      let result = try search(hurried, limit: duration * Double.random(in: 0...0.4, using: &generator))
      // One that came to its end is begun anew.
      guard result.exitCode != 0 else {
        for name in try hurried.contents() { try FileManager.default.removeItem(atPath: hurried.path(name)) }
        continue
      }
      kills += 1
    }
    let last = try search(hurried, limit: .seconds(120))
    #expect(last.exitCode == 0, "\(last.ending): \(last.output)\(last.errorOutput)")
    for name in ["out.skiff", "front.csv", "front.svg"] {
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: calm.path(name)))
          == Data(contentsOf: URL(fileURLWithPath: hurried.path(name))), "\(name)")
    }
  }

  @Test(arguments: [
    (["--max-drop", "1%"], "--data"), (["--max-size", "0"], "max-size"), (["--max-drop", "x"], "max-drop"),
    (["--data", "x.npz"], "--max-drop"), ([], "--recipe"),
    (["--recipe", "small", "--data", "x.npz"], "--max-drop"),
    (["--max-drop", "1", "--max-size", "1K"], "one of"),
    (["--max-error", "1", "--data", "x", "--metric", "top1"], "--max-error"),
    (["--max-time", "10", "--max-drop", "1", "--data", "x"], "max-time"),
  ]) func optionsThatMakeNoSenseAreRefused(options: [String], word: String) throws {
    let folder = try TemporaryFolder()
    let result = try processResult(
      Product.path("skiff"),
      ["compress", TestModel.path("torch.opset17.onnx"), "-o", folder.path("out.skiff")] + options)
    #expect(result.exitCode == 64 && result.errorOutput.contains(word), "\(result.errorOutput)")
    #expect(try folder.contents().isEmpty)
  }

  @Test func aSearchIsForSkiffFiles() throws {
    let folder = try TemporaryFolder()
    let samples = TestModel.path("calibration.nchw.npz")
    let result = try processResult(
      Product.path("skiff"),
      [
        "compress", TestModel.path("torch.opset17.onnx"), "-o", folder.path("out.tflite"), "--max-error",
        "5%",
        "--data", samples,
      ])
    #expect(result.exitCode == 64 && result.errorOutput.contains(".skiff"))
    #expect(try folder.contents().isEmpty)
  }
}
