import Skiff
import SkiffBinary
import SkiffIR
import SkiffNumPy
import SkiffOperators
import SkiffTestSupport
import Testing

/// Parts of networks in int8 that ONNX Runtime's optimizer or runtimes' ways of rounding took for something else.
@Suite struct QuantizedPatternTests {
  enum Pattern: CaseIterable {
    /// A window with gaps, padded so that the size stays.
    case dilated
    /// A product with a transposed operand that is computed.
    case scores
    /// Images made larger between convolutions: to a size, and by factors.
    case resized, enlarged
    /// Rows divided by their norm, which a clamp keeps from 0: some rows are 0.
    case normalized
    /// Rows divided by a root of what a small number keeps from 0, and multiplied by the inverse of such a root.
    case rooted, inverted
    /// Images made larger by weights.
    case spread
    /// Groups of channels normalized between convolutions.
    case grouped
    /// Scores, or a number that masks them.
    case masked
  }

  private var random = SeededGenerator(Seed(0x9a77))

  private mutating func weights(_ shape: [Int], _ graph: inout Graph) -> ValueID {
    graph.addConstant(Tensor(random.floats(shape.reduce(1, *)), shape: shape))
  }

  private mutating func convolution(
    _ x: ValueID, _ shape: [Int], gaps: Int = 1, _ graph: inout Graph
  ) throws -> ValueID {
    var convolution = Convolution()
    (convolution.layout, convolution.padding) = (.last, .sameUpper)
    convolution.dilations = [gaps, gaps]
    return try graph.add(convolution, x, weights(shape, &graph))
  }

  private mutating func network(_ pattern: Pattern) throws -> (graph: Graph, samples: Tensor) {
    var graph = Graph()
    let isImage = [.dilated, .resized, .enlarged, .spread, .grouped].contains(pattern)
    let shape = isImage ? [1, 9, 7, 4] : [1, 6, 8]
    let x = graph.addInput(
      "x", TensorType(.float32, Shape([.symbol("n")] + shape.dropFirst().map { .fixed($0) })))
    var samples = random.floats(16 * shape.reduce(1, *))
    let y: ValueID
    switch pattern {
    case .dilated:
      y = try convolution(convolution(x, [4, 3, 3, 4], gaps: 2, &graph), [3, 3, 3, 4], gaps: 3, &graph)
    case .scores:
      let left = try graph.add(FullyConnected(), x, weights([8, 8], &graph))
      let right = try graph.add(FullyConnected(), x, weights([8, 8], &graph))
      var product = MatrixMultiply()
      product.transposesB = true
      y = try graph.add(Softmax(axis: -1), graph.add(product, left, right))
    case .resized, .enlarged:
      var resize = Resize()
      (resize.mode, resize.axes) = (.linear, [1, 2])
      let sizes = graph.addConstant(try Tensor(integers: [18, 14], as: .int64, shape: [2]))
      let scales = graph.addConstant(Tensor([2, 3] as [Float], shape: [2]))
      let before = try convolution(x, [4, 3, 3, 4], &graph)
      let larger =
        try pattern == .resized
        ? graph.add(resize, before, nil, nil, sizes) : graph.add(resize, before, nil, scales)
      y = try convolution(larger, [3, 3, 3, 4], &graph)
    case .spread:
      var spread = TransposedConvolution()
      (spread.layout, spread.strides) = (.last, [2, 2])
      let larger = try graph.add(
        spread, convolution(x, [4, 3, 3, 4], &graph), weights([3, 2, 2, 4], &graph))
      y = try convolution(larger, [3, 3, 3, 3], &graph)
    case .grouped:
      var groups = GroupNormalization()
      (groups.layout, groups.groups) = (.last, 2)
      let before = try convolution(x, [4, 3, 3, 4], &graph)
      let normalized = try graph.add(groups, before, weights([4], &graph), weights([4], &graph))
      y = try convolution(normalized, [3, 3, 3, 4], &graph)
    case .masked:
      let left = try graph.add(FullyConnected(), x, weights([8, 8], &graph))
      var product = MatrixMultiply()
      product.transposesB = true
      let scores = try graph.add(product, left, x)
      let counts = try Tensor(
        integers: (0..<36).map { $0 / 6 >= $0 % 6 ? 1 : 0 }, as: .boolean, shape: [6, 6])
      let low = graph.addConstant(Tensor([-1e9] as [Float], shape: []))
      let chosen = try graph.add(Select(), graph.addConstant(counts), scores, low)
      y = try graph.add(MatrixMultiply(), graph.add(Softmax(axis: -1), chosen), x)
    case .normalized:
      for row in 0..<16 * 6 where row % 3 == 0 { for column in 0..<8 { samples[row * 8 + column] = 0 } }
      let rows = try graph.add(FullyConnected(), x, weights([8, 8], &graph))
      let norms = try graph.add(ReduceL2(axes: [-1], keepsDimensions: true), rows)
      let least = graph.addConstant(Tensor([1e-12] as [Float], shape: []))
      let units = try graph.add(Divide(), rows, graph.add(Maximum(), norms, least))
      y = try graph.add(FullyConnected(), units, weights([4, 8], &graph))
    case .rooted, .inverted:
      for row in 0..<16 * 6 where row % 3 == 0 { for column in 0..<8 { samples[row * 8 + column] = 0 } }
      let rows = try graph.add(FullyConnected(), x, weights([8, 8], &graph))
      let squares = try graph.add(
        ReduceMean(axes: [-1], keepsDimensions: true), graph.add(Square(), rows))
      let least = graph.addConstant(Tensor([1e-6] as [Float], shape: []))
      let raised = try graph.add(Add(), squares, least)
      let units =
        try pattern == .rooted
        ? graph.add(Divide(), rows, graph.add(Sqrt(), raised))
        : graph.add(Multiply(), rows, graph.add(Rsqrt(), raised))
      y = try graph.add(FullyConnected(), units, weights([4, 8], &graph))
    }
    graph.addOutput(y, name: "y")
    return (graph, Tensor(samples, shape: [16] + shape.dropFirst()))
  }

