import Foundation
import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffONNX
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

/// What a written file says beside its operators.
@Suite struct ExportTests {
  private func graph() throws -> Graph {
    var graph = Graph(name: "net")
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(300)])))
    let weights = graph.addConstant(
      Tensor((0..<600).map { Float($0) / 600 }, shape: [2, 300]), name: "weights")
    let y = try graph.add(FullyConnected(), x, weights, name: "product", outputName: "sums")
    graph.addOutput(try graph.add(Relu(), y, name: "clamp", outputName: "inner"), name: "y")
    return graph
  }

  private func read(_ path: String) throws -> Graph {
    var warnings: [Warning] = []
    let graph = try ONNXImporter.makeGraph(from: ONNXModel(mapping: path), warnings: &warnings)
    #expect(warnings.isEmpty)
    return graph
  }

  @Test func namesDimensionsAndOriginAreKept() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("net.onnx")
    try ONNXExporter.write(
      graph(), to: path, producerVersion: "1.2", metadata: [ONNXProperty(key: "skiff.recipe", value: "none")])
    let model = try ONNXModel(mapping: path)
    #expect(model.producerName == "skiff" && model.producerVersion == "1.2")
    #expect(model.metadata == [ONNXProperty(key: "skiff.recipe", value: "none")])
    #expect(model.graph.name == "net" && model.irVersion == 10)
    #expect(model.graph.nodes.map(\.name) == ["product", "clamp"])
    #expect(model.graph.nodes.map(\.operatorName) == ["Gemm", "Relu"])
    #expect(model.graph.initializers.map(\.name) == ["weights"])
    let graph = try read(path)
    #expect(graph[graph.inputs[0]].type == TensorType(.float32, Shape([.symbol("N"), .fixed(300)])))
    #expect(graph.outputs.map(\.name) == ["y"])
  }

  @Test(.needsPeer(.check)) func constantsBeyondAMessageStandBesideIt() throws {
    let folder = try TemporaryFolder()
    let (inside, outside) = (folder.path("inside.onnx"), folder.path("outside.onnx"))
    try ONNXExporter.write(graph(), to: inside)
    try ONNXExporter.write(graph(), to: outside, limit: 1000)
    let size = try ByteRegion(mapping: outside).count
    #expect(size < 1000)
    #expect(try ByteRegion(mapping: outside + ".data").count == 2400)
    #expect(!FileManager.default.fileExists(atPath: inside + ".data"))
    #expect(try read(outside).semanticDigest() == read(inside).semanticDigest())
    try Peer.check.run("onnx_check.py", [inside, outside])
  }

  @Test func nothingIsLeftWhereAFileCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("net.onnx")
    // The place of the tensors is taken by a folder.
    try FileManager.default.createDirectory(atPath: path + ".data", withIntermediateDirectories: false)
    let error = #expect(throws: ModelError.self) { try ONNXExporter.write(graph(), to: path, limit: 1000) }
    #expect(error?.code == .inputOutput)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path(".")) == ["net.onnx.data"])
    // A message that is too long without any tensor.
    let other = #expect(throws: ModelError.self) {
      try ONNXExporter.write(graph(), to: folder.path("b.onnx"), limit: 10)
    }
    #expect(other?.code == .limitExceeded)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path(".")) == ["net.onnx.data"])
  }

  @Test func everyNodeThatCannotBeSaidIsNamed() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4]))
    var padding = Pad(.symmetric)
    padding.content = .symmetric
    let pads = graph.addConstant(Tensor([Int64](arrayLiteral: 0, 1, 0, 1), shape: [4]))
    let first = try graph.add(padding, x, pads, name: "first")
    graph.addOutput(try graph.add(padding, first, pads, name: "second"), name: "y")
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelError.self) {
      try ONNXExporter.write(graph, to: folder.path("net.onnx"))
    }
    #expect(error?.code == .unsupported)
    #expect(error?.description.contains("node 'first' (Pad)") == true)
    #expect(error?.notes.count == 1 && error?.notes[0].contains("node 'second' (Pad)") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path(".")).isEmpty)
  }

  @Test func whatRunsLeaveForTheNextIsRefused() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2]))
    let state = graph.addState("sum", initial: Constant(Tensor([Float](arrayLiteral: 0, 0), shape: [2])))
    let sum = try graph.add(Add(), x, state)
    graph.setNext(of: state, to: sum)
    graph.addOutput(sum, name: "y")
    let folder = try TemporaryFolder()
    #expect(throws: ModelError.self) { try ONNXExporter.write(graph, to: folder.path("net.onnx")) }
  }

  /// An input that is an output, one value under two names, a constant, and a name that an input has.
  @Test(.needsPeer(.check)) func outputsThatAreNoResults() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2]))
    let y = try graph.add(Relu(), x, outputName: "y")
    let constant = graph.addConstant(Tensor([Float](arrayLiteral: 1, 2), shape: [2]), name: "c")
    graph.addOutput(x, name: "x")
    graph.addOutput(y, name: "y")
    graph.addOutput(y, name: "z")
    graph.addOutput(x, name: "w")
    graph.addOutput(constant, name: "c")
    let folder = try TemporaryFolder()
    let path = folder.path("net.onnx")
    try ONNXExporter.write(graph, to: path)
    #expect(try read(path).outputs.map(\.name).prefix(4) == ["x", "y", "z", "w"])
    try Peer.check.run("onnx_check.py", [path])
  }

  /// Slices, sums and concatenations say it: parts along no, one and all axes, that begin before, in and beyond the data.
  @Test(
    .needsPeer(.check),
    arguments: [([2, 3, 4], [2, 3, 4]), ([2, 3, 4], [2, 1, 4]), ([3, 4], [2, 2]), ([5], [0]), ([], [])])
  func partsOfTensorsAreReplaced(data: [Int], part: [Int]) throws {
    var graph = Graph()
    let count = data.reduce(1, *)
    let x = graph.addInput("x", TensorType(.int8, Shape(data)))
    let update = graph.addConstant(
      try Tensor(integers: Array(100..<100 + part.reduce(1, *)), as: .int8, shape: part))
    let starts = graph.addInput("starts", TensorType(.int64, [data.count]))
    graph.addOutput(try graph.add(SliceUpdate(), x, update, starts), name: "y")
    let folder = try TemporaryFolder()
    let path = folder.path("net.onnx")
    try ONNXExporter.write(graph, to: path)
    let whole = try Tensor(integers: Array(0..<count), as: .int8, shape: data)
    let sets = try [-3, 1, 9].map { start in
      let starts = Array(repeating: start, count: data.count)
      return ["x": whole, "starts": try Tensor(integers: starts, as: .int64, shape: [data.count])]
    }
    let results = try Peer.check.outputs(
      of: path, under: "ort_run.py", inputs: sets.map { try $0.mapValues { try NumPyArray($0) } })
    let session = try Session(Plan(graph))
    for (set, result) in zip(sets, results) {
      let own = try #require(try session.run(set)["y"])
      #expect(try NumPyArray(own) == result["y"])
    }
  }

  /// Without axes those go whose size turns out to be 1.
  @Test(.needsPeer(.check)) func openSizesAreSqueezedWhenTheyAreKnown() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(1), .symbol("M")])))
    graph.addOutput(try graph.add(Squeeze(axes: []), x), name: "y")
    let folder = try TemporaryFolder()
    let path = folder.path("net.onnx")
    try ONNXExporter.write(graph, to: path)
    let sets = try [[1, 1, 4], [3, 1, 1], [2, 1, 3]].map { shape in
      ["x": try NumPyArray(Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape))]
    }
    let results = try Peer.check.outputs(of: path, under: "ort_run.py", inputs: sets)
    #expect(results.map { $0["y"]?.shape } == [[4], [3], [2, 3]])
  }
}
