import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

import SkiffTFLite

/// Products of 16-bit activations have sums of 32 bits beside a bias of 32, and else of 64: files say which.
@Suite struct BiasTypeTests {
  private static let products: [any Operator] = [
    FullyConnected(), Convolution().with(.last, \.layout), TransposedConvolution().with(.last, \.layout),
  ]

  @Test(.needsPeer(.check), arguments: products, [DataType.int32, .int64])
  func sumsHaveTheBitsOfTheBias(product: any Operator, biasType: DataType) throws {
    var random = SeededGenerator(Seed(0xb1a5))
    let isFlat = product is FullyConnected
    let scales: [Float] = [0.011, 0.023, 0.0071]
    let input: Float = 1 / 4096
    var graph = Graph(name: "test")
    let x = graph.addInput(
      "x",
      TensorType(
        .int16, isFlat ? [2, 12] : [2, 6, 5, 4],
        quantization: QuantizationParameters(scale: input, zeroPoint: 0)))
    let sizes = isFlat ? [3, 12] : [3, 3, 3, 4]
    let weights = try Tensor(
      integers: (0..<sizes.reduce(1, *)).map { _ in Int.random(in: -127...127, using: &random) }, as: .int8,
      shape: sizes
    ).quantized(with: QuantizationParameters(scales: scales, axis: 0))
    let bias = try Tensor(integers: [12_345, -40_000, 7], as: biasType, shape: [3])
      .quantized(with: QuantizationParameters(scales: scales.map { $0 * input }, axis: 0))
    let shape: Shape =
      isFlat ? [2, 3] : product is TransposedConvolution ? [2, 8, 7, 3] : [2, 4, 3, 3]
    let result = TensorType(
      .int16, shape, quantization: QuantizationParameters(scale: 1 / 128, zeroPoint: 0))
    let y = try graph.addNode(
      product, [x, graph.addConstant(weights), graph.addConstant(bias)], types: [result])[0]
    graph.addOutput(y, name: "y")
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    try Runs.write(graph, to: path)
    let inputs = try Runs.inputs(graph, count: 8, seed: Seed(7))
    let theirs = try Runs.peerOutputs(path, graph, inputs)
    for resolver in ["BUILTIN_REF", "BUILTIN"] {
      // What the file says is the same again when it is read and written.
      let again = folder.path("again.tflite")
      try Runs.write(Runs.graph(path).graph, to: again)
      try expectClose(
        Runs.outputs(graph, inputs), Runs.peerOutputs(again, graph, inputs, resolver: resolver), 0, resolver)
    }
    try expectClose(Runs.outputs(graph, inputs), theirs, 0)
    try expectClose(Runs.outputs(Runs.graph(path).graph, inputs), theirs, 0, "read back")
  }
}
