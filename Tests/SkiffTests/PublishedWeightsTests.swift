import Skiff
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// The visual wake words network of MLPerf Tiny, published in float and, by TensorFlow's converter, in int8.
@Suite struct PublishedWeightsTests {
  static let source = "mlperf-tiny/training/visual_wake_words/trained_models/vww_96.h5"
  static let published = "mlperf-tiny/training/visual_wake_words/trained_models/vww_96_int8.tflite"

  /// Scales may differ in the last bit, and where a bias would not fit, since ranges of activations differ.
  @Test(.needsModels(source, published)) func integersEqualThePublishedOnes() throws {
    let model = SourceModel(file: Self.source, range: 0...1)
    var quantization = Int8Quantization()
    // The converter of its time.
    quantization.fullyConnectedWeights = .perTensor
    var own = try model.model()
    try own.compress(.int8(calibratedOn: model.calibrationSamples(), quantization: quantization))
    let theirs = try weights(of: Model(contentsOf: RealModel.path(Self.published)).graph)
    let ours = try weights(of: own.graph)
    #expect(ours.count == 28 && theirs.count == 28)
    for (node, (a, b)) in zip(ours, theirs).enumerated() {
      let difference = IntegerDifference(a, from: b)
      #expect(difference.count == 0, "weights \(node): \(difference)")
    }
    #expect(ours.reduce(0) { $0 + $1.count } > 200_000)
  }

  /// The weights of convolutions and fully connected operators in the order in which they are computed.
  private func weights(of graph: Graph) throws -> [[Int]] {
    try graph.nodeIDs.filter {
      graph[$0].operator is Convolution || graph[$0].operator is FullyConnected
    }.map { id in
      let operand = try #require(graph[id].inputs[1])
      return try #require(graph[operand].constant).materialize().integers()
    }
  }
}
