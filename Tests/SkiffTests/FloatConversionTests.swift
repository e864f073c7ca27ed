import Foundation
import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Real models converted to every format that Skiff writes: what is written computes what the source's own framework
/// computes, run by Skiff and, where the format has a runtime, by that.
@Suite struct FloatConversionTests {
  static let keywordSpotter = SourceModel(file: RealModelConversion.keywordModel, range: -100...100)
  static let digits = SourceModel(file: "ort-examples/c_cxx/MNIST/mnist.onnx", range: 0...255)
  static let classifier = SourceModel(
    file: "rapidocr/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", shapes: ["x": [1, 3, 48, 192]])
  static let onnx = [
    keywordSpotter, digits, classifier,
    SourceModel(file: "ort-examples/mobile/examples/Xamarin/Models/Ultraface.version-RFB-320.onnx"),
    SourceModel(
      file: "basic-pitch/saved_models/icassp_2022/nmp.onnx",
      shapes: ["serving_default_input_2:0": [1, 43844, 1]]),
  ]

  @Test(.needsPeer(.check), .needsModels(onnx.map(\.file)), arguments: onnx)
  func equalONNXRuntime(source: SourceModel) throws {
    // Without the constant images at the bounds, whose scores are near ties that the peers' own roundings decide.
    let sets = Array(try source.inputs(6).dropFirst(3))
    let runs = try ["disable", "basic", "extended", "all"].map { level in
      try Peer.check.results(
        of: RealModel.path(source.file), under: "ort_run.py", options: ["--level", level], sets)
    }
    try expectConversionsEqual(runs, of: source.model(), sets)
  }

  static let superResolution = SourceModel(
    file: "caffe2-superres/random_test_stuff/super_resolution.onnx", range: 0...1)

  /// Operator set 2, which ONNX Runtime refuses, against the arithmetic of the model's Caffe2 twin in NumPy.
  @Test(.needsPeer(.check), .needsModels(superResolution.file))
  func equalTheCaffe2Twin() throws {
    let sets = try Self.superResolution.inputs(4)
    let net = try RealModel.path("caffe2-superres/random_test_stuff/predict_net.pb")
    let run = try Peer.check.results(of: net, under: "caffe2_run.py", options: [], sets)
    try expectConversionsEqual([run], of: Self.superResolution.model(), sets)
  }

  static let keras = [
    "moonflower-mnist/mnist_model.h5", "moonflower-mnist/mnist_model.keras",
    "mlperf-tiny/training/visual_wake_words/trained_models/vww_96.h5", "fer/data/emotion_model.hdf5",
    "deepcut/docs/model_lite.h5",
  ]

  /// Against what Keras 3 and tf_keras computed (`Tests/Peers/keras_vectors.py`).
  @Test(.needsPeer(.check), .needsModels(keras), arguments: keras)
  func equalKeras(file: String) throws {
    let vectors = try KerasVectors.all()
    let expected = try #require(vectors[file])
    let model = try Model(contentsOf: RealModel.path(file))
    let sets = [try expected.inputs(of: model.graph)]
    let name = try #require(model.graph.outputs.first?.name)
    try expectConversionsEqual(
      [[[name: expected.outputs]]], of: model, sets, spread: expected.spread)
  }

  /// Writes the model in each format and compares what they compute with the first of a peer's runs.
  ///
  /// The bound is the larger of 1e-5 of the output's range and twice what the peer's runs, or LiteRT's resolvers,
  /// differ by.
  private func expectConversionsEqual(
    _ runs: [[[String: [Float]]]], of source: Model, _ sets: [[String: Tensor]], spread: Double = 0
  ) throws {
    let folder = try TemporaryFolder()
    let path = (
      lite: folder.path("model.tflite"), edge: folder.path("model.skiff"), onnx: folder.path("model.onnx")
    )
    var model = source
    try model.write(to: path.lite)
    try model.write(to: path.edge)
    print("\(source.path): transpositions \(model.transpositions.map(\.description))")
    try model.write(to: path.onnx)
    print("\(source.path): transpositions of ONNX \(model.transpositions.map(\.description))")
    try Peer.check.run("onnx_check.py", [path.onnx])
    let runtime = try Peer.check.results(
      of: path.onnx, under: "ort_run.py", options: ["--level", "all"], sets)
    let lite = try ["BUILTIN_REF", "BUILTIN", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"].map {
      try Peer.check.liteRTResults(of: path.lite, resolver: $0, sets)
    }
    let results = [
      ("source", try source.results(of: sets)),
      (".skiff", try Model(contentsOf: path.edge).results(of: sets)),
      (".tflite", try Model(contentsOf: path.lite).results(of: sets)), ("LiteRT", lite[0]),
      (".onnx", try Model(contentsOf: path.onnx).results(of: sets)), ("ONNX Runtime", runtime),
    ]
    for output in source.graph.outputs.map(\.name) {
      func all(_ run: [[String: [Float]]]) throws -> [Float] {
        try run.flatMap { try #require($0[output], "\(output) is not in \($0.keys)") }
      }
      let peer = try FloatBound(peerRuns: runs.map(all))
      let resolvers = try FloatBound(peerRuns: lite.map(all))
      let bound = max(peer.largestError, 2 * resolvers.spread, 2 * spread)
      #expect(bound <= 1e-3 * peer.range, "the peers themselves disagree: \(peer), \(resolvers)")
      for (name, result) in results {
        let difference = FloatDifference(try all(result), from: try all(runs[0]))
        #expect(difference.largestError <= bound, "\(name), \(output): \(difference), \(bound)")
      }
    }
  }

  /// Kernels take operands of one type: exporters write x³ with an integer.
  @Test(.needsPeer(.check), arguments: [DataType.int64, .int32, .float32])
  func powersOfAnotherType(exponent: DataType) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("powers.tflite")
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [4]))
    let constant = graph.addConstant(try Tensor(integers: [3], as: .int64, shape: []).cast(to: exponent))
    graph.addOutput(try graph.add(Power(), x, constant), name: "y")
    var model = try Model(graph)
    try model.write(to: path)
    let sets = [["x": Tensor([-2, 0.5, 1, 3] as [Float], shape: [4])]]
    let found = try #require(try Peer.check.liteRTResults(of: path, sets)[0]["y"])
    for (a, b) in zip(found, [-8, 0.125, 1, 27] as [Float]) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
    // Real numbers of 32 bits do not hold all integers.
    var integers = Graph()
    let base = integers.addInput("x", TensorType(.int32, [4]))
    let two = integers.addConstant(Tensor(scalar: Float(2)))
    integers.addOutput(try integers.add(Power(), base, two), name: "y")
    var refused = try Model(integers)
    #expect(throws: ModelError.self) { try refused.write(to: path) }
  }
}
