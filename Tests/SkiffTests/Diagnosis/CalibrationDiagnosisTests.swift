import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// What is wrong with calibration samples.
@Suite struct CalibrationDiagnosisTests {
  private static let shape = [64, 1, 8, 8]

  /// With normalizations as nodes, whose statistics tell what the network saw in training.
  private func model() throws -> Model { try Model(contentsOf: TestModel.path("torch.opset13.onnx")) }

  private func images() throws -> [Float] {
    let runs = try Samples(contentsOf: TestModel.path("calibration.nchw.npz")).runs(for: model().graph)
    return try runs.prefix(Self.shape[0]).flatMap { try $0["image"]?.floats() ?? [] }
  }

  private func kinds(_ images: [Float]) throws -> Set<Finding.Kind> {
    let count = images.count / 64
    let samples = Samples(["image": Tensor(images, shape: [count, 1, 8, 8])])
    let diagnosis = try CalibrationDiagnosis(of: model(), samples: samples)
    #expect(diagnosis.runCount == count)
    #expect(diagnosis.findings.allSatisfy { !$0.message.isEmpty && !$0.remedy.isEmpty })
    return Set(diagnosis.findings.map(\.kind))
  }

  @Test func goodSamplesAreLeftAlone() throws {
    #expect(try kinds(images()).isEmpty)
  }

  @Test func anOutlierIsFound() throws {
    var images = try images()
    images[1000] = 500
    #expect(try kinds(images).contains(.outlier))
  }

  @Test func constantsAreFound() throws {
    let found = try kinds([Float](repeating: 0.5, count: 64 * 16))
    #expect(found.isSuperset(of: [.constantInput, .repeatedSamples, .oneClass]))
  }

  @Test func oneSampleIsTooFew() throws {
    #expect(try kinds(Array(images().prefix(64))).contains(.tooFewSamples))
  }

  /// The second half has ten times the contrast.
  @Test func rangesThatGrowAreFound() throws {
    let images = try images()
    let growing = images.indices.map { $0 < images.count / 2 ? images[$0] / 10 : images[$0] }
    #expect(try kinds(growing).contains(.tooFewSamples))
  }

  @Test(arguments: [Float(255), Float(0.015625)]) func anotherScaleIsFound(scale: Float) throws {
    #expect(try kinds(images().map { $0 * scale }).contains(.normalization))
  }

  @Test(arguments: [Float.nan, Float.infinity, -Float.infinity]) func whatIsNoNumberIsFound(element: Float)
    throws
  {
    var images = try images()
    images[64 * 5] = element
    #expect(try kinds(images) == [.notFinite])
  }

  @Test func oneClassIsFound() throws {
    let images = try images()
    // One image in many strengths.
    let one = (0..<32).flatMap { number in images[0..<64].map { $0 * (1 - Float(number) / 200) } }
    #expect(try kinds(one).contains(.oneClass))
  }

  /// A normalization that was trained on channels around 0, 1 and 2.
  @Test(arguments: [false, true]) func channelsInReverseAreFound(isReversed: Bool) throws {
    var graph = Graph()
    var generator = SeededGenerator(Seed(3))
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 4, 3]))
    var normalization = BatchNormalization()
    normalization.axis = 3
    let parameters = [[1, 1, 1], [0, 0, 0], [0, 1, 2], [1.0 / 3, 1.0 / 3, 1.0 / 3]].map {
      graph.addConstant(Tensor($0.map(Float.init), shape: [3]))
    }
    graph.addOutput(try graph.addNode(normalization, [x] + parameters)[0], name: "y")
    let means: [Float] = isReversed ? [2, 1, 0] : [0, 1, 2]
    let elements = generator.floats(20 * 48).enumerated().map { $0.element + means[$0.offset % 3] }
    let samples = Samples(["x": Tensor(elements, shape: [20, 4, 4, 3])])
    let found = try CalibrationDiagnosis(of: Model(graph), samples: samples).findings.map(\.kind)
    #expect(found.contains(.channelOrder) == isReversed)
    #expect(isReversed || found.isEmpty, "\(found)")
  }

  /// Equal scores are no class.
  @Test func tiesAreNoClass() throws {
    var graph = Graph()
    var generator = SeededGenerator(Seed(3))
    let x = graph.addInput("x", TensorType(.float32, [1, 2]))
    let w = graph.addConstant(Tensor([1, 1, 1, 1, 1, 1] as [Float], shape: [3, 2]))
    graph.addOutput(try graph.add(FullyConnected(), x, w), name: "y")
    let samples = Samples(["x": Tensor(generator.floats(40), shape: [20, 2])])
    let found = try CalibrationDiagnosis(of: Model(graph), samples: samples).findings.map(\.kind)
    #expect(!found.contains(.oneClass))
  }
}
