import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct PruningTests {
  private var generator = SeededGenerator(Seed(11))

  private mutating func dense(
    _ graph: inout Graph, _ x: ValueID, _ weights: Tensor, activation: FusedActivation = .none
  ) throws -> ValueID {
    var product = FullyConnected()
    product.activation = activation
    let w = graph.addConstant(weights)
    return try graph.add(
      product, x, w, graph.addConstant(Tensor(generator.floats(weights.shape[0]), shape: [weights.shape[0]])))
  }

  private mutating func weights(_ outputs: Int, _ inputs: Int, scale: Float = 1) -> Tensor {
    Tensor(generator.floats(outputs * inputs).map { $0 * scale }, shape: [outputs, inputs])
  }

  private mutating func samples(_ count: Int, _ size: Int) -> [[String: Tensor]] {
    (0..<count).map { _ in ["x": Tensor(generator.floats(40 * size), shape: [40, size])] }
  }

  private func outputs(_ graph: Graph, _ samples: [[String: Tensor]]) throws -> [Float] {
    let session = Session(try Plan(graph, inputShapes: ["x": samples[0]["x"]?.shape ?? []]))
    return try samples.flatMap { try #require(session.run($0)["y"]).floats() }
  }

  private func error(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / a.reduce(0) { $0 + Double($1 * $1) }
  }

  /// Neurons beyond the rank of a linear layer are combinations of others, which the next layer can use instead.
  @Test mutating func whatOthersCanExpressIsReconstructed() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [40, 4]))
    let hidden = try dense(&graph, x, weights(12, 4))
    graph.addOutput(try dense(&graph, hidden, weights(3, 12)), name: "y")
    var pruning = ChannelPruning(.eachGroup(0.5))
    let samples = samples(6, 4)
    let (plain, _) = try pruning.apply(to: graph)
    pruning.reconstructs = true
    let (fitted, report) = try pruning.apply(to: graph, samples: samples)
    let expected = try outputs(graph, samples)
    #expect(try error(expected, outputs(plain, samples)) > 0.05)
    #expect(try error(expected, outputs(fitted, samples)) < 1e-5)
    let reconstruction = try #require(report.reconstructions.first)
    #expect(reconstruction.errorBefore > 0.05 && reconstruction.errorAfter < 1e-5)
  }

  @Test(arguments: ChannelRanking.allCases) mutating func theDeadGoFirst(ranking: ChannelRanking) throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [40, 4]))
    var first = try weights(8, 4).floats()
    // Neurons without weights and with a negative bias are never active.
    for index in 0..<16 { first[index] = 0 }
    var product = FullyConnected()
    product.activation = .relu
    let w = graph.addConstant(Tensor(first, shape: [8, 4]))
    let bias = graph.addConstant(Tensor([Float](repeating: -0.1, count: 8), shape: [8]))
    let hidden = try graph.add(product, x, w, bias)
    graph.addOutput(try dense(&graph, hidden, weights(3, 8)), name: "y")
    var pruning = ChannelPruning(.eachGroup(0.5))
    pruning.ranking = ranking
    let samples = samples(2, 4)
    let (pruned, _) = try pruning.apply(to: graph, samples: samples)
    #expect(try outputs(graph, samples) == outputs(pruned, samples))
  }

  @Test mutating func theTargetIsReachedAndNotPassedByMuch() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [40, 16]))
    var y = x
    for width in [64, 48, 96, 8] {
      y = try dense(&graph, y, weights(width, graph[y].type?.shape[1].fixed ?? 0))
    }
    graph.addOutput(y, name: "y")
    for share in [0.9, 0.5, 0.25] {
      let (pruned, report) = try ChannelPruning(.multiplications(share)).apply(to: graph)
      #expect(report.multiplicationsAfter <= share * report.multiplicationsBefore)
      #expect(report.multiplicationsAfter > (share - 0.05) * report.multiplicationsBefore)
      #expect(MultiplicationCount(pruned).total == report.multiplicationsAfter)
    }
  }

  @Test mutating func excludedNodesKeepTheirChannels() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [40, 4]))
    let a = try dense(&graph, x, weights(8, 4))
    graph.setOrigins(of: graph.nodeIDs[0], to: [], name: "first")
    graph.addOutput(try dense(&graph, dense(&graph, a, weights(6, 8)), weights(2, 6)), name: "y")
    var pruning = ChannelPruning(.eachGroup(0.5))
    pruning.excludedNodes = ["first"]
    let report = try pruning.apply(to: graph).report
    #expect(report.groups.map { [$0.before, $0.after] } == [[6, 3]])
    #expect(report.keptNodes.contains { $0.reason.contains("it is excluded") })
    pruning.excludedNodes = ["second"]
    #expect(throws: ModelError.self) { try pruning.apply(to: graph) }
  }

  @Test func numbersThatMakeNoSenseAreRefused() throws {
    let graph = Graph()
    var pruning = ChannelPruning(.multiplications(1.5))
    #expect(throws: ModelError.self) { try pruning.apply(to: graph) }
    pruning = ChannelPruning(.eachGroup(0.5))
    pruning.multiple = 0
    #expect(throws: ModelError.self) { try pruning.apply(to: graph) }
    pruning = ChannelPruning(.eachGroup(0.5))
    pruning.ranking = .apoz
    #expect(throws: ModelError.self) { try pruning.apply(to: graph) }
    #expect(throws: ModelError.self) { try LayerPruning(multiplications: 0.5).apply(to: graph, samples: []) }
    #expect(try ChannelPruning(.multiplications(0.5)).apply(to: graph).graph.nodeIDs.isEmpty)
  }

  /// A branch that adds next to nothing goes first, and with it all of its nodes.
  @Test mutating func residualBranchesGo() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [40, 8]))
    var y = try dense(&graph, x, weights(8, 8), activation: .relu)
    for scale: Float in [1, 1e-3, 1] {
      let inner = try dense(&graph, y, weights(16, 8), activation: .relu)
      var addition = Add()
      addition.activation = .relu
      let branch = try graph.add(FullyConnected(), inner, graph.addConstant(weights(8, 16, scale: scale)))
      y = try graph.add(addition, branch, y)
    }
    graph.addOutput(y, name: "y")
    let samples = samples(2, 8)
    let (pruned, report) = try LayerPruning(multiplications: 0.8).apply(to: graph, samples: samples)
    #expect(report.removed.count == 1 && report.left.count == 2)
    #expect(report.removed[0].share < 1e-4)
    #expect(pruned.nodeIDs.count == graph.nodeIDs.count - 2)
    #expect(try error(outputs(graph, samples), outputs(pruned, samples)) < 1e-4)
    let (bare, all) = try LayerPruning(multiplications: 0).apply(to: graph, samples: samples)
    #expect(all.removed.count == 3 && all.left.isEmpty)
    #expect(all.multiplicationsAfter == MultiplicationCount(bare).total)
  }
}
