import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct Int8QuantizationTests {
  /// `relu(conv(x)) · w`, channels last.
  private func network(_ generator: inout SeededGenerator) throws -> Graph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 6, 6, 2]))
    var convolution = Convolution()
    convolution.layout = .last
    convolution.activation = .relu
    let w = graph.addConstant(Tensor(generator.floats(4 * 9 * 2), shape: [4, 3, 3, 2]))
    let b = graph.addConstant(Tensor(generator.floats(4), shape: [4]))
    let y = try graph.add(convolution, x, w, b)
    var pool = AveragePool()
    (pool.layout, pool.size) = (.last, [4, 4])
    let flat = try graph.add(
      Reshape(), graph.add(pool, y), graph.addConstant(Tensor([1, 4] as [Int64], shape: [2])))
    let dense = graph.addConstant(Tensor(generator.floats(12), shape: [3, 4]))
    graph.addOutput(try graph.add(FullyConnected(), flat, dense), name: "y")
    return graph
  }

  private func samples(_ generator: inout SeededGenerator) -> [[String: Tensor]] {
    (0..<20).map { _ in ["x": Tensor(generator.floats(72), shape: [1, 6, 6, 2])] }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func everyNodeBetweenTheConversionsComputesWithIntegers(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let graph = try network(&generator)
    let samples = samples(&generator)
    let calibration = try Calibration(graph, samples: samples)
    let (quantized, report) = try Int8Quantization().apply(to: graph, calibration: calibration)
    #expect(report.floatNodes.isEmpty)
    #expect(
      quantized.nodeIDs.map { type(of: quantized[$0].operator).name } == [
        "Quantize", "Convolution", "AveragePool", "Reshape", "FullyConnected", "Dequantize",
      ])
    let worst = WorstError(graph, quantized, calibration.ranges)
    let input = try worst.rounding(of: quantized.nodeIDs[0])
    let pooled =
      try #require(worst.afterProducts(of: 0, by: 1, input).max()) + worst.rounding(of: quantized.nodeIDs[2])
    let bounds = try worst.afterProducts(of: 3, by: 4, pooled)
    let (plain, integer) = (Session(try Plan(graph)), Session(try Plan(quantized)))
    for sample in samples {
      let (a, b) = (try plain.run(sample)["y"]?.floats() ?? [], try integer.run(sample)["y"]?.floats() ?? [])
      #expect(a.indices.allSatisfy { abs(a[$0] - b[$0]) <= bounds[$0] * 1.0001 }, "\(a) \(b) \(bounds)")
    }
  }

  /// Boxes in pixels beside scores from 0 to 1, as detectors return them.
  @Test(arguments: [Float(1), 300], [true, false])
  func partsOfAnOutputWithOtherRangesStayReal(greatest: Float, returnsReals: Bool) throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 8]))
    let boxes = try graph.add(Multiply(), x, graph.addConstant(Tensor(scalar: greatest)))
    let joined = try graph.addNode(Concat(axis: 1), [boxes, graph.add(Sigmoid(), x)])[0]
    graph.addOutput(try graph.add(Transpose([1, 0]), joined), name: "y")
    var generator = SeededGenerator(Seed(4))
    let samples = (0..<20).map { _ in ["x": Tensor(generator.floats(8), shape: [1, 8])] }
    var options = Int8Quantization()
    options.quantizesOutputs = !returnsReals
    let calibration = try Calibration(graph, samples: samples)
    let (quantized, report) = try options.apply(to: graph, calibration: calibration)
    let isUneven = greatest == 300 && returnsReals
    #expect(report.floatNodes.count == (isUneven ? 2 : 0))
    guard returnsReals else { return }
    let (plain, integer) = (Session(try Plan(graph)), Session(try Plan(quantized)))
    for sample in samples {
      let scores = try [plain, integer].map { try $0.run(sample)["y"]?.floats().suffix(8) ?? [] }
      #expect(zip(scores[0], scores[1]).allSatisfy { abs($0 - $1) < 0.02 })
    }
  }

  @Test func theInterfaceCanBeIntegers() throws {
    var generator = SeededGenerator(Seed(2))
    let graph = try network(&generator)
    var options = Int8Quantization()
    (options.quantizesInputs, options.quantizesOutputs) = (true, true)
    let (quantized, _) = try options.apply(
      to: graph, calibration: Calibration(graph, samples: samples(&generator)))
    #expect(quantized[quantized.inputs[0]].type?.dataType == .int8)
    #expect(quantized[quantized.outputs[0].value].type?.dataType == .int8)
    #expect(quantized.nodeIDs.count == 4)
  }

  /// `relu(x + c) · softmax(relu(x + c))`, and what is left of it when `x` is taken off.
  private func gated(_ x: ValueID, _ constant: ValueID, _ graph: inout Graph) throws {
    var relu = Add()
    relu.activation = .relu
    let sum = try graph.add(relu, x, constant)
    let product = try graph.add(Multiply(), sum, graph.add(Softmax(), sum))
    graph.addOutput(try graph.add(Subtract(), product, x), name: "y")
  }

  /// The zero points of all integers that are computed, -128 only for what a softmax gives.
  private func expectSymmetric(_ graph: Graph) {
    var count = 0
    for value in graph.inputs + graph.nodeIDs.flatMap({ graph[$0].outputs }) {
      guard let type = graph[value].type, let parameters = type.quantization else { continue }
      count += 1
      let isFixed = type.dataType == .int8 && graph.producer(of: value)?.operator is Softmax
      #expect(parameters.zeroPoints == [isFixed ? -128 : 0], "\(graph[value].name) \(type)")
    }
    #expect(count >= 5)
  }

  private func positive(_ generator: inout SeededGenerator) -> [[String: Tensor]] {
    (0..<20).map { _ in ["x": Tensor(generator.floats(8, in: 0...0.4), shape: [1, 8])] }
  }

  /// Zero points are those of what TensorFlow Lite fixes, and of nothing else: not of inputs, outputs, constants, or what the source
  /// rounds itself.
  @Test(arguments: [false, true]) func symmetricActivationsHaveNoZeroPoint(roundsItself: Bool) throws {
    var graph = Graph()
    let own = QuantizationParameters(scale: 1 / 64, zeroPoint: -100)
    var x = graph.addInput("x", TensorType(.float32, [1, 8]))
    if roundsItself {
      var rounding = Quantize()
      rounding.dataType = .int8
      x = try graph.add(
        Dequantize(), graph.add(rounding, x, type: TensorType(.int8, [1, 8], quantization: own)))
    }
    let stored = Tensor([0, 1, 2, 3, 4, 5, 6, 7] as [Int8], shape: [1, 8], quantization: own)
    let constant = graph.addConstant(try Constant(stored).transformed(by: .dequantize))
    try gated(x, constant, &graph)
    var generator = SeededGenerator(Seed(7))
    let samples = positive(&generator)
    var options = Int8Quantization()
    (options.hasSymmetricActivations, options.quantizesInputs, options.quantizesOutputs) = (true, true, true)
    let calibration = try Calibration(graph, samples: samples, estimation: .minMax, isSymmetric: true)
    let (quantized, report) = try options.apply(to: graph, calibration: calibration)
    #expect(report.floatNodes.isEmpty)
    expectSymmetric(quantized)
    let constants = quantized.constantIDs.compactMap { quantized[$0].type?.quantization }
    #expect(constants.map(\.zeroPoints) == [[0]])
    // The end that is farther from 0 counts; what the source rounds reaches from -28 to 227 of its steps.
    let input = try #require(quantized[quantized.inputs[0]].type?.quantization?.scales.first)
    let output = try #require(quantized[quantized.outputs[0].value].type?.quantization?.scales.first)
    let ranges = try [graph.inputs[0], graph.outputs[0].value].map { try #require(calibration.ranges[$0]) }
    #expect(input == (roundsItself ? 227 / 64 : ranges[0].upperBound) / 127)
    #expect(output == max(ranges[1].upperBound, -ranges[1].lowerBound) / 127)
    let (plain, integer) = (Session(try Plan(graph)), Session(try Plan(quantized)))
    for sample in samples {
      let given = try #require(sample["x"]).floats().map { Int8(($0 / input).rounded()) }
      let taken = Tensor(given, shape: [1, 8], quantization: .init(scale: input, zeroPoint: 0))
      let wanted = try #require(plain.run(sample)["y"]).floats()
      let found = try #require(integer.run(["x": taken])["y"]).dequantized().floats()
      for (a, b) in zip(wanted, found) { #expect(abs(a - b) < 0.05, "\(wanted) \(found)") }
    }
  }

  /// Also those of 8 bits among 16.
  @Test func symmetricActivationsCanBeExceptions() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 8]))
    let constant = graph.addConstant(Tensor([0, 1, 2, 3, 4, 5, 6, 7] as [Float], shape: [1, 8]))
    try gated(x, constant, &graph)
    var options = Int8Quantization()
    (options.activations, options.hasSymmetricActivations) = (.int16, true)
    options.exceptions = [.operators("Add"): .int8, .operators("Softmax"): .int8]
    var generator = SeededGenerator(Seed(7))
    let samples = positive(&generator)
    let (quantized, report) = try options.apply(
      to: graph, calibration: Calibration(graph, samples: samples, isSymmetric: true))
    #expect(report.floatNodes.isEmpty && report.otherNodes == 2)
    expectSymmetric(quantized)
  }

  @Test func symmetricActivationsAreNotDynamic() throws {
    var generator = SeededGenerator(Seed(2))
    var options = Int8Quantization()
    (options.activations, options.hasSymmetricActivations) = (.dynamic, true)
    let error = #expect(throws: ModelError.self) {
      try options.applyDynamically(to: network(&generator), inputShapes: [:])
    }
    #expect(error?.message.contains("the zero point of each run") == true)
  }

  @Test func anExcludedNodeStaysFloatBetweenConversions() throws {
    var generator = SeededGenerator(Seed(2))
    var graph = try network(&generator)
    let dense = try #require(graph.nodeIDs.last)
    graph.setOrigins(of: dense, to: [], name: "dense")
    var options = Int8Quantization()
    options.excludedNodes = ["dense"]
    let (quantized, report) = try options.apply(
      to: graph, calibration: Calibration(graph, samples: samples(&generator)))
    #expect(report.floatNodes.map(\.reason) == ["it is excluded"])
    #expect(
      quantized.nodeIDs.suffix(2).map { type(of: quantized[$0].operator).name } == [
        "Dequantize", "FullyConnected",
      ])
  }

  @Test func samplesThatProveNothingAreRefused() throws {
    var generator = SeededGenerator(Seed(2))
    let graph = try network(&generator)
    #expect(throws: ModelError.self) { try Calibration(graph, samples: []) }
    let broken = Tensor([Float](repeating: .nan, count: 72), shape: [1, 6, 6, 2])
    #expect(throws: ModelError.self) { try Calibration(graph, samples: [["x": broken]]) }
    let constant = Tensor([Float](repeating: 1, count: 72), shape: [1, 6, 6, 2])
    #expect(try Calibration(graph, samples: [["x": constant]]).warnings.count == 1)
  }

  @Test func aChannelOfZerosKeepsItsBias() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 2]))
    let w = graph.addConstant(Tensor([0, 0, 1, -1] as [Float], shape: [2, 2]))
    let b = graph.addConstant(Tensor([0.75, 0] as [Float], shape: [2]))
    graph.addOutput(try graph.add(FullyConnected(), x, w, b), name: "y")
    let samples = [["x": Tensor([1, -1] as [Float], shape: [1, 2])]]
    let (quantized, _) = try Int8Quantization().apply(
      to: graph, calibration: Calibration(graph, samples: samples))
    let y = try Session(Plan(quantized)).run(samples[0])["y"]?.floats() ?? []
    #expect(abs(y[0] - 0.75) < 0.01 && abs(y[1] - 2) < 0.02, "\(y)")
  }

  @Test func scalesOfAResizeStayReal() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 3, 2]))
    var resize = Resize()
    (resize.coordinates, resize.rounding) = (.asymmetric, .floor)
    let scales = graph.addConstant(Tensor([1, 2, 2, 1], shape: [4]))
    graph.addOutput(try graph.add(resize, x, nil, scales), name: "y")
    let sample = try Tensor(seed: 4, .float32, shape: [1, 3, 3, 2])
    let calibration = try Calibration(graph, samples: [["x": sample]])
    let (quantized, report) = try Int8Quantization().apply(to: graph, calibration: calibration)
    #expect(report.quantizedNodes == 1)
    let result = try #require(Session(Plan(quantized)).run(["x": sample])["y"])
    #expect(result.shape == [1, 6, 6, 2])
    let wanted = try #require(Session(Plan(graph)).run(["x": sample])["y"])
    #expect(zip(try result.floats(), try wanted.floats()).allSatisfy { abs($0 - $1) < 0.02 })
  }

  /// A scale that is not the ratio of the sizes has no form in integers, nor has padding other than SAME or VALID.
  @Test func whatTensorFlowLiteCannotSayStaysReal() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 4, 2]))
    var resize = Resize()
    (resize.mode, resize.coordinates) = (.linear, .asymmetric)
    let scales = graph.addConstant(Tensor([1, 1.4, 1.4, 1], shape: [4]))
    var pool = AveragePool()
    (pool.layout, pool.size, pool.strides, pool.pads) = (.last, [3, 3], [2, 2], [1, 1, 1, 1])
    graph.addOutput(try graph.add(resize, x, nil, scales), name: "a")
    graph.addOutput(try graph.add(pool, x), name: "b")
    graph.addOutput(try graph.add(ReduceSum(axes: [1], keepsDimensions: false), x), name: "c")
    let sample = try Tensor(seed: 4, .float32, shape: [1, 4, 4, 2])
    let (_, report) = try Int8Quantization().apply(
      to: graph, calibration: Calibration(graph, samples: [["x": sample]]))
    #expect(report.floatNodes.count == 3, "\(report.floatNodes)")
  }
}
