import Skiff
import SkiffIR
import SkiffOperators
import Testing

/// Of which sizes the runs are that are timed.
@Suite struct TimingTests {
  private func model(_ shape: [Shape.Dimension]) throws -> Model {
    var graph = Graph()
    let input = graph.addInput("x", TensorType(.float32, Shape(shape)))
    graph.addOutput(try graph.add(Relu(), input), name: "y")
    return try Model(graph)
  }

  @Test func anOpenFirstAxisCountsOne() throws {
    #expect(try model([.symbol("n"), .fixed(3)]).timing(runs: 2).seconds.count == 2)
  }

  @Test func otherOpenAxesAreGivenOrAskedFor() throws {
    let open = try model([.fixed(1), .symbol("length")])
    let error = #expect(throws: ModelError.self) { try open.timing(runs: 1) }
    #expect(error?.code == .invalidArgument && error?.location.tensor == "x")
    let samples = try Samples(["x": Tensor([1, 2, 3, 4], shape: [1, 4])])
    #expect(try open.timing(runs: 1, samples: samples).seconds.count == 1)
  }
}
