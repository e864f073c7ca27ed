import Skiff
import SkiffBinary
import SkiffCompression
import SkiffEdge
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import SkiffTFLite
import Testing

/// Real models quantized to int8, with activations of 8 and 16 bits: LiteRT's reference kernels and Skiff compute the same numbers, to the bit.
@Suite struct IntegerConversionTests {
  static let sources = [
    SourceModel(
      file: RealModelConversion.keywordModel, range: -100...100,
      calibration: { try RealModelConversion.keywords().model.samples(0..<100) }),
    SourceModel(
      file: "moonflower-mnist/mnist_model.h5", range: 0...1,
      calibration: { Samples(["input_layer": try Digits.images(0..<100, scale: 1 / 255)]) }),
    SourceModel(file: PublishedWeightsTests.source, range: 0...1),
    FloatConversionTests.classifier,
    SourceModel(
      file: FloatConversionTests.digits.file, range: 0...255,
      calibration: {
        let images = try Digits.images(0..<100)
        return Samples(["Input3": try Tensor(.float32, shape: [100, 1, 28, 28], bytes: images.bytes)])
      }),
  ]

  @Test(
    .needsPeer(.check), .needsModels(sources.map(\.file) + [Digits.imagesFile]), arguments: sources,
    [Int8Quantization.Activations.int8, .int16])
  func everyElementIsLiteRTs(source: SourceModel, activations: Int8Quantization.Activations) throws {
    let folder = try TemporaryFolder()
    let path = (lite: folder.path("model.tflite"), edge: folder.path("model.skiff"))
    var model = try source.model()
    var quantization = Int8Quantization()
    quantization.activations = activations
    let report = try model.compress(
      .int8(calibratedOn: source.calibrationSamples(), quantization: quantization))
    #expect(report.floatNodes.isEmpty, "\(report)")
    try model.write(to: path.lite)
    try model.write(to: path.edge)
    let sets = try source.inputs(100)
    let expected = try Peer.check.liteRTResults(of: path.lite, sets)
    for file in [path.lite, path.edge] {
      let differing = try zip(Model(contentsOf: file).results(of: sets), expected).count { $0 != $1 }
      #expect(differing == 0, "\(file): \(differing) of \(sets.count) inputs")
    }
    try expectRoundTrips(path.lite, path.edge, folder)
  }

  /// Both files read and written again: the same bytes, the same meaning.
  private func expectRoundTrips(_ lite: String, _ edge: String, _ folder: TemporaryFolder) throws {
    var again = try Model(contentsOf: edge)
    try again.write(to: folder.path("again.skiff"))
    #expect(try ByteRegion(mapping: edge) == ByteRegion(mapping: folder.path("again.skiff")))
    let first = try Model(contentsOf: lite)
    var second = first
    try second.write(to: folder.path("again.tflite"))
    let digests = try [first, Model(contentsOf: folder.path("again.tflite"))].map {
      try $0.graph.semanticDigest()
    }
    #expect(digests[0] == digests[1])
  }
}