  @Test(.needsPeer(.check), arguments: Pattern.allCases)
  func runsInONNXRuntimeAndLiteRT(_ pattern: Pattern) throws {
    var copy = self
    let (graph, data) = try copy.network(pattern)
    let samples = Samples(["x": data])
    var model = try Model(graph)
    try model.compress(.int8(calibratedOn: samples))
    let sums = model.graph.nodeIDs.filter { model.graph[$0].operator is TransposedConvolution }
    #expect(sums.allSatisfy { model.graph[model.graph[$0].outputs[0]].type?.isQuantized == true })
    let folder = try TemporaryFolder()
    let run = ["x": data]
    let source = try #require(Model(graph).outputs(for: samples).first?.tensor)
    for (file, script) in [("net.onnx", "ort_run.py"), ("net.tflite", "litert_run.py")] {
      let path = folder.path(file)
      try model.write(to: path)
      let certificate = try Certificate(of: model, writtenTo: path, samples: samples)
      #expect(certificate.holds, "\(file): \(certificate.failures)")
      let results = try Peer.check.outputs(
        of: path, under: script, inputs: [run.mapValues { try NumPyArray($0) }])
      var metrics = OutputMetrics(name: "y")
      try metrics.add(reference: source, candidate: Tensor(#require(results[0]["y"])))
      #expect(metrics.signalToNoise > 25, "\(file): \(metrics.summary)")
      // What is said of the file is what runtimes make of it, but for single steps.
      let said = try #require(certificate.comparison.outputs.first).signalToNoise
      #expect(abs(said - metrics.signalToNoise) < 1.5, "\(file): \(said), \(metrics.signalToNoise)")
    }
  }
}
