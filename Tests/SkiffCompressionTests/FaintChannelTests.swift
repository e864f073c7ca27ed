import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Channels of almost no weights, as trained networks have them, whose results are their biases.
@Suite struct FaintChannelTests {
  @Test(arguments: [Int8Quantization.Activations.int8, .int16])
  func biasesAreKept(activations: Int8Quantization.Activations) throws {
    var random = SeededGenerator(Seed(5))
    for faintness in [1e-3, 1e-6, 1e-9, 1e-20, 0] as [Float] {
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.float32, [1, 4, 4, 3]))
      var convolution = Convolution()
      (convolution.layout, convolution.activation) = (.last, .relu)
      let weights = random.floats(4 * 3).enumerated().map { $0 / 3 == 1 ? $1 * faintness : $1 }
      let y = try graph.add(
        convolution, x, graph.addConstant(Tensor(weights, shape: [4, 1, 1, 3])),
        graph.addConstant(Tensor([0.1, 8, 0.3, 2] as [Float], shape: [4])))
      graph.addOutput(y, name: "y")
      let samples = (0..<8).map { _ in ["x": Tensor(random.floats(48), shape: [1, 4, 4, 3])] }
      var options = Int8Quantization()
      options.activations = activations
      let (quantized, _) = try options.apply(to: graph, calibration: Calibration(graph, samples: samples))
      for sample in samples {
        let wanted = try #require(Session(Plan(graph)).run(sample)["y"]).floats()
        let found = try #require(Session(Plan(quantized)).run(sample)["y"]).floats()
        // A step of the result and one of the weights, whose range that of the bias decides.
        let bound: Float = activations == .int16 ? 0.02 : 0.1
        #expect(zip(wanted, found).allSatisfy { abs($0 - $1) < bound }, "\(faintness)")
      }
    }
  }
}
