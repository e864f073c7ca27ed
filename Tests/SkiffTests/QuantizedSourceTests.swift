import Skiff
import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Models that ONNX Runtime quantized become models in the integers of TensorFlow Lite: the same weights, the same scales,
/// and results that differ from ONNX Runtime's by rounding only.
@Suite struct QuantizedSourceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let form: String
    let activations: String
    let weights: String
    let isPerChannel: Bool
    /// Whether the weights are integers that TensorFlow Lite has too, with zero points of 0.
    var keepsWeights: Bool { weights == "QInt8" }
    var options: [String] {
      ["--form", form, "--activations", activations, "--weights", weights]
        + (isPerChannel ? ["--per-channel"] : [])
    }
    var testDescription: String { options.joined(separator: " ") }
  }

  static let cases = ["QDQ", "QOperator"].flatMap { form in
    [
      Case(form: form, activations: "QInt8", weights: "QInt8", isPerChannel: true),
      Case(form: form, activations: "QInt8", weights: "QInt8", isPerChannel: false),
      Case(form: form, activations: "QUInt8", weights: "QInt8", isPerChannel: true),
      Case(form: form, activations: "QUInt8", weights: "QUInt8", isPerChannel: false),
    ]
  }

  @Test(.needsPeer(.check), arguments: cases) func computesWithTheIntegersOfItsSource(_ test: Case) throws {
    let folder = try TemporaryFolder()
    let (source, lite, edge) = (
      folder.path("source.onnx"), folder.path("model.tflite"), folder.path("model.skiff")
    )
    try Peer.check.run(
      "ort_quantize.py",
      [TestModel.path("torch.opset17.onnx"), TestModel.path("calibration.nchw.npz"), source] + test.options)
    var model = try Model(contentsOf: source)
    try model.write(to: lite)
    try model.write(to: edge)
    let written = try Model(contentsOf: lite)
    #expect(floatNodes(written.graph).isEmpty, "\(floatNodes(written.graph))")
    if test.keepsWeights { #expect(weights(written.graph) == weights(model.source)) }

    let sets = try testSets()
    let ours = try written.results(of: sets)
    #expect(try ours == Peer.check.liteRTResults(of: lite, sets))
    #expect(try Model(contentsOf: edge).results(of: sets) == ours)

    let onnx = folder.path("model.onnx")
    try model.write(to: onnx)
    try Peer.check.run("onnx_check.py", [onnx])
    let again = try Peer.check.results(of: onnx, under: "ort_run.py", options: [], sets)
    let proof = try Certificate(of: model, writtenTo: onnx)
    #expect(proof.holds && proof.roundsElsewhere, "\(proof.failures)")

    let peers = try Peer.check.results(of: source, under: "ort_run.py", options: [], sets)
    // Between the same integers both compute real numbers.
    for (run, peer) in zip(again, peers) {
      let (scores, expected) = (try #require(run["scores"]), try #require(peer["scores"]))
      #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 0.15 }, "\(scores) \(expected)")
    }
    var agreeing = 0
    for (run, peer) in zip(ours, peers) {
      let (scores, expected) = (try #require(run["scores"]), try #require(peer["scores"]))
      // What is a step off before the sum of the softmax can be several off behind it.
      #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 0.15 }, "\(scores) \(expected)")
      if scores.firstIndex(of: scores.max() ?? 0) == expected.firstIndex(of: expected.max() ?? 0) {
        agreeing += 1
      }
    }
    #expect(agreeing >= 98, "\(agreeing)")
    let certificate = try Certificate(of: model, writtenTo: lite)
    #expect(certificate.holds && certificate.isLowerPrecision, "\(certificate.failures)")
  }

  /// A clamp that only the range of the integers behind a pooling says is not lost, and no range of a mean clamps what the
  /// mean is of.
  @Test(
    .needsPeer(.check),
    arguments: ["MaxPool", "AveragePool", "Resize"].flatMap { pool in
      ["QInt8", "QUInt8"].map { (pool, $0) }
    }) func clampsBehindPoolingsHold(pool: String, activations: String) throws
  {
    let folder = try TemporaryFolder()
    let (float, samples) = (folder.path("float.onnx"), folder.path("samples.npz"))
    try Peer.check.run("make_pools.py", [pool, float, samples])
    let (source, lite) = (folder.path("source.onnx"), folder.path("model.tflite"))
    try Peer.check.run(
      "ort_quantize.py", [float, samples, source, "--per-channel", "--activations", activations])
    var model = try Model(contentsOf: source)
    try model.write(to: lite)
    let sets = try Samples(contentsOf: samples).runs(for: model.source)
    let expected = try Peer.check.results(of: source, under: "ort_run.py", options: [], sets)
    let found = try Model(contentsOf: lite).results(of: sets)
    #expect(try found == Peer.check.liteRTResults(of: lite, sets))
    for (run, peer) in zip(found, expected) {
      let name = try #require(peer.keys.first)
      let difference = FloatDifference(try #require(run[name]), from: try #require(peer[name]))
      // Some steps of 255.
      #expect(difference.errorOfRange < 0.03, "\(difference)")
    }
  }

  /// Integers of 16 bits with zero points, which LiteRT does not have, stay operators beside real numbers.
  @Test(.needsPeer(.check)) func sixteenBitsWithZeroPointsRunInLiteRT() throws {
    let folder = try TemporaryFolder()
    let (source, lite) = (folder.path("source.onnx"), folder.path("model.tflite"))
    try Peer.check.run(
      "ort_quantize.py",
      [
        TestModel.path("torch.opset17.onnx"), TestModel.path("calibration.nchw.npz"), source, "--activations",
        "QInt16",
      ])
    var model = try Model(contentsOf: source)
    try model.write(to: lite)
    let sets = try testSets()
    let found = try Model(contentsOf: lite).results(of: sets)
    let peers = try Peer.check.results(of: source, under: "ort_run.py", options: [], sets)
    for others in [peers, try Peer.check.liteRTResults(of: lite, resolver: "BUILTIN", sets)] {
      for (run, peer) in zip(found, others) {
        let difference = FloatDifference(try #require(run["scores"]), from: try #require(peer["scores"]))
        #expect(difference.errorOfRange < 1e-3, "\(difference)")
      }
    }
    let certificate = try Certificate(of: model, writtenTo: lite)
    #expect(certificate.holds, "\(certificate.failures)")
    #expect(certificate.comparison.values.allSatisfy { $0.signalToNoise > 40 })
  }

  /// What is quantized by its own range when it runs is written in real numbers, which are rounded alike.
  @Test(.needsPeer(.check), arguments: [[], ["--per-channel"]])
  func quantizationByTheOwnRangeIsSaidInRealNumbers(_ options: [String]) throws {
    let folder = try TemporaryFolder()
    let (source, lite) = (folder.path("source.onnx"), folder.path("model.tflite"))
    try Peer.check.run(
      "ort_quantize.py",
      [
        TestModel.path("torch.opset17.onnx"), TestModel.path("calibration.nchw.npz"), source, "--form",
        "Dynamic",
        "--weights", "QUInt8",
      ] + options)
    var model = try Model(contentsOf: source)
    let operators = model.source.nodeIDs.map { model.source[$0].operator }
    #expect(operators.contains { $0 is DynamicQuantizeLinear })
    #expect(
      operators.contains { $0 is IntegerConvolution } && operators.contains { $0 is IntegerMatrixMultiply })
    try model.write(to: lite)
    let sets = try testSets()
    let found = try Model(contentsOf: lite).results(of: sets)
    let peers = try Peer.check.results(of: source, under: "ort_run.py", options: [], sets)
    // The reference kernels have no rounding.
    for (run, peer) in zip(try Peer.check.liteRTResults(of: lite, resolver: "BUILTIN", sets), found) {
      let difference = FloatDifference(try #require(run["scores"]), from: try #require(peer["scores"]))
      #expect(difference.errorOfRange < 0.01, "LiteRT: \(difference)")
    }
    for (run, peer) in zip(found, peers) {
      let difference = FloatDifference(try #require(run["scores"]), from: try #require(peer["scores"]))
      // A number that lies between two integers can be rounded to the other one.
      #expect(difference.errorOfRange < 0.01, "ONNX Runtime: \(difference)")
    }
    let certificate = try Certificate(of: model, writtenTo: lite)
    #expect(certificate.holds && !certificate.isLowerPrecision, "\(certificate.failures)")
    #expect(certificate.roundsByOwnRange)
  }

  /// A hundred images.
  private func testSets() throws -> [[String: Tensor]] {
    let images = try TestModel.testImages(channelsLast: false)
    let all = try Tensor(.float32, shape: images.shape, bytes: images.bytes)
    let size = all.bytes.count / images.shape[0]
    return try (0..<100).map { index in
      [
        "image": try Tensor(
          .float32, shape: [1] + images.shape.dropFirst(),
          bytes: all.bytes.slice(offset: index * size, count: size))
      ]
    }
  }

  private func floatNodes(_ graph: Graph) -> [String] {
    graph.nodeIDs.filter { id in
      let node = graph[id]
      return !(node.operator is Quantize) && graph[node.outputs[0]].type?.dataType == .float32
        && !(node.operator is Dequantize)
    }.map { graph[$0].name }
  }

  /// The integers of every matrix or kernel, sorted, since their axes have another order.
  private func weights(_ graph: Graph) -> Set<[Int]> {
    Set(
      graph.constantIDs.compactMap { id in
        guard let constant = graph[id].constant, constant.type.dataType == .int8, constant.type.rank > 1
        else {
          return nil
        }
        return try? constant.materialize().integers().sorted()
      })
  }
}
