import Skiff
import SkiffOperators
import SkiffTestSupport
import Testing

/// A model that remembers, through the layout pass, quantization and files.
@Suite struct StatefulModelTests {
  /// `s ← relu(conv(x) + s / 2)`, with the channels first, and the mean of `s` as its output.
  private func model() throws -> Model {
    var random = SeededGenerator(Seed(9))
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 6, 6]))
    let state = graph.addState(
      "memory", initial: Constant(Tensor([Float](repeating: 0.5, count: 144), shape: [1, 4, 6, 6])))
    var convolution = Convolution()
    convolution.padding = .sameUpper
    let weights = graph.addConstant(Tensor(random.floats(108), shape: [4, 3, 3, 3]))
    let features = try graph.add(convolution, x, weights)
    let half = graph.addConstant(Tensor([0.5] as [Float], shape: []))
    let sum = try graph.add(Add(), features, graph.add(Multiply(), state, half))
    let next = try graph.add(Relu(), sum, outputName: "next")
    graph.setNext(of: state, to: next)
    graph.addOutput(try graph.add(ReduceMean(axes: [2, 3], keepsDimensions: false), next), name: "y")
    return try Model(graph)
  }

  private func samples() -> Samples {
    var random = SeededGenerator(Seed(3))
    return Samples(["x": Tensor(random.floats(24 * 108), shape: [24, 3, 6, 6])])
  }

  @Test func whatIsLeftCounts() throws {
    let zeros = Samples(["x": Tensor([Float](repeating: 0, count: 216), shape: [2, 3, 6, 6])])
    #expect(
      try model().outputs(for: zeros)[0].tensor.floats() == [
        0.25, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.125,
      ])
  }

  @Test(arguments: ["skiff", "tflite"], [false, true])
  func whatIsWrittenRemembersTheSame(ending: String, isQuantized: Bool) throws {
    var model = try model()
    let expected = try model.outputs(for: samples())[0].tensor
    if isQuantized { try model.compress(.int8(calibratedOn: samples())) }
    let folder = try TemporaryFolder()
    let path = folder.path("model.\(ending)")
    try model.write(to: path)
    let certificate = try Certificate(of: model, writtenTo: path, samples: samples())
    #expect(certificate.holds, "\(certificate.failures)")
    let read = try Model(contentsOf: path)
    #expect(read.graph.states.count == 1)
    let found = try read.outputs(for: samples())[0].tensor
    let error = try zip(found.floats(), expected.floats()).map { abs($0 - $1) }.max() ?? 1
    #expect(error < (isQuantized ? 0.1 : 1e-5), "\(error)")
  }
}
