import SkiffIR
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

@Suite struct ChannelsFirstTests {
  /// What the other layout cost is taken back, but for a flattening, whose weights were reordered for it and are again.
  @Test(arguments: Seed.fixedAndFresh)
  func nothingIsLeftOfTheOtherLayout(seed: Seed) throws {
    var network = try SampleNetwork(seed: seed, batch: .symbol("N"))
    var graph = network.graph
    var report = PassReport()
    try Pipeline.canonical.run(on: &graph, report: &report)
    try Pipeline.channelsLast().run(on: &graph, report: &report)
    report = PassReport()
    try Pipeline.channelsFirst.run(on: &graph, report: &report)
    #expect(graph.count(Transpose.self) == 0)
    for case let convolution as Convolution in graph.nodeIDs.map({ graph[$0].operator }) {
      #expect(convolution.layout == .first)
    }
    for batch in [1, 3] {
      let x = network.input(batch: batch)
      #expect(try relativeDifference(network.graph.output(x), graph.output(x)) < 1e-5)
    }
    // It stays as it is when the pass runs again.
    let before = try graph.text()
    try Pipeline.channelsFirst.run(on: &graph, report: &report)
    #expect(try graph.text() == before)
  }

  @Test func survivorsAreNamedWithWhatForcesThem() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 5, 3]))
    var pool = AveragePool()
    (pool.layout, pool.size) = (.last, [2, 2])
    graph.addOutput(
      try graph.add(pool, x, origins: [Origin(name: "pool", operatorName: "AveragePool", index: 0)]),
      name: "y")
    let source = graph
    var report = PassReport()
    try Pipeline.channelsFirst.run(on: &graph, report: &report)
    #expect(
      report.transpositions.map(\.description).sorted() == [
        "'' by [0, 2, 3, 1] for output 'y'",
        "'x' by [0, 3, 1, 2] for node 'pool' (AveragePool, #0)",
      ])
    let x0 = Tensor((0..<60).map { Float($0) }, shape: [1, 4, 5, 3])
    #expect(try source.output(x0) == graph.output(x0))
  }
}
