import Skiff
import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffOperators
import SkiffTestSupport
import Testing

/// Which integers are others where a runtime rounds once.
@Suite struct RoundingDifferenceTests {
  /// Operators of int8, each with operands of 256 elements along an axis of their own.
  private static let operators = [
    "%y = Add(%a, %b) : i8[256,256]q(0.11:5)",
    "%y = Subtract(%a, %b) : i8[256,256]q(0.09:-3)",
    "%y = Multiply(%a, %b) : i8[256,256]q(0.37:-20)",
    "%y = Add(%a, %b) {activation = \"relu\"} : i8[256,256]q(0.043:-128)",
    "%y = HardSwish(%a) : i8[256,1]q(0.024:-90)",
    "%y = ReduceMean(%c) {axes = [1]} : i8[1000,1]q(0.017:7)",
    "%y = Quantize(%a) {dataType = \"i8\"} : i8[256,1]q(0.031:2)",
    "%w = constant i8[3,1]q(axis 0;0.02:0,0.031:0,0.5:0) = [127, -90, 3]\n  %y = FullyConnected(%a, %w) : i8[256,3]q(0.07:11)",
  ]

  /// ONNX Runtime computes in float32 and rounds once: as many integers are others there as is said.
  @Test(.needsPeer(.check), arguments: operators)
  func whatIsSaidIsWhatONNXRuntimeDoes(_ text: String) throws {
    let graph = try Graph(
      text:
        "graph (%a: i8[256,1]q(0.05:-3), %b: i8[1,256]q(0.083:17), %c: i8[1000,9]q(0.041:2)) -> (y: %y) {\n  \(text)\n}",
      catalog: .standard)
    let codes = (-128..<128).map { Int8($0) }
    var random = SeededGenerator(Seed(1))
    let drawn = (0..<9000).map { _ in Int8.random(in: -128...127, using: &random) }
    let run = [
      "a": Tensor(codes, shape: [256, 1]), "b": Tensor(codes, shape: [1, 256]),
      "c": Tensor(drawn, shape: [1000, 9]),
    ]
    let diagnosis = try Diagnosis(reference: graph, candidate: graph, runs: [run])
    let last = try #require(diagnosis.operators.last?.rounding)

    var model = try Model(graph)
    let own = try #require(Session(Plan(graph)).run(run)["y"]).integers()
    let folder = try TemporaryFolder()
    try model.write(to: folder.path("model.onnx"))
    let found = try Peer.check.outputs(
      of: folder.path("model.onnx"), under: "ort_run.py", inputs: [run.mapValues { try NumPyArray($0) }])
    let other = try Tensor(#require(found[0]["y"])).integers()
    #expect(last.count == own.count && other.count == own.count)
    #expect(last.differingCount == zip(own, other).count { $0 != $1 })
    #expect(last.largest == zip(own, other).map { abs($0 - $1) }.max())
  }
}
