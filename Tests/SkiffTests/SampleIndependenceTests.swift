import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// An open first axis is cut into samples only where these have nothing to do with each other.
@Suite struct SampleIndependenceTests {
  private func outputs(_ body: (inout Graph, ValueID) throws -> ValueID) throws -> (
    whole: Tensor, found: Tensor
  ) {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(3)])))
    graph.addOutput(try body(&graph, x), name: "y")
    var generator = SeededGenerator(Seed(1))
    let input = Tensor(generator.floats(15), shape: [5, 3])
    let found = try Model(graph).outputs(for: Samples(["x": input]))
    var fixed = graph
    try fixed.setInputShapes(["x": [5, 3]])
    let whole = try Model(fixed).outputs(for: Samples(["x": input]))
    return (whole[0].tensor, found[0].tensor)
  }

  @Test func axesThatMixAreRunWhole() throws {
    let mean = try outputs { graph, x in
      let mean = try graph.add(ReduceMean(axes: [0], keepsDimensions: true), x)
      return try graph.add(Subtract(), x, mean)
    }
    #expect(mean.found == mean.whole)
    let softmax = try outputs { graph, x in
      var softmax = Softmax()
      softmax.axis = 0
      return try graph.add(softmax, x)
    }
    #expect(softmax.found == softmax.whole)
    // Without the axis results of samples do not follow each other.
    let sum = try outputs { graph, x in
      try graph.add(ReduceSum(axes: [0], keepsDimensions: false), x)
    }
    #expect(sum.found == sum.whole && sum.found.shape == [3])
    let turned = try outputs { graph, x in try graph.add(Transpose([1, 0]), x) }
    #expect(turned.found == turned.whole && turned.found.shape == [3, 5])
  }

  @Test func samplesAreRunOneByOne() throws {
    func runs(_ operation: any Operator, _ last: any Operator = Relu()) throws -> Int {
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(3)])))
      graph.addOutput(try graph.add(last, graph.add(operation, x)), name: "y")
      let samples = Samples(["x": Tensor((0..<15).map { Float($0 % 7) }, shape: [5, 3])])
      return try samples.separateRuns(for: graph).runs.count
    }
    #expect(try runs(Relu()) == 5)
    #expect(try runs(CumSum()) == 1)
    // Networks that read texts have time on the first axis of their output, and samples on the second.
    #expect(try runs(Relu(), Transpose([1, 0])) == 5)
    #expect(try runs(CumSum(), Transpose([1, 0])) == 1)
  }
}
