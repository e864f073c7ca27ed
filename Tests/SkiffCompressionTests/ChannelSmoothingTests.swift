import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Graphs whose channels are smoothed compute what they computed, and are easier to round.
@Suite struct ChannelSmoothingTests {
  /// A normalization whose channels two products of 8 outputs use, then a sum, a rectifier and another product; the channels of the
  /// normalization are of sizes far apart.
  private static func block(
    _ random: inout SeededGenerator, normalization: any Operator, isShared: Bool = false
  ) throws -> WeightlessGraph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 5, 6]))
    let sizes = (0..<6).map { _ in Float(random.logUniform(in: 0.1...10)) }
    var operands = [x, graph.addConstant(Tensor(sizes, shape: [6]))]
    if normalization is LayerNormalization {
      operands.append(graph.addConstant(Tensor(random.floats(6), shape: [6])))
    }
    let y = try graph.addNode(normalization, operands)[0]
    func constant(_ shape: [Int]) -> ValueID {
      graph.addConstant(
        Tensor(random.weights(shape.reduce(1, *)), shape: shape), name: "w\(graph.constantIDs.count)")
    }
    let a = try graph.addNode(FullyConnected(), [y, constant([8, 6]), constant([8])])[0]
    let b = try graph.addNode(MatrixMultiply(), [y, constant([6, 8])])[0]
    let sum = try graph.add(Add(), a, b)
    var product = FullyConnected()
    product.activation = .relu
    let c = try graph.addNode(product, [sum, constant([7, 8]), constant([7])])[0]
    var transposed = MatrixMultiply()
    transposed.transposesB = true
    let d = try graph.addNode(transposed, [c, constant([4, 7])])[0]
    graph.addOutput(d, name: "y0")
    if isShared { graph.addOutput(y, name: "y1") }
    return WeightlessGraph(graph: graph, value: y, users: [a, b].compactMap { graph[$0].producer })
  }

  private struct WeightlessGraph {
    let graph: Graph
    let value: ValueID
    let users: [NodeID]
  }

  private static func samples(_ random: inout SeededGenerator) -> [Tensor] {
    (0..<3).map { _ in Tensor(random.floats(60, in: -2...2), shape: [2, 5, 6]) }
  }

  static let strengths: [ChannelSmoothing.Strength] = {
    var four = WeightQuantization()
    four.bits = 3
    var whole = four
    whole.granularity = .tensor
    return [.alpha(0), .alpha(0.5), .alpha(1), .searched(for: four), .searched(for: whole)]
  }()

  @Test(arguments: Seed.fixedAndFresh, strengths)
  func theGraphComputesTheSame(_ seed: Seed, _ strength: ChannelSmoothing.Strength) throws {
    var random = SeededGenerator(seed)
    for normalization in [LayerNormalization(), RMSNormalization()] as [any Operator] {
      let graph = try Self.block(&random, normalization: normalization).graph
      let samples = Self.samples(&random)
      let (smoothed, values) = try ChannelSmoothing(strength).apply(
        to: graph, samples: samples.map { ["x": $0] })
      if case .alpha = strength { #expect(values == 2) }
      let (before, after) = (
        try WeightSubject.results(of: graph, samples).flatMap(\.self),
        try WeightSubject.results(of: smoothed, samples).flatMap(\.self)
      )
      let bound = 1e-5 * (before.map(abs).max() ?? 0)
      #expect(zip(before, after).allSatisfy { abs($0 - $1) <= bound }, "\(seed)")
    }
  }

  /// With half of the ranges in the weights, a channel and its weights have equal ranges.
  @Test(arguments: Seed.fixedAndFresh) func rangesAreDivided(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    let block = try Self.block(&random, normalization: LayerNormalization())
    let samples = Self.samples(&random)
    var (graph, _) = try ChannelSmoothing().apply(to: block.graph, samples: samples.map { ["x": $0] })
    var ranges = [Float](repeating: 0, count: 6)
    for (index, user) in block.users.enumerated() {
      let elements = try WeightSubject.elements(#require(graph[user].inputs[1]), in: graph)
      for place in elements.indices {
        let channel = index == 0 ? place % 6 : place / 8
        ranges[channel] = max(ranges[channel], abs(elements[place]))
      }
    }
    graph.setOnlyOutput(block.value, name: "y0")
    graph.removeUnused()
    let values = try WeightSubject.results(of: graph, samples).flatMap(\.self)
    for channel in 0..<6 {
      let range = stride(from: channel, to: values.count, by: 6).reduce(Float(0)) { max($0, abs(values[$1])) }
      #expect(abs(range - ranges[channel]) <= 1e-4 * range, "\(seed)")
    }
  }

  /// What is searched for is found: the rounded weights change the outputs less, or not more.
  @Test(arguments: Seed.fixedAndFresh) func searchingLowersTheError(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    var four = WeightQuantization()
    (four.bits, four.granularity) = (4, .tensor)
    var compression = WeightCompression(WeightCompression.Settings { $0.coding = .integers(four) })
    compression.leastCount = 1
    let graph = try Self.block(&random, normalization: RMSNormalization()).graph
    // One product behind the normalization, so that its outputs are the error that is looked at.
    var single = graph
    let first = try #require(single.nodeIDs.first { single[$0].operator is FullyConnected })
    single.setOnlyOutput(single[first].outputs[0], name: "y0")
    single.removeUnused()
    let samples = Self.samples(&random)
    func error(_ graph: Graph) throws -> Double {
      let rounded = try compression.apply(to: graph).graph
      return try zip(WeightSubject.results(of: single, samples), WeightSubject.results(of: rounded, samples))
        .reduce(0) { $0 + squaredError($1.0, $1.1) }
    }
    let smoothed = try ChannelSmoothing(.searched(for: four)).apply(
      to: single, samples: samples.map { ["x": $0] }
    ).graph
    #expect(try error(smoothed) <= 1.0001 * error(single), "\(seed)")
  }

  /// What others see is not scaled, and what makes no sense is refused.
  @Test func whatIsLeftAlone() throws {
    var random = SeededGenerator(Seed(2))
    let shared = try Self.block(&random, normalization: LayerNormalization(), isShared: true).graph
    let inputs = Self.samples(&random).map { ["x": $0] }
    #expect(try ChannelSmoothing().apply(to: shared, samples: inputs).values == 1)
    var whole = LayerNormalization()
    whole.axis = -2
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 5, 6]))
    let scale = graph.addConstant(Tensor(random.floats(6), shape: [6]))
    let y = try graph.addNode(whole, [x, scale])[0]
    let w = graph.addConstant(Tensor(random.floats(12), shape: [2, 6]))
    graph.addOutput(try graph.addNode(FullyConnected(), [y, w])[0], name: "y0")
    #expect(try ChannelSmoothing().apply(to: graph, samples: inputs).values == 0)
    for (strength, samples) in [
      (.alpha(0.5), []), (.alpha(-0.1), inputs), (.alpha(1.1), inputs), (.alpha(.nan), inputs),
    ] as [(ChannelSmoothing.Strength, [[String: Tensor]])] {
      let error = #expect(throws: ModelError.self) {
        try ChannelSmoothing(strength).apply(to: shared, samples: samples)
      }
      #expect(error?.code == .invalidArgument)
    }
  }
}
