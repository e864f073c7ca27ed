import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct SessionTests {
  /// `relu(x + [1, −2])` for any number of rows.
  private func sample() throws -> Graph {
    var graph = Graph(name: "sample")
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(2)])))
    let c = graph.addConstant(Tensor([1, -2] as [Float], shape: [2]))
    let sum = try graph.add(Add(), x, c)
    graph.addOutput(try graph.add(Relu(), sum), name: "y")
    try graph.verify()
    return graph
  }

  @Test func aSymbolBecomesASizeWhenPlanned() throws {
    let plan = try Plan(sample(), inputShapes: ["x": [2, 2]])
    let outputs = try Session(plan).run(["x": Tensor([0, 1, -3, 5] as [Float], shape: [2, 2])])
    #expect(outputs == ["y": Tensor([1, 0, 0, 3] as [Float], shape: [2, 2])])
  }

  @Test func aSizeThatIsMissingOrContradictsIsRefused() throws {
    #expect(throws: ModelError.self) { try Plan(sample()) }
    #expect(throws: ModelError.self) { try Plan(sample(), inputShapes: ["x": [2, 3]]) }
    #expect(throws: ModelError.self) { try Plan(sample(), inputShapes: ["z": [2, 2]]) }
  }

  @Test func wrongInputsAreNamed() throws {
    let session = Session(try Plan(sample(), inputShapes: ["x": [1, 2]]))
    let x = Tensor([0, 1] as [Float], shape: [1, 2])
    #expect(throws: ModelError.self) { try session.run([:]) }
    #expect(throws: ModelError.self) { try session.run(["x": x, "z": x]) }
    #expect(throws: ModelError.self) { try session.run(["x": x.reshaped(to: [2])]) }
    #expect(throws: ModelError.self) { try session.run(["x": Tensor([0, 1] as [Double], shape: [1, 2])]) }
  }

  @Test func everyNodeWithoutAKernelIsNamed() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2]))
    var foreign = ForeignOperator()
    foreign.kind = "Mystery"
    for index in 0..<2 {
      let y = try graph.add(
        foreign, x, origins: [Origin(name: "m\(index)", operatorName: "Mystery", index: index)])
      graph.addOutput(y, name: "y\(index)")
    }
    do {
      _ = try Plan(graph)
      Issue.record("a plan without kernels")
    } catch {
      #expect(error.description.contains("node 'm0'"))
      #expect(error.notes.contains { $0.contains("node 'm1'") })
    }
  }

  @Test func theObserverSeesEveryValueOnce() throws {
    let graph = try sample()
    var seen: [ValueID: [Float]] = [:]
    _ = try Session(Plan(graph, inputShapes: ["x": [1, 2]])).run(
      ["x": Tensor([0, 1] as [Float], shape: [1, 2])]
    ) { (id, tensor) throws(ModelError) in seen[id] = try tensor.floats() }
    #expect(seen.values.sorted { $0[1] < $1[1] } == [[1, -1], [1, 0], [0, 1]])
  }

  @Test func aRecordedShapeThatIsNotTrueIsFoundWhenItRuns() throws {
    for recorded: Shape in [[2, 2], [9, 9]] {
      let parameters = QuantizationParameters(scale: 0.5)
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.int8, [5, 4], quantization: parameters))
      let shape = graph.addInput("shape", TensorType(.int64, [2]))
      let y = try graph.add(
        Reshape(), x, shape, type: TensorType(.int8, recorded, quantization: parameters))
      let type = TensorType(.int8, recorded, quantization: parameters)
      graph.addOutput(try graph.add(Relu(), y, type: type), name: "y")
      let session = Session(try Plan(graph))
      let inputs = [
        "x": Tensor([Int8](repeating: 1, count: 20), shape: [5, 4]),
        "shape": Tensor([Int64(5), 4], shape: [2]),
      ]
      #expect(throws: ModelError.self) { try session.run(inputs) }
    }
  }

  /// Recurrent operators transpose constant weights when the plan is made and multiply them by vectors; others do it plainly.
  @Test(arguments: Seed.fixedAndFresh) func recurrentOperatorsWithConstantWeights(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for index in 0..<60 {
        let direction = generator.pick(RecurrentDirection.allCases)
        var (lstm, gru, rnn) = (LSTM(), GRU(), RNN())
        (lstm.direction, gru.direction, rnn.direction) = (direction, direction, direction)
        gru.resetsAfter = generator.integer(0...1) == 0
        let (node, gates) = [(lstm as any Operator, 4), (gru, 3), (rnn, 1)][index % 3]
        let (features, hidden) = (generator.integer(1...20), generator.integer(1...20))
        let shapes = [
          [generator.integer(1...4), generator.integer(1...3), features],
          [direction.count, gates * hidden, features], [direction.count, gates * hidden, hidden],
          [direction.count, 2 * gates * hidden],
        ]
        let operands = shapes.map { generator.floatTensor($0) }
        var results: [[String: Tensor]] = []
        for (isConstant, usesReferenceKernels) in [(true, false), (true, true), (false, false)] {
          var graph = Graph()
          var inputs = ["x": operands[0]]
          var values = [graph.addInput("x", operands[0].type)]
          for (place, tensor) in operands.enumerated().dropFirst() {
            if isConstant {
              values.append(graph.addConstant(tensor))
            } else {
              values.append(graph.addInput("w\(place)", tensor.type))
              inputs["w\(place)"] = tensor
            }
          }
          for (place, id) in try graph.addNode(node, values.map { $0 }).enumerated() {
            graph.addOutput(id, name: "y\(place)")
          }
          let session = Session(try Plan(graph, usesReferenceKernels: usesReferenceKernels))
          _ = try session.run(inputs)
          results.append(try session.run(inputs))
        }
        #expect(results[1] == results[2], "\(seed), \(index)")
        for (name, expected) in results[1] {
          let found = try #require(results[0][name]).floats()
          let difference = FloatDifference(found, from: try expected.floats())
          #expect(
            difference.largestError <= 1e-5 * max(1, difference.range), "\(seed), \(index): \(difference)")
        }
      }
    }
  }
}
