import Foundation
import SkiffBinary
import SkiffIR
import SkiffKeras
import SkiffNumPy
import SkiffTestSupport
import Testing

/// Models that other people made, against the outputs that Keras 3 or tf_keras computed (`Tests/Peers/keras_vectors.py`).
@Suite struct RealModelTests {
  static let moonflower = "moonflower-mnist/mnist_model.h5"
  static let moonflowerArchive = "moonflower-mnist/mnist_model.keras"
  static let wakeWords = "mlperf-tiny/training/visual_wake_words/trained_models/vww_96.h5"
  static let emotion = "fer/data/emotion_model.hdf5"
  static let deepcut = "deepcut/docs/model_lite.h5"
  static let all = [moonflower, moonflowerArchive, wakeWords, emotion, deepcut]

  private struct Expected: Decodable {
    let low: Float
    let high: Float
    let outputs: [Float]
    let spread: Double
  }

  @Test(.needsModels(moonflower, moonflowerArchive, wakeWords, emotion, deepcut), arguments: all)
  func outputsEqualTheFrameworks(name: String) throws {
    let fixture = Checkout.path("Tests/SkiffKerasTests/Fixtures/outputs.json")
    let all = try JSONDecoder().decode(
      [String: Expected].self, from: Data(contentsOf: URL(fileURLWithPath: fixture)))
    let expected = try #require(all[name])
    let graph = try graph(model(RealModel.path(name)))
    var inputs: [String: NumPyArray] = [:]
    for id in graph.inputs {
      let shape = try #require(graph[id].type?.shape)
      #expect(shape[0] == .symbol("batch"))
      let sizes = [3] + shape.dimensions.dropFirst().compactMap(\.fixed)
      var numbers = Self.numbers(sizes.reduce(1, *), from: expected.low, to: expected.high)
      if expected.high > 1 { numbers = numbers.map { $0.rounded(.down) } }
      inputs[graph[id].name] = try NumPyArray(numbers, shape: sizes)
    }
    let results = try run(graph, on: inputs)
    #expect(results.count == 1)
    let output = try #require(results.first?.value).floats()
    let difference = FloatDifference(output, from: expected.outputs)
    print("\(name): \(difference), peer's spread \(expected.spread)")
    #expect(difference.largestError <= max(1e-5 * difference.range, 2 * expected.spread), "\(difference)")
  }

  @Test(.needsModels(moonflower, moonflowerArchive, wakeWords, emotion, deepcut), arguments: all)
  func weightsAreNotCopied(name: String) throws {
    let path = try RealModel.path(name)
    let file = try ByteRegion(mapping: path)
    let graph = try graph(KerasModel(parsing: file, path: path))
    let start = try #require(file.withBytes { $0.baseAddress })
    for id in graph.constantIDs where graph[id].name.contains("/") {
      let bytes = try #require(graph[id].constant?.bytes)
      let address = try #require(bytes.withBytes { $0.baseAddress })
      #expect(address == start + bytes.offset, "\(graph[id].name)")
    }
  }

  /// Stages of sleep from sequences of any length, in which steps of −1 do not count.
  @Test(.needsPeer(.tf), .needsModels("sleepecg/classifiers/wrn-gru-mesa.zip"))
  func aClassifierOfMaskedSequencesEqualsKeras() throws {
    let archive = try Archive(
      parsing: ByteRegion(mapping: RealModel.path("sleepecg/classifiers/wrn-gru-mesa.zip")))
    let file = try #require(archive["classifier.keras"]).contents()
    let folder = try TemporaryFolder()
    let path = folder.path("classifier.keras")
    try file.withBytes { Data($0) }.write(to: URL(fileURLWithPath: path))
    let graph = try graph(model(path))
    let name = graph[graph.inputs[0]].name
    for steps in [1, 40, 173] {
      var generator = SeededGenerator(Seed(UInt64(steps)))
      var numbers = generator.floats(3 * steps * 36, in: -2...2)
      for step in 0..<3 * steps where step % 7 == 3 || step >= 3 * steps - steps / 2 {
        for place in step * 36..<(step + 1) * 36 { numbers[place] = -1 }
      }
      let input = try NumPyArray(numbers, shape: [3, steps, 36])
      let expected = try Peer.tf.outputs(of: path, under: "keras_run.py", inputs: [["0": input]])
      let output = try #require(try run(graph, on: [name: input]).first?.value)
      let wanted = try #require(expected[0]["0"])
      #expect(output.shape == wanted.shape)
      let difference = FloatDifference(try output.floats(), from: try wanted.elements(as: Float.self))
      #expect(difference.errorOfRange <= 1e-5, "\(steps): \(difference)")
    }
  }

  @Test(.needsModels(wakeWords, emotion)) func weightsOfOneModelDoNotFitAnother() throws {
    let emotion = try model(RealModel.path(Self.emotion))
    let path = try RealModel.path(Self.wakeWords)
    let other = try emotion.applyingWeights(of: ByteRegion(mapping: path), path: path)
    let error = #expect(throws: ModelError.self) { try graph(other) }
    #expect(error?.notes.contains { $0.contains("conv2d_1") } == true)
    #expect(try !graph(emotion.applyingWeights(of: emotion)).constantIDs.isEmpty)
  }

  /// The numbers of the peer's script: multiples of the golden ratio's fraction.
  private static func numbers(_ count: Int, from low: Float, to high: Float) -> [Float] {
    (0..<count).map { position in
      let word = UInt32(truncatingIfNeeded: UInt64(position) &* 2_654_435_769)
      return Float(Double(low) + Double(word) / 4_294_967_296 * Double(high - low))
    }
  }
}
