import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Models in real numbers of 16 and 64 bits are written and quantized for runtimes that have kernels for 32 bits.
@Suite struct OtherRealsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let type: DataType
    let options: [String]
    /// How far results may be from the source's: it rounds to 11 bits after every operator.
    var bound: Double { type == .float16 ? 0.01 : 1e-5 }
    var testDescription: String { "\(type) \(options)" }
  }

  static let cases = [
    Case(type: .float16, options: ["float16"]),
    Case(type: .float16, options: ["float16", "--keep-interface"]),
    Case(type: .float64, options: ["double"]),
  ]

  @Test(.needsPeer(.check), arguments: cases) func areComputedIn32Bits(_ test: Case) throws {
    let folder = try TemporaryFolder()
    let (source, lite) = (folder.path("source.onnx"), folder.path("model.tflite"))
    try Peer.check.run("onnx_retype.py", [TestModel.path("torch.opset17.onnx"), source] + test.options)
    var model = try Model(contentsOf: source)
    try model.write(to: lite)
    #expect(model.warnings.contains { $0.message.contains("64 bits") } == (test.type == .float64))
    let written = try Model(contentsOf: lite)
    for (own, other) in zip(model.source.inputs, written.source.inputs) {
      #expect(model.source[own].type?.dataType == written.source[other].type?.dataType)
    }
    for (own, other) in zip(model.source.outputs, written.source.outputs) {
      #expect(model.source[own.value].type?.dataType == written.source[other.value].type?.dataType)
    }
    let weights = written.source.constantIDs.compactMap { written.source[$0].type }
      .filter { $0.dataType.isFloatingPoint }
    let stored = test.type == .float16 ? DataType.float16 : .float32
    #expect(!weights.isEmpty && weights.allSatisfy { $0.dataType == stored })

    let sets = try sets(for: model)
    let found = try written.results(of: sets)
    // ONNX Runtime has no convolution of 64 bits.
    let isWide = test.type == .float64
    let expected = try Peer.check.results(
      of: isWide ? TestModel.path("torch.opset17.onnx") : source, under: "ort_run.py", options: [],
      isWide ? sets.map { try $0.mapValues { try $0.cast(to: .float32) } } : sets)
    let peers = try Peer.check.liteRTResults(of: lite, sets)
    for (index, run) in found.enumerated() {
      let scores = try #require(run["scores"])
      for (other, bound) in [(expected[index], test.bound), (peers[index], 1e-3)] {
        let difference = FloatDifference(scores, from: try #require(other["scores"]))
        #expect(difference.errorOfRange < bound, "\(difference)")
      }
    }
    let certificate = try Certificate(of: model, writtenTo: lite)
    #expect(certificate.holds && !certificate.isLowerPrecision, "\(certificate.failures)")
  }

  @Test(.needsPeer(.check), arguments: cases) func areQuantized(_ test: Case) throws {
    let folder = try TemporaryFolder()
    let source = folder.path("source.onnx")
    try Peer.check.run("onnx_retype.py", [TestModel.path("torch.opset17.onnx"), source] + test.options)
    var model = try Model(contentsOf: source)
    let samples = try Samples(contentsOf: TestModel.path("calibration.nchw.npz"))
    let report = try model.compress(.int8(calibratedOn: samples))
    #expect(report.floatNodes.allSatisfy { $0.reason.hasPrefix("Cast ") }, "\(report)")
    let lite = folder.path("model.tflite")
    try model.write(to: lite)
    let sets = try sets(for: model)
    let ours = try Model(contentsOf: lite).results(of: sets)
    #expect(try ours == Peer.check.liteRTResults(of: lite, sets))
    let certificate = try Certificate(of: model, writtenTo: lite, samples: samples)
    #expect(certificate.holds && certificate.isLowerPrecision, "\(certificate.failures)")
  }

  /// Some images in the type of the model's input.
  private func sets(for model: Model) throws -> [[String: Tensor]] {
    let images = try TestModel.testImages(channelsLast: false)
    let type = try #require(model.source[model.source.inputs[0]].type).dataType
    let size = images.bytes.count / images.shape[0]
    return try (0..<20).map { index in
      let image = try Tensor(
        .float32, shape: [1] + images.shape.dropFirst(),
        bytes: images.bytes.slice(offset: index * size, count: size))
      return ["image": try image.cast(to: type)]
    }
  }
}
