import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

import SkiffTFLite

/// Operators on unsigned bytes, as older converters wrote them: bit for bit LiteRT's.
@Suite struct UnsignedTests {
  private struct Draw {
    var random: SeededGenerator

    mutating func scale() -> Float { Float(random.logUniform(in: 0.002...0.5)) }

    mutating func type(_ shape: [Int], scale: Float? = nil, zero: Int? = nil) -> TensorType {
      TensorType(
        .uint8, Shape(shape),
        quantization: QuantizationParameters(
          scale: scale ?? self.scale(), zeroPoint: zero ?? Int.random(in: 0...255, using: &random)))
    }

    mutating func constant(_ type: TensorType, _ range: ClosedRange<Int>) throws -> Constant {
      let integers = random.integers(type.shape.elementCount ?? 0, in: range)
      return Constant(
        try Tensor(integers: integers, as: type.dataType, shape: type.shape.fixed ?? []).quantized(
          with: type.quantization))
    }
  }

  private func check(_ make: (inout Graph, inout Draw) throws -> ValueID, _ seed: Seed) throws {
    var draw = Draw(random: SeededGenerator(seed))
    for _ in 0..<20 {
      var graph = Graph()
      graph.addOutput(try make(&graph, &draw), name: "y")
      let folder = try TemporaryFolder()
      try Runs.write(graph, to: folder.path("model.tflite"))
      let inputs = try Runs.inputs(graph, count: 8, seed: seed)
      try expectClose(
        Runs.outputs(graph, inputs), Runs.peerOutputs(folder.path("model.tflite"), graph, inputs), 0)
    }
  }

  /// A product with weights and a bias that is scaled to about the range of the result.
  private func product(
    _ operation: any Operator, _ input: [Int], _ weights: [Int], _ output: [Int], _ graph: inout Graph,
    _ draw: inout Draw
  ) throws -> ValueID {
    let inputType = draw.type(input)
    let weightType = draw.type(weights)
    let (a, b) = (inputType.quantization?.scales[0] ?? 1, weightType.quantization?.scales[0] ?? 1)
    let x = graph.addInput("x", inputType)
    let w = graph.addConstant(try draw.constant(weightType, 0...255))
    let biasType = TensorType(
      .int32, Shape([weights[0]]), quantization: QuantizationParameters(scale: a * b, zeroPoint: 0))
    let bias = graph.addConstant(try draw.constant(biasType, -20000...20000))
    let depth = Float(weights.dropFirst().reduce(1, *))
    return try graph.addNode(
      operation, [x, w, bias], types: [draw.type(output, scale: a * b * 80 * depth.squareRoot())])[0]
  }

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func convolutions(seed: Seed) throws {
    try check(
      { graph, draw in
        var convolution = Convolution()
        convolution.layout = .last
        convolution.padding = .sameUpper
        convolution.strides = [2, 1]
        convolution.activation = [.none, .relu, .relu6].randomElement(using: &draw.random) ?? .none
        return try product(convolution, [2, 5, 6, 3], [4, 3, 3, 3], [2, 3, 6, 4], &graph, &draw)
      }, seed)
  }

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func depthwiseConvolutions(seed: Seed) throws {
    try check(
      { graph, draw in
        var convolution = Convolution()
        convolution.layout = .last
        convolution.padding = .sameUpper
        convolution.strides = [1, 2]
        convolution.groups = 4
        convolution.activation = .relu6
        return try product(convolution, [1, 5, 6, 4], [4, 3, 3, 1], [1, 5, 3, 4], &graph, &draw)
      }, seed)
  }

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func fullyConnected(seed: Seed) throws {
    try check(
      { graph, draw in try product(FullyConnected(), [3, 10], [5, 10], [3, 5], &graph, &draw) }, seed)
  }

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func means(seed: Seed) throws {
    try check(
      { graph, draw in
        var pool = AveragePool()
        pool.layout = .last
        pool.padding = .sameUpper
        pool.size = [2, 4]
        pool.strides = [1, 2]
        let type = draw.type([2, 5, 6, 3])
        let x = graph.addInput("x", type)
        return try graph.addNode(
          pool, [x], types: [TensorType(.uint8, [2, 5, 3, 3], quantization: type.quantization)])[0]
      }, seed)
  }

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func softmax(seed: Seed) throws {
    try check(
      { graph, draw in
        let x = graph.addInput("x", draw.type([3, 9]))
        return try graph.addNode(
          Softmax(axis: -1), [x], types: [draw.type([3, 9], scale: 1 / 256, zero: 0)])[0]
      }, seed)
  }
}
