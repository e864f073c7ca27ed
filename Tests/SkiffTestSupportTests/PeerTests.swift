import Foundation
import SkiffNumPy
import SkiffTestSupport
import Testing

@Suite struct PeerTests {
  @Test(.needsPeer(.check), arguments: ["disable", "all"])
  func modelsRunUnderONNXRuntime(level: String) throws {
    let folder = try TemporaryFolder()
    try Peer.check.run("make_sum.py", [folder.path("sum.onnx")])
    let sets = try [[1, 2], [3, 4]].map { numbers in
      [
        "a": try NumPyArray(numbers.map { Float($0) }, shape: [2]),
        "b": try NumPyArray([10, 20] as [Float], shape: [2]),
      ]
    }
    let outputs = try Peer.check.outputs(
      of: folder.path("sum.onnx"), under: "ort_run.py", options: ["--level", level], inputs: sets)
    #expect(try outputs.map { try $0["c"]?.elements(as: Float.self) } == [[11, 22], [13, 24]])
  }

  @Test(.needsPeer(.check), .needsModels("tflite-micro"), arguments: ["BUILTIN_REF", "BUILTIN"])
  func modelsRunUnderLiteRT(resolver: String) throws {
    let models = try RealModel.path("tflite-micro")
    let model = try #require(
      FileManager.default.subpaths(atPath: models)?.first { $0.hasSuffix("hello_world_float.tflite") })
    let outputs = try Peer.check.outputs(
      of: models + "/" + model, under: "litert_run.py", options: ["--resolver", resolver],
      inputs: [
        ["0": try NumPyArray([Float.pi / 2], shape: [1, 1])],
        ["0": try NumPyArray([Float(0)], shape: [1, 1])],
      ])
    // The model approximates the sine.
    let sines = try outputs.map { try #require($0.values.first).elements(as: Float.self)[0] }
    #expect(abs(sines[0] - 1) < 0.1 && abs(sines[1]) < 0.1)
  }

  @Test(.needsPeer(.check)) func aPeerThatFailsOrHangsIsAnError() {
    let failure = #expect(throws: TestSupportError.self) {
      try Peer.check.run("zip_list.py", ["/nowhere.zip"])
    }
    #expect(failure?.description.contains("/nowhere.zip") == true)
    let late = #expect(throws: TestSupportError.self) {
      try runProcess("/bin/sleep", ["60"], timeout: .seconds(0.2))
    }
    #expect(late?.description.contains("longer") == true)
  }

  @Test func theGeneratorIsSplitMix64() {
    // The first numbers of the reference implementation for the seed 1234567.
    var random = SeededGenerator(Seed(1_234_567))
    #expect(
      (0..<3).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test func differencesAreMeasured() {
    let floats = FloatDifference([1, 2.5, 3], from: [1, 2, 5] as [Float])
    #expect(
      floats.largestError == 2 && floats.worstIndex == 2 && floats.range == 4 && floats.errorOfRange == 0.5)
    #expect(FloatDifference([.nan, .infinity], from: [.nan, .infinity] as [Float]).largestError == 0)
    #expect(FloatDifference([.nan], from: [1] as [Float]).largestError == .infinity)
    #expect(FloatDifference([1], from: [1, 2] as [Float]).largestError == .infinity)
    let integers = IntegerDifference([-128, 0, 5], from: [127, 0, 4] as [Int8])
    #expect(integers.count == 2 && integers.largest == 255)
    #expect(IntegerDifference([1], from: [1, 2] as [Int32]).count == 2)
  }

  @Test func theBoundIsTheLargerOfRangeAndSpread() {
    let exact = FloatBound(peerRuns: [[0, 100], [0, 100]])
    #expect(exact.largestError == 1e-3 && exact.spread == 0)
    #expect(
      exact.holds(for: [0.0005, 100], from: [0, 100]) && !exact.holds(for: [0.002, 100], from: [0, 100]))
    #expect(!exact.holds(for: [.nan, 100], from: [0, 100]))
    let spread = FloatBound(peerRuns: [[0, 100], [1, 100], [-1, 100]])
    #expect(spread.spread == 2 && spread.largestError == 4)
  }
}
