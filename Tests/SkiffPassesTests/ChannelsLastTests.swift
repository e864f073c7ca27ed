import SkiffIR
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

@Suite struct ChannelsLastTests {
  @Test(arguments: Seed.fixedAndFresh)
  func onlyTheInputIsTransposed(seed: Seed) throws {
    var network = try SampleNetwork(seed: seed, batch: .symbol("N"))
    var graph = network.graph
    var report = PassReport()
    try Pipeline.canonical.run(on: &graph, report: &report)
    try Pipeline.channelsLast().run(on: &graph, report: &report)
    #expect(graph.count(Transpose.self) == 1)
    #expect(graph.nodeIDs.first.map { graph[$0].operator is Transpose } == true)
    for case let convolution as Convolution in graph.nodeIDs.map({ graph[$0].operator }) {
      #expect(convolution.layout == .last)
    }
    for batch in [1, 3] {
      let x = network.input(batch: batch)
      #expect(try relativeDifference(network.graph.output(x), graph.output(x)) < 1e-5)
    }
  }

  @Test func theInterfaceCanHaveItsChannelsLastToo() throws {
    var network = try SampleNetwork(seed: Seed(3))
    var graph = network.graph
    var report = PassReport()
    try Pipeline.canonical.run(on: &graph, report: &report)
    try Pipeline.channelsLast(changesInterface: true).run(on: &graph, report: &report)
    #expect(graph.count(Transpose.self) == 0)
    #expect(graph[graph.inputs[0]].type?.shape == [2, 9, 7, 3])
    #expect(report.interfaceOrders == ["x": [0, 2, 3, 1]])
    let x = network.input()
    #expect(
      try relativeDifference(network.graph.output(x), graph.output(x.permuted(by: [0, 2, 3, 1]))) < 1e-5)
  }

  @Test func aTranspositionOfTheSourceOnlyRenamesAxes() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 5, 2]))
    let moved = try graph.add(Transpose([0, 3, 1, 2]), x)
    var pool = AveragePool()
    pool.size = [2, 2]
    graph.addOutput(try graph.add(Transpose([0, 2, 3, 1]), graph.add(pool, moved)), name: "y")
    let source = graph
    var report = PassReport()
    try Pipeline.channelsLast().run(on: &graph, report: &report)
    #expect(graph.count(Transpose.self) == 0)
    #expect(report.transpositions.isEmpty)
    let x0 = Tensor((0..<40).map { Float($0) }, shape: [1, 4, 5, 2])
    #expect(try source.output(x0) == graph.output(x0))
  }

  @Test func survivorsAreNamedWithWhatForcesThem() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 4, 5]))
    var pool = AveragePool()
    pool.size = [2, 2]
    graph.addOutput(
      try graph.add(pool, x, origins: [Origin(name: "pool", operatorName: "AveragePool", index: 0)]),
      name: "y")
    var report = PassReport()
    try Pipeline.channelsLast().run(on: &graph, report: &report)
    #expect(
      report.transpositions.map(\.description).sorted() == [
        "'' by [0, 3, 1, 2] for output 'y'",
        "'x' by [0, 2, 3, 1] for node 'pool' (AveragePool, #0)",
      ])
  }
}
