import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

import SkiffTFLite

/// What runs leave for the next: in LiteRT, in the graph, and in files that are written and read again.
@Suite struct StateTests {
  /// Compares 20 runs of the graph, of LiteRT on the file that is written, and of the graph that is read back.
  private func check(_ graph: Graph, _ bound: Double = 1e-5) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    try Runs.write(graph, to: path)
    let inputs = try Runs.inputs(graph, count: 20, seed: Seed(11))
    let expected = try Runs.peerOutputs(path, graph, inputs)
    try expectClose(Runs.outputs(graph, inputs), expected, bound)
    let read = try Runs.graph(path).graph
    #expect(read.states.count == graph.states.count)
    let again = Dictionary(
      uniqueKeysWithValues: zip(graph.inputs, read.inputs).map { (graph[$0].name, read[$1].name) })
    let renamed = inputs.map { set in
      Dictionary(uniqueKeysWithValues: set.map { (again[$0.key] ?? $0.key, $0.value) })
    }
    try expectClose(Runs.outputs(read, renamed), expected, bound)
  }

  @Test(.needsPeer(.check)) func sumsOfAllRuns() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 3]))
    let sum = graph.addState("sum", initial: Constant(Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])))
    let last = graph.addState(
      "last", initial: Constant(Tensor([Float](repeating: 0, count: 6), shape: [2, 3])))
    let next = try graph.add(Add(), x, sum)
    graph.setNext(of: sum, to: next)
    graph.setNext(of: last, to: x)
    graph.addOutput(try graph.add(Multiply(), next, last), name: "y")
    graph.addOutput(sum, name: "before")
    try check(graph)
  }

  @Test(.needsPeer(.check), arguments: [1, 2]) func filtersOfReals(rank: Int) throws {
    var random = SeededGenerator(Seed(5))
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 6]))
    func constant(_ shape: [Int]) -> ValueID {
      graph.addConstant(Tensor(random.floats(shape.reduce(1, *)), shape: shape))
    }
    var filter = SVDF()
    filter.rank = rank
    filter.activation = rank == 1 ? .relu : .none
    let state = graph.addState(
      "memory", initial: Constant(Tensor([Float](repeating: 0, count: 40), shape: [2, 20])))
    let results = try graph.addNode(
      filter, [x, constant([4, 6]), constant([4, 5]), rank == 1 ? nil : constant([4 / rank]), state])
    graph.setNext(of: state, to: results[1])
    graph.addOutput(results[0], name: "y")
    try check(graph)
  }

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func filtersOfIntegers(seed: Seed) throws {
    var random = SeededGenerator(seed)
    for _ in 0..<5 {
      let rank = Int.random(in: 1...2, using: &random)
      let (filters, memory, depth) = (4 * rank, Int.random(in: 1...6, using: &random), 7)
      var graph = Graph()
      func type(_ dataType: DataType, _ shape: [Int], _ scale: Double, zero: Int = 0) -> TensorType {
        TensorType(
          dataType, Shape(shape), quantization: QuantizationParameters(scale: Float(scale), zeroPoint: zero))
      }
      func constant(_ type: TensorType, _ range: ClosedRange<Int>) throws -> Constant {
        let integers = random.integers(type.shape.elementCount ?? 0, in: range)
        return Constant(
          try Tensor(integers: integers, as: type.dataType, shape: type.shape.fixed ?? []).quantized(
            with: type.quantization))
      }
      let x = graph.addInput("x", type(.int8, [2, depth], 0.05, zero: -7))
      let (feature, state) = (random.logUniform(in: 0.002...0.02), random.logUniform(in: 1e-4...1e-3))
      let time = random.logUniform(in: 1e-5...1e-4)
      let w = graph.addConstant(try constant(type(.int8, [filters, depth], feature), -127...127))
      let t = graph.addConstant(try constant(type(.int16, [filters, memory], time), -32767...32767))
      let bias = graph.addConstant(try constant(type(.int32, [4], state * time), -100000...100000))
      let memoryType = type(.int16, [2, filters * memory], state)
      let s = graph.addState("memory", initial: try constant(memoryType, 0...0))
      var filter = SVDF()
      filter.rank = rank
      filter.activation = .relu
      let results = try graph.addNode(
        filter, [x, w, t, bias, s], types: [type(.int8, [2, 4], 0.03, zero: -128), memoryType])
      graph.setNext(of: s, to: results[1])
      graph.addOutput(results[0], name: "y")
      try check(graph, 0)
    }
  }
}
