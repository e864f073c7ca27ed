import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Layers whose channels are equalized compute what they computed.
@Suite struct CrossLayerEqualizationTests {
  /// A convolution of 4 channels, a depthwise one, one of 6 channels, a mean, and a product; the channels have ranges far apart.
  private static func graph(
    _ random: inout SeededGenerator, activation: FusedActivation, pool: AveragePool? = nil
  ) throws -> (graph: Graph, weights: [ValueID]) {
    var graph = Graph()
    var value = graph.addInput("x", TensorType(.float32, [1, 6, 6, 3]))
    var weights: [ValueID] = []
    func layer(_ node: any Operator, _ shape: [Int]) throws {
      var elements = random.floats(shape.reduce(1, *))
      let each = elements.count / shape[0]
      for index in elements.indices { elements[index] *= Float(1 + 9 * (index / each % 5)) }
      let w = graph.addConstant(Tensor(elements, shape: shape), name: "w\(weights.count)")
      let b = graph.addConstant(Tensor(random.floats(shape[0]), shape: [shape[0]]))
      weights.append(w)
      value = try graph.addNode(node, [value, w, b])[0]
    }
    var convolution = Convolution()
    (convolution.layout, convolution.padding, convolution.activation) = (.last, .sameUpper, activation)
    var depthwise = convolution
    depthwise.groups = 4
    try layer(convolution, [4, 3, 3, 3])
    if let pool { value = try graph.addNode(pool, [value])[0] }
    try layer(depthwise, [8, 3, 3, 1])
    try layer(convolution, [6, 1, 1, 8])
    value = try graph.addNode(ReduceMean(axes: [1, 2], keepsDimensions: false), [value])[0]
    try layer(FullyConnected(), [5, 6])
    graph.addOutput(value, name: "y0")
    return (graph, weights)
  }

  private static func outputRanges(_ weights: ValueID, in graph: Graph) throws -> [Float] {
    let tensor = try #require(graph[weights].constant).materialize()
    let elements = try tensor.floats()
    let each = elements.count / tensor.shape[0]
    return (0..<tensor.shape[0]).map { row in elements[row * each..<(row + 1) * each].map(abs).max() ?? 0 }
  }

  @Test(arguments: Seed.fixedAndFresh) func theGraphComputesTheSame(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    for activation in [FusedActivation.none, .relu] {
      let (graph, weights) = try Self.graph(&random, activation: activation)
      let (equalized, groups, _) = try CrossLayerEqualization().apply(to: graph)
      #expect(groups == 3)
      let samples = (0..<4).map { _ in Tensor(random.floats(108, in: -2...2), shape: [1, 6, 6, 3]) }
      let (before, after) = (
        try WeightSubject.results(of: graph, samples).flatMap(\.self),
        try WeightSubject.results(of: equalized, samples).flatMap(\.self)
      )
      let bound = 1e-5 * (before.map(abs).max() ?? 0)
      #expect(zip(before, after).allSatisfy { abs($0 - $1) <= bound }, "\(seed)")
      // The greatest weight of each output came nearer to the others'.
      func spread(_ graph: Graph) throws -> Float {
        let ranges = try Self.outputRanges(weights[0], in: graph)
        return (ranges.max() ?? 0) / (ranges.min() ?? 1)
      }
      #expect(try spread(equalized) < spread(graph), "\(seed)")
    }
  }

  /// As trained networks have them: what is raised to the range of others would take all steps of the results.
  @Test func biasesOfChannelsWithoutWeightsStaySmall() throws {
    var random = SeededGenerator(Seed(4))
    var (graph, weights) = try Self.graph(&random, activation: .relu)
    for layer in weights.dropLast() {
      let tensor = try #require(graph[layer].constant).materialize()
      let each = tensor.count / tensor.shape[0]
      let faint = try tensor.floats().enumerated().map {
        $0.offset / each == 1 ? 1e-9 * $0.element : $0.element
      }
      graph.setConstant(layer, to: Constant(Tensor(faint, shape: tensor.shape)))
    }
    func greatestBiases(_ graph: Graph) throws -> [Float] {
      try graph.nodeIDs.compactMap { id in
        let bias = graph[id].inputs.count > 2 ? graph[id].inputs[2] : nil
        return try bias.flatMap { graph[$0].constant }?.materialize().floats().map(abs).max()
      }
    }
    let equalized = try CrossLayerEqualization().apply(to: graph).graph
    // Other channels' biases follow their weights.
    let pairs = try zip(greatestBiases(graph), greatestBiases(equalized))
    #expect(pairs.allSatisfy { $1 < 10 * $0 })
  }

  /// A stream that each of many sums gives another first operand.
  @Test func longStreamsAreFollowed() throws {
    var graph = Graph()
    var stream = graph.addInput("x", TensorType(.float32, [1, 4]))
    for _ in 0..<20_000 { stream = try graph.add(Add(), graph.add(Selu(), stream), stream) }
    graph.addOutput(stream, name: "y0")
    #expect(try CrossLayerEqualization().apply(to: graph).groups == 0)
  }

  @Test func clampsAboveStandBetweenLayers() throws {
    var random = SeededGenerator(Seed(3))
    var pool = AveragePool()
    (pool.layout, pool.size, pool.strides) = (.last, [2, 2], [1, 1])
    #expect(
      try CrossLayerEqualization().apply(to: Self.graph(&random, activation: .relu, pool: pool).graph).groups
        == 3)
    pool.activation = .relu6
    #expect(
      try CrossLayerEqualization().apply(to: Self.graph(&random, activation: .relu, pool: pool).graph).groups
        == 2)
    // Only the last layer has no clamp, and nothing behind it.
    #expect(try CrossLayerEqualization().apply(to: Self.graph(&random, activation: .relu6).graph).groups == 0)
  }
}
