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

  /// Channels that are shuffled in groups need one transposition, those of size 1 that are dropped none.
  @Test(arguments: [1, 2], Seed.fixedAndFresh)
  func splitAndJoinedAxesKeepTheirOrder(batch: Int, seed: Seed) throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape([batch, 6, 4, 5])))
    var pool = AveragePool()
    pool.size = [2, 2]
    func reshaped(_ value: ValueID, _ sizes: [Int64]) throws -> ValueID {
      try graph.add(Reshape(), value, graph.addConstant(Tensor(sizes, shape: [sizes.count])))
    }
    let split = try reshaped(graph.add(pool, x), [Int64(batch), 2, 3, 3, 4])
    let shuffled = try graph.add(Transpose([0, 2, 1, 3, 4]), split)
    let joined = try reshaped(shuffled, [Int64(batch), -1, 3, 4])
    pool.size = [3, 4]
    let flat = try reshaped(graph.add(pool, joined), [0, 6])
    graph.addOutput(flat, name: "y")
    let source = graph
    var report = PassReport()
    try Pipeline.channelsLast().run(on: &graph, report: &report)
    #expect(report.transpositions.count == 2, "the input and the shuffle: \(report.transpositions)")
    let x0 = try Tensor(seed: seed.value, .float32, shape: [batch, 6, 4, 5])
    #expect(try relativeDifference(source.output(x0), graph.output(x0)) < 1e-6)
  }

  @Test(arguments: Seed.fixedAndFresh)
  func spaceAsASequenceNeedsNoTransposition(seed: Seed) throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(6), .fixed(4), .fixed(5)])))
    var pool = AveragePool()
    pool.size = [2, 2]
    let pooled = try graph.add(pool, x)
    // The number of images is read from the shape, as PyTorch writes it.
    let first = graph.addConstant(Tensor([0] as [Int64], shape: [1]))
    let images = try graph.add(Gather(), graph.add(ShapeOf(), pooled), first)
    let rest = graph.addConstant(Tensor([6, 12] as [Int64], shape: [2]))
    let sequence = try graph.add(Reshape(), pooled, graph.add(Concat(axis: 0), images, rest))
    graph.addOutput(try graph.add(Transpose([0, 2, 1]), sequence), name: "y")
    let source = graph
    var report = PassReport()
    try Pipeline.channelsLast().run(on: &graph, report: &report)
    #expect(report.transpositions.count == 1, "\(report.transpositions)")
    let x0 = try Tensor(seed: seed.value, .float32, shape: [3, 6, 4, 5])
    #expect(try source.output(x0) == graph.output(x0))
  }

  /// Kernels of integers run along the last axis: transpositions around them stay.
  @Test func integersStayAlongTheLastAxis() throws {
    let check = try PassCheck(
      Pipeline.channelsLast(),
      on: """
        graph @t (%x: i8[2,5,3]q(0.1:0)) -> (y: %y) {
          %a = Transpose(%x) {permutation = [0, 2, 1]} : i8[2,3,5]q(0.1:0)
          %s = Softmax(%a) : i8[2,3,5]q(0.00390625:-128)
          %y = Transpose(%s) {permutation = [0, 2, 1]} : i8[2,5,3]q(0.00390625:-128)
        }
        """)
    #expect(check.nodes.count == 3 && check.nodes[1].contains("Softmax(") && !check.nodes[1].contains("axis"))
  }

  /// Runtimes resize neighbouring axes, in their order.
  @Test(arguments: ["[0, 3, 2, 1]", "[0, 1, 3, 2]", "[0, 2, 1, 3]"])
  func axesAreResizedInOrder(permutation: String) throws {
    let check = try PassCheck(
      Pipeline.channelsLast(),
      on: """
        graph @t (%x: f32[1,4,4,4]) -> (y: %y) {
          %sizes = constant i64[2] = [6, 8]
          %a = Transpose(%x) {permutation = \(permutation)} : f32[1,4,4,4]
          %r = Resize(%a, none, none, %sizes) {mode = "linear", axes = [1, 2]} : f32[1,6,8,4]
          %y = Transpose(%r) {permutation = \(permutation)}
        }
        """)
    #expect(check.nodes.contains { $0.contains("Resize(") && $0.contains("axes = [1, 2]") }, "\(check.nodes)")
  }
}
