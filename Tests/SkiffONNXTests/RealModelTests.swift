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
    var testDescription: String { path }
  }

  static let cases = [
    Case(path: "tiny-results-v0.7/Alibaba/code/kws/sinian/kws_model/model_kws.onnx", range: -100...100),
    Case(path: "ort-examples/c_cxx/MNIST/mnist.onnx", range: 0...255),
  ]

  @Test(.needsPeer(.check), .needsModels(cases[0].path, cases[1].path), arguments: cases)
  func equalsONNXRuntime(_ model: Case) throws {
    let path = try RealModel.path(model.path)
    var warnings: [Warning] = []
    let graph = try ONNXImporter.makeGraph(from: ONNXModel(mapping: path), warnings: &warnings)
    #expect(warnings == [])
    let plan = try Plan(graph, inputShapes: model.shapes, usesReferenceKernels: true)
    let session = Session(plan)
    var generator = SeededGenerator(Seed(0x5eed))
    let samples = try (0..<3).map { _ in
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
