import SkiffIR
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

@Suite struct CanonicalTests {
  @Test(arguments: Seed.fixedAndFresh)
  func everythingBetweenTheConvolutionsIsTakenIn(seed: Seed) throws {
    var network = try SampleNetwork(seed: seed)
    let x = network.input()
    var graph = network.graph
    var report = PassReport()
    try Pipeline.canonical.run(on: &graph, report: &report)
    #expect(graph.count(BatchNormalization.self) == 0)
    #expect(graph.count(MatrixMultiply.self) == 0)
    #expect(graph.count(Relu.self) == 0)
    #expect(graph.count(Multiply.self) == 1, "a clamp stands between the second convolution and the product")
    #expect(graph.nodeIDs.count == 7)
    #expect(try relativeDifference(network.graph.output(x), graph.output(x)) < 1e-5)
  }

  @Test func aSecondRunChangesNothing() throws {
    var graph = try SampleNetwork(seed: Seed(1)).graph
    var report = PassReport()
    try Pipeline.canonical.run(on: &graph, report: &report)
    let count = graph.nodeIDs.count
    var second = PassReport()
    try Pipeline.canonical.run(on: &graph, report: &second)
    #expect(second.changes.isEmpty)
    #expect(graph.nodeIDs.count == count)
  }

  @Test func foldingStaysWithinItsBudget() throws {
    for (budget, expected) in [(100, 1), (400, 0)] {
      var graph = Graph()
      let x = graph.addConstant(Tensor([Float](repeating: 1, count: 50), shape: [50]))
      let y = graph.addConstant(Tensor([Float](repeating: 2, count: 2), shape: [2, 1]))
      graph.addOutput(x, name: "x")
      graph.addOutput(y, name: "y")
      graph.addOutput(try graph.add(Add(), x, y), name: "z")
      var report = PassReport()
      try Pipeline.run(FoldConstants(byteBudget: budget), on: &graph, report: &report)
      #expect(graph.nodeIDs.count == expected)
    }
  }

  @Test func anActivationWithAnotherUserStays() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2]))
    let sum = try graph.add(Add(), x, x)
    graph.addOutput(try graph.add(Relu(), sum), name: "y")
    graph.addOutput(sum, name: "z")
    var report = PassReport()
    try Pipeline.canonical.run(on: &graph, report: &report)
    #expect(graph.count(Relu.self) == 1)
  }
}
