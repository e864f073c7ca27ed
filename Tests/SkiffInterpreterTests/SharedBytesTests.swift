import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Results that are an operand's own bytes outlive that operand.
@Suite struct SharedBytesTests {
  @Test func aReshapedResultIsNotOverwritten() throws {
    var generator = SeededGenerator(Seed(3))
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 16]))
    func weights() -> ValueID { graph.addConstant(Tensor(generator.floats(256), shape: [16, 16])) }
    let first = try graph.add(FullyConnected(), x, weights())
    let shape = graph.addConstant(Tensor([1, 16] as [Int64], shape: [2]))
    let reshaped = try graph.add(Reshape(), first, shape)
    var last = x
    for _ in 0..<4 { last = try graph.add(FullyConnected(), last, weights()) }
    graph.addOutput(try graph.add(Add(), reshaped, last), name: "sum")
    let inputs = ["x": Tensor(generator.floats(16), shape: [1, 16])]
    let expected = try Session(Plan(graph, usesReferenceKernels: true)).run(inputs)
    let result = try Session(Plan(graph)).run(inputs)
    let difference = FloatDifference(
      try #require(result["sum"]).floats(), from: try #require(expected["sum"]).floats())
    #expect(difference.errorOfRange < 1e-5, "\(difference)")
  }
}
