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
  ]

  private func importModel(_ path: String) throws(ModelError) -> Graph {
    var warnings: [Warning] = []
    let graph = try ONNXImporter.makeGraph(from: ONNXModel(mapping: path), warnings: &warnings)
    #expect(warnings == [])
    return graph
  }

  @Test(
    .needsPeer(.check), .needsModels(cases.map(\.path)), arguments: cases)
  func equalsONNXRuntime(_ model: Case) throws {
    let path = try RealModel.path(model.path)
    let graph = try importModel(path)
    let plan = try Plan(graph, inputShapes: model.shapes)
    let session = Session(plan)
    var generator = SeededGenerator(Seed(0x5eed))
    let samples = try (0..<model.count).map { _ in
      var set: [String: Tensor] = [:]
      for id in plan.graph.inputs {
        let shape = try #require(plan.graph[id].type?.shape.fixed)
        let values = generator.floats(shape.reduce(1, *), in: model.range)
        set[plan.graph[id].name] = Tensor(values, shape: shape)
      }
      return set
    }
    let arrays = try samples.map { try $0.mapValues(NumPyArray.init) }
    let runs = try ["disable", "basic", "extended", "all"].map {
      try Peer.check.outputs(of: path, under: "ort_run.py", options: ["--level", $0], inputs: arrays)
    }
    for (index, sample) in samples.enumerated() {
      let outputs = try session.run(sample)
      #expect(Set(outputs.keys) == Set(runs[0][index].keys))
      for (name, output) in outputs {
        let peers = try runs.map { try #require($0[index][name]).elements(as: Float.self) }
        #expect(runs[0][index][name]?.shape == output.shape)
        let bound = FloatBound(peerRuns: peers)
        let difference = FloatDifference(try output.floats(), from: peers[0])
        #expect(difference.largestError <= bound.largestError, "\(name): \(difference), \(bound)")
      }
    }
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
