import Skiff
import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// A certificate tells rounding from errors also where a network makes much of small differences.
@Suite struct SensitivityTests {
  /// Pairs of sums whose weights differ so much, of which the differences are multiplied by `gain`.
  private static func model(gain: Float, difference: Float = 1e-3) throws -> Model {
    var generator = SeededGenerator(Seed(3))
    var (first, second) = ([Float](repeating: 0, count: 64 * 64), [Float](repeating: 0, count: 64 * 8))
    for row in 0..<64 {
      for pair in 0..<32 {
        let weight = generator.floats(1)[0]
        first[row * 64 + 2 * pair] = weight
        first[row * 64 + 2 * pair + 1] = weight + generator.floats(1, in: -difference...difference)[0]
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
    var model = try Self.model(gain: 1e4, difference: 2e-5)
    try model.write(to: path)
    let certificate = try Certificate(of: model, writtenTo: path)
    #expect(certificate.comparison.outputs[0].relativeError > 1e-4)
    #expect(certificate.holds, "\(certificate.failures)")
    let moved = try #require(certificate.sensitivities["y"])
    #expect(moved > 1e-4, "\(moved)")
  }

  /// Who asks for less than the usual error gets it.
  @Test func aBoundOfTheirOwnIsKept() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.skiff")
    var model = try Self.model(gain: 1e4)
    try model.write(to: path)
    var thresholds = Certificate.Thresholds()
    thresholds.relativeError = 1e-7
    let certificate = try Certificate(of: model, writtenTo: path, thresholds: thresholds)
    #expect(certificate.comparison.outputs[0].relativeError > 1e-7 && !certificate.holds)
  }

  /// Equal are two outputs without a number too, which says nothing of the file.
  @Test func outputsThatAreNoNumbersShowNothing() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.skiff")
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [3]))
    let less = try graph.add(Subtract(), x, graph.addConstant(Tensor(scalar: Float(1e6))))
    graph.addOutput(try graph.add(Sqrt(), less), name: "y")
    graph.addOutput(try graph.add(Relu(), x), name: "z")
    var model = try Model(graph)
    try model.write(to: path)
    let certificate = try Certificate(of: model, writtenTo: path)
    #expect(certificate.failures.count == 1 && certificate.failures[0].hasPrefix("output 'y'"))
    let samples = Samples(["x": Tensor([1e6, 2e6, 3e6] as [Float], shape: [3])])
    #expect(try Certificate(of: model, writtenTo: path, samples: samples).holds)
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
