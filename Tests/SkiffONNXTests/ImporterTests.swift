import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffONNX
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct ImporterTests {
  private func graph(_ bytes: [UInt8]) throws(ModelError) -> (graph: Graph, warnings: [Warning]) {
    var warnings: [Warning] = []
    let graph = try ONNXImporter.makeGraph(from: ONNXModel(parsing: ByteRegion(bytes)), warnings: &warnings)
    return (graph, warnings)
  }

  private func failure(_ bytes: [UInt8]) -> String? {
    do throws(ModelError) {
      _ = try graph(bytes)
      return nil
    } catch {
      return error.message
    }
  }

  @Test func theSampleRuns() throws {
    let (graph, warnings) = try graph(ModelBytes.sample)
    #expect(warnings == [])
    #expect(
      graph.inputs.map { graph[$0].type } == [TensorType(.float32, Shape([.symbol("N"), .fixed(150)]))])
    #expect(graph.outputs.map(\.name) == ["d"])
    let x = Tensor([Float](repeating: 0.5, count: 300), shape: [2, 150])
    let outputs = try Session(Plan(graph, inputShapes: ["x": [2, 150]])).run(["x": x])
    let expected = (0..<300).map { Float($0) * 0.5 + 1 }
    #expect(outputs == ["d": Tensor(expected, shape: [30, 10])])
  }

  @Test func nodesKnowWhereTheyComeFrom() throws {
    let graph = try graph(ModelBytes.sample).graph
    let origins = graph.nodeIDs.flatMap { graph[$0].origins }
    #expect(origins.map(\.operatorName) == ["Mul", "Add", "Relu", "Reshape"])
    #expect(origins.map(\.index) == [0, 1, 2, 3])
    #expect(origins[0].name == "the_Mul")
    #expect(graph.nodeIDs.map { graph[graph[$0].outputs[0]].name } == ["a", "b", "c", "d"])
  }

  @Test func weightsStayInTheFile() throws {
    let region = ByteRegion(ModelBytes.sample)
    var warnings: [Warning] = []
    let graph = try ONNXImporter.makeGraph(from: ONNXModel(parsing: region), warnings: &warnings)
    let large = try #require(graph.constantIDs.first { graph[$0].name == "large" })
    let bytes = try #require(graph[large].constant?.bytes)
    #expect(bytes.count == 1200 && bytes.offset > 0)
    #expect(
      region.withBytes { UInt(bitPattern: $0.baseAddress) } + UInt(bytes.offset)
        == bytes.withBytes { UInt(bitPattern: $0.baseAddress) })
  }

  @Test func aTensorUsedTwiceIsOneConstantAndMayBeListedAsInput() throws {
    let bytes = ModelBytes.model(opset: 7, irVersion: 3) { graph in
      graph.message(1, ModelBytes.node("Add", ["x", "w"], ["a"]))
      graph.message(1, ModelBytes.node("Mul", ["a", "w"], ["y"]))
      graph.message(5, ModelBytes.tensor("w", [2], [1, 2]))
      graph.message(11, ModelBytes.valueInfo("x", [2]))
      graph.message(11, ModelBytes.valueInfo("w", [2]))
      graph.message(12, ModelBytes.valueInfo("y", [2]))
    }
    let graph = try graph(bytes).graph
    #expect(graph.inputs.map { graph[$0].name } == ["x"])
    #expect(graph.constantIDs.count == 1)
    #expect(graph.constantIDs.map { graph[$0].users.count } == [2])
  }

  @Test func dynamicDimensionsBecomeSymbols() throws {
    let bytes = ModelBytes.model { graph in
      graph.message(11, ModelBytes.valueInfo("x.1", ["?", "batch", -1, 0, 3]))
      graph.message(11, ModelBytes.valueInfo("y", ["?", "batch", "x_1_0", 1.5]))
      graph.message(12, ModelBytes.valueInfo("y", []))
    }
    let graph = try graph(bytes).graph
    let shapes = graph.inputs.map { graph[$0].type?.shape.description }
    #expect(shapes == ["[x_1_0_1,batch,x_1_2,x_1_3,3]", "[y_0,batch,x_1_0,y_3]"])
  }

  @Test func unknownOperatorsAreKeptAndReportedTogether() throws {
    let bytes = ModelBytes.model { graph in
      graph.message(1, ModelBytes.node("Mystery", ["x"], ["a"], ModelBytes.attribute("depth", 3)))
      graph.message(1, ModelBytes.node("Mystery", ["a"], ["b"]))
      graph.message(1, ModelBytes.node("Relu", ["b"], ["c"]))
      graph.message(1, ModelBytes.node("Riddle", ["c"], ["y"], domain: "com.example"))
      graph.message(11, ModelBytes.valueInfo("x", [2]))
      graph.message(12, ModelBytes.valueInfo("y", [2]))
    }
    #expect(failure(bytes) == "the model does not import the operator set 'com.example'")
    let imported =
      bytes
      + WireBytes {
        $0.message(8) {
          $0.text(1, "com.example")
          $0.integer(2, 1)
        }
      }.bytes
    let (graph, warnings) = try graph(imported)
    #expect(
      warnings.map(\.message) == [
        "operator 'Mystery' of version 13 is not known (and 1 more nodes); it is kept, but cannot run",
        "operator 'com.example.Riddle' of version 1 is not known; it is kept, but cannot run",
      ])
    let first = try #require(graph.nodeIDs.first.map { graph[$0].operator } as? ForeignOperator)
    #expect(first.kind == "Mystery")
    #expect(first.foreignAttributes == [.init("depth", .integer(3))])
  }

  @Test func functionsOfTheFileAreInlined() throws {
    let bytes =
      ModelBytes.model { graph in
        graph.message(
          1, ModelBytes.node("Twice", ["x"], ["y"], domain: "local", ModelBytes.attribute("axis", 1)))
        graph.message(11, ModelBytes.valueInfo("x", [2]))
        graph.message(12, ModelBytes.valueInfo("y", [2]))
      }
      + WireBytes { model in
        model.message(25) { function in
          function.text(1, "Twice")
          function.text(4, "p")
          function.text(5, "q")
          function.text(6, "axis")
          function.message(7, ModelBytes.node("Add", ["p", "p"], ["x"]))
          function.message(7, ModelBytes.node("Relu", ["x"], ["q"]))
          function.message(9) { $0.integer(2, 13) }
          function.text(10, "local")
        }
      }.bytes
    let graph = try graph(bytes).graph
    let outputs = try Session(Plan(graph)).run(["x": Tensor([3, -1] as [Float], shape: [2])])
    #expect(outputs == ["y": Tensor([6, 0] as [Float], shape: [2])])
  }

  @Test func functionsThatCallThemselvesAreRefused() {
    let bytes =
      ModelBytes.model { graph in
        graph.message(1, ModelBytes.node("Loop", ["x"], ["y"], domain: "local"))
        graph.message(11, ModelBytes.valueInfo("x", [2]))
      }
      + WireBytes { model in
        model.message(25) { function in
          function.text(1, "Loop")
          function.text(4, "p")
          function.text(5, "q")
          function.message(7, ModelBytes.node("Loop", ["p"], ["q"], domain: "local"))
          function.text(10, "local")
        }
      }.bytes
    #expect(failure(bytes) == "functions nest deeper than 64")
  }

  @Test func oldBinaryOperatorsBroadcastByAttributes() throws {
    let bytes = ModelBytes.model(opset: 6) { graph in
      graph.message(
        1,
        ModelBytes.node(
          "Add", ["x", "w"], ["y"], ModelBytes.attribute("broadcast", 1), ModelBytes.attribute("axis", 1)))
      graph.message(5, ModelBytes.tensor("w", [2], [10, 20]))
      graph.message(11, ModelBytes.valueInfo("x", [1, 2, 2]))
      graph.message(12, ModelBytes.valueInfo("y", [1, 2, 2]))
    }
    let outputs = try Session(Plan(graph(bytes).graph)).run([
      "x": Tensor([0, 1, 2, 3] as [Float], shape: [1, 2, 2])
    ])
    #expect(outputs == ["y": Tensor([10, 11, 22, 23] as [Float], shape: [1, 2, 2])])
  }

  @Test func oneContradictionOneError() {
    func model(_ build: @escaping (inout WireBytes) -> Void) -> [UInt8] {
      ModelBytes.model { graph in
        build(&graph)
        graph.message(11, ModelBytes.valueInfo("x", [2]))
      }
    }
    let contradictions: [(bytes: [UInt8], expected: String)] = [
      (model { $0.message(1, ModelBytes.node("Relu", ["z"], ["y"])) }, "the operand is not computed before"),
      (model { $0.message(12, ModelBytes.valueInfo("y", [2])) }, "the output is never computed"),
      (model { $0.message(1, ModelBytes.node("Relu", ["x"], ["x"])) }, "the result is computed twice"),
      (model { $0.message(1, ModelBytes.node("Relu", ["x"], ["y", "z"])) }, "there is no such result"),
      (
        model { $0.message(1, ModelBytes.node("Transpose", ["x"], ["y"], ModelBytes.attribute("perm", 1))) },
        "expected a list of integers"
      ),
    ]
    for (bytes, expected) in contradictions { #expect(failure(bytes) == expected) }
  }
}
