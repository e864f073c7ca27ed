import Skiff
import SkiffBinary
import SkiffCompression
import SkiffEdge
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import SkiffTFLite
import Testing

/// Real models quantized to int8, with activations of 8 bits, with and without zero points, and 16: LiteRT's reference kernels and Skiff compute the same numbers, to the bit.
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
    [
      IntegerMode(activations: .int8), IntegerMode(activations: .int16),
      IntegerMode(activations: .int8, isSymmetric: true),
    ])
  func everyElementIsLiteRTs(source: SourceModel, mode: IntegerMode) throws {
    let folder = try TemporaryFolder()
    let path = (lite: folder.path("model.tflite"), edge: folder.path("model.skiff"))
    var model = try source.model()
    let report = try model.compress(
      .int8(calibratedOn: source.calibrationSamples(), quantization: mode.quantization))
    #expect(report.floatNodes.isEmpty, "\(report)")
    if mode.isSymmetric { expectSymmetric(model.graph) }
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

  /// No zero points but for what TensorFlow Lite fixes, and what only moves.
  private func expectSymmetric(_ graph: Graph) {
    var fixed: Set<ValueID> = []
    for id in graph.nodeIDs {
      let node = graph[id]
      let movesFixed = node.operator is any DataMovement && node.inputs.first?.map(fixed.contains) == true
      if node.operator is Softmax || node.operator is Sigmoid || movesFixed { fixed.formUnion(node.outputs) }
      for output in node.outputs where !fixed.contains(output) {
        let zeroPoints = graph[output].type?.quantization?.zeroPoints ?? []
        #expect(zeroPoints.allSatisfy { $0 == 0 }, "\(node.location): \(zeroPoints)")
      }
    }
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
