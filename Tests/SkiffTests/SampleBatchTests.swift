import Skiff
import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// An open first axis is run whole unless it is said how many samples a run takes.
@Suite struct SampleBatchTests {
  /// A graph over `[N, 3]`.
  private func graph(_ body: (inout Graph, ValueID) throws -> ValueID) throws -> Graph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(3)])))
    graph.addOutput(try body(&graph, x), name: "y")
    return graph
  }

  private func samples(_ elements: [Float]) -> Samples {
    Samples(["x": Tensor(elements, shape: [elements.count / 3, 3])])
  }

  /// Silence before the first sound tells nothing of what later samples depend on.
  @Test func samplesThatDependOnOthersAreRunTogether() throws {
    let sums = try graph { graph, x in try graph.add(CumSum(), x) }
    let quiet: [Float] = [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]
    let found = try Model(sums).outputs(for: samples(quiet))[0].tensor
    #expect(try found.floats() == [0, 0, 0, 0, 0, 0, 1, 2, 3, 5, 7, 9])
    let mean = try graph { graph, x in try graph.add(ReduceMean(axes: [0], keepsDimensions: false), x) }
    #expect(try Model(mean).outputs(for: samples(quiet))[0].tensor.floats() == [1.25, 1.75, 2.25])
    let other = try graph { graph, x in try graph.add(Relu(), x) }
    #expect(
      try Model(sums).comparison(with: Model(other), samples: samples(quiet)).outputs[0].relativeError > 0.1)
    #expect(
      try Model(sums).comparison(with: Model(other), samples: samples(quiet), batchSize: 1).outputs[0]
        .relativeError == 0)
  }

  @Test func batchesAreJoinedAlongTheAxisThatCountsSamples() throws {
    var generator = SeededGenerator(Seed(1))
    let elements = generator.floats(15)
    for last in [Relu(), Transpose([1, 0])] as [any Operator] {
      let graph = try graph { graph, x in try graph.add(last, graph.add(Tanh(), x)) }
      let whole = try Model(graph).outputs(for: samples(elements))[0].tensor
      for size in [1, 2, 3, 5, 8] {
        let parts = try Model(graph).outputs(for: samples(elements), batchSize: size)[0].tensor
        #expect(parts == whole, "batches of \(size)")
      }
    }
    let sum = try graph { graph, x in try graph.add(ReduceSum(axes: [0], keepsDimensions: false), x) }
    #expect {
      try Model(sum).outputs(for: samples(elements), batchSize: 1)
    } throws: { "\($0)".contains("no axis of it counts samples") }
    #expect(throws: ModelError.self) { try Model(sum).outputs(for: samples(elements), batchSize: 0) }
  }

  /// What one run leaves for the next is kept for runs of one size.
  @Test func aModelWithStatesTakesNoRest() throws {
    let sums = try graph { graph, x in
      let state = graph.addState("sum", initial: Constant(Tensor([0, 0, 0] as [Float], shape: [3])))
      let all = try graph.add(ReduceSum(axes: [0], keepsDimensions: false), x)
      let next = try graph.add(Add(), state, all)
      graph.setNext(of: state, to: next)
      return try graph.add(Add(), x, next)
    }
    let ones = samples([Float](repeating: 1, count: 12))
    func found(_ size: Int?) throws -> [Float] {
      let y = try Model(sums).outputs(for: ones, batchSize: size)[0].tensor.floats()
      return stride(from: 0, to: y.count, by: 3).map { y[$0] }
    }
    #expect(try found(nil) == [2, 3, 4, 5] && found(1) == [2, 3, 4, 5])
    #expect(try found(2) == [3, 3, 5, 5] && found(4) == [5, 5, 5, 5])
    #expect { try found(3) } throws: { "\($0)".contains("4 samples do not divide into batches of 3") }
  }

  /// A candidate can fix what the reference leaves open.
  @Test func theCandidateFixesTheBatch() throws {
    let open = try Model(graph { graph, x in try graph.add(Tanh(), x) })
    func fixed(_ size: Int) throws -> Model {
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.float32, Shape([size, 3])))
      graph.addOutput(try graph.add(Tanh(), x), name: "y")
      return try Model(graph)
    }
    let four = samples([Float](repeating: 0.5, count: 12))
    #expect(try open.comparison(with: fixed(2), samples: four).runCount == 2)
    #expect(try open.comparison(with: open, samples: four).runCount == 1)
    #expect { try open.comparison(with: fixed(3), samples: four) } throws: {
      "\($0)".contains("4 samples do not divide into the batches of 3")
    }
    #expect { try open.comparison(with: fixed(2), samples: four, batchSize: 4) } throws: {
      "\($0)".contains("takes 2 samples at a time, not 4")
    }
    #expect { try fixed(2).outputs(for: four, batchSize: 4) } throws: {
      "\($0)".contains("takes 2 samples at a time, not 4")
    }
  }

  /// Networks that were traced with one sample take no more, though their inputs say so.
  @Test func networksOfOneSampleTakeOneAtATime() throws {
    let fixed = try graph { graph, x in
      try graph.add(Reshape(), x, graph.addConstant(Tensor([Int64(3)], shape: [1])))
    }
    let parts = try Model(fixed).outputs(for: samples([1, 2, 3, 4, 5, 6]), batchSize: 1)[0].tensor
    #expect(try parts.floats() == [1, 2, 3, 4, 5, 6] && parts.shape == [6])
    #expect {
      try Model(fixed).outputs(for: samples([1, 2, 3, 4, 5, 6]))
    } throws: { "\($0)".contains("all 2 samples were run at once") }
    #expect {
      try Model(fixed).comparison(with: Model(fixed), samples: samples([1, 2, 3, 4, 5, 6]))
    } throws: { "\($0)".contains("all 2 samples were run at once") }
  }

  /// States of a recurrent network have the batch second, and parts of a graph are as many as there are.
  @Test func arraysThatFitTheInputsAreOneRun() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(2)])))
    let h = graph.addInput("h", TensorType(.float32, Shape([.fixed(3), .symbol("N"), .fixed(2)])))
    graph.addOutput(try graph.add(Add(), x, h), name: "y")
    let samples = Samples([
      "x": Tensor([1, 2, 3, 4], shape: [2, 2]),
      "h": Tensor([Float](repeating: 1, count: 12), shape: [3, 2, 2]),
    ])
    var model = try Model(graph)
    let y = try model.outputs(for: samples)[0].tensor
    #expect(try y.shape == [3, 2, 2] && y.floats() == [2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5])
    let folder = try TemporaryFolder()
    try model.write(to: folder.path("model.skiff"))
    #expect(try Certificate(of: model, writtenTo: folder.path("model.skiff"), samples: samples).holds)
  }

  @Test func aCertificateTakesOneSample() throws {
    var model = try Model(graph { graph, x in try graph.add(Tanh(), x) })
    let folder = try TemporaryFolder()
    try model.write(to: folder.path("model.skiff"))
    for count in [1, 2] {
      let samples = samples([Float](repeating: 0.5, count: 3 * count))
      let certificate = try Certificate(of: model, writtenTo: folder.path("model.skiff"), samples: samples)
      #expect(certificate.holds && certificate.inputs.contains("\(count) samples"))
    }
  }

  /// What is learned of a sequence is that of all of it, not of its single frames.
  @Test func certificatesRunSequencesWhole() throws {
    var model = try Model(graph { graph, x in try graph.add(CumSum(), x) })
    let folder = try TemporaryFolder()
    try model.write(to: folder.path("model.skiff"))
    let certificate = try Certificate(
      of: model, writtenTo: folder.path("model.skiff"), samples: samples((0..<12).map(Float.init)))
    #expect(certificate.holds && certificate.inputs.hasPrefix("4 samples at once"), "\(certificate.inputs)")
  }

  /// What another input fixes says how many runs there are.
  @Test func runsAreThoseOfFixedInputs() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(1)])))
    let rate = graph.addInput("rate", TensorType(.float32, Shape([.fixed(1)])))
    graph.addOutput(try graph.add(CumSum(), graph.add(Multiply(), x, rate)), name: "y")
    func found(_ rates: [Float], _ batchSize: Int? = nil) throws -> [Float] {
      let samples = Samples([
        "x": Tensor([1, 1, 1, 1], shape: [4, 1]), "rate": Tensor(rates, shape: [rates.count]),
      ])
      return try Model(graph).outputs(for: samples, batchSize: batchSize)[0].tensor.floats()
    }
    #expect(try found([2]) == [2, 4, 6, 8])
    #expect(try found([2, 3]) == [2, 4, 3, 6])
    #expect(try found([2, 3, 4, 5], 1) == [2, 3, 4, 5])
    #expect(throws: ModelError.self) { try found([2, 3, 4]) }
    #expect(throws: ModelError.self) { try found([2, 3], 3) }
  }

  /// Calibration and measuring take samples one by one where they have nothing to do with each other.
  @Test func independentSamplesAreMeasuredOneByOne() throws {
    func runs(_ operation: any Operator, _ last: any Operator = Relu()) throws -> Int {
      let graph = try graph { graph, x in try graph.add(last, graph.add(operation, x)) }
      return try samples([0, 0, 0] + (0..<15).map { Float($0 % 7) }).separateRuns(for: graph).count
    }
    #expect(try runs(Relu()) == 6)
    #expect(try runs(CumSum()) == 1)
    #expect(try runs(Softmax(axis: 0)) == 1)
    // Networks that read texts have time on the first axis of their output, and samples on the second.
    #expect(try runs(Relu(), Transpose([1, 0])) == 6)
    #expect(try runs(CumSum(), Transpose([1, 0])) == 1)
  }
}
