import Skiff
import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// A certificate tells rounding from errors also where a network makes much of small differences.
@Suite struct SensitivityTests {
  /// Pairs of nearly equal sums, of which the differences are multiplied by `gain`.
  private static func model(gain: Float) throws -> Model {
    var generator = SeededGenerator(Seed(3))
    var (first, second) = ([Float](repeating: 0, count: 64 * 64), [Float](repeating: 0, count: 64 * 8))
    for row in 0..<64 {
      for pair in 0..<32 {
        let weight = generator.floats(1)[0]
        first[row * 64 + 2 * pair] = weight
        first[row * 64 + 2 * pair + 1] = weight + generator.floats(1, in: -1e-3...1e-3)[0]
      }
    }
    for pair in 0..<32 {
      for column in 0..<8 {
        let weight = gain * generator.floats(1)[0]
        second[2 * pair * 8 + column] = weight
        second[(2 * pair + 1) * 8 + column] = -weight
      }
    }
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [16, 64]))
    let sums = try graph.addNode(MatrixMultiply(), [x, graph.addConstant(Tensor(first, shape: [64, 64]))])[0]
    let y = try graph.addNode(MatrixMultiply(), [sums, graph.addConstant(Tensor(second, shape: [64, 8]))])[0]
    graph.addOutput(y, name: "y")
    return try Model(graph)
  }

  @Test func roundingIsNoError() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.skiff")
    var model = try Self.model(gain: 1e4)
    try model.write(to: path)
    var thresholds = Certificate.Thresholds()
    thresholds.relativeError = 1e-6
    let certificate = try Certificate(of: model, writtenTo: path, thresholds: thresholds)
    #expect(certificate.comparison.outputs[0].relativeError > 1e-6)
    #expect(certificate.holds, "\(certificate.failures)")
    let moved = try #require(certificate.sensitivities["y"])
    #expect(moved > 1e-6 && moved < 1e-2)
  }

  @Test func anErrorIsNoRounding() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    var model = try Self.model(gain: 1e4)
    var options = WritingOptions()
    options.storesFloat16 = true
    try model.write(to: path, options: options)
    let certificate = try Certificate(of: model, writtenTo: path, options: options)
    #expect(!certificate.holds)
  }

  @Test func otherNetworksAreNotAsked() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.skiff")
    var model = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
    try model.write(to: path)
    let certificate = try Certificate(of: model, writtenTo: path)
    #expect(certificate.holds && certificate.sensitivities.isEmpty)
  }
}
