import Foundation
import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Branches and loops whose graphs have their channels first, and operators that the target lacks.
@Suite(.needsPeer(.check)) struct BodyConversionTests {
  static let kinds = ["branches", "while", "constant count", "computed count"]

  /// Adds a convolution with its channels first, a hard sigmoid, which TensorFlow Lite has not, and what nothing uses.
  private func addLayers(to graph: inout Graph, _ x: ValueID, seed: UInt64) throws -> ValueID {
    let weights = graph.addConstant(try Tensor(seed: seed, .float32, shape: [4, 4, 3, 3]))
    var convolution = Convolution()
    (convolution.layout, convolution.pads) = (.first, [1, 1, 1, 1])
    _ = try graph.add(Selu(), x)
    return try graph.add(HardSigmoid(), graph.add(convolution, x, weights))
  }

  private func branch(seed: UInt64) throws -> Subgraph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 5, 6]))
    graph.addOutput(try addLayers(to: &graph, x, seed: seed), name: "y")
    return Subgraph(graph)
  }

  /// Sums up what the layers give while the greatest element is below 2.
  private func body() throws -> Subgraph {
    var graph = Graph()
    graph.addInput("i", TensorType(.int64, []))
    graph.addInput("go", TensorType(.boolean, []))
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 5, 6]))
    let next = try graph.add(Add(), x, addLayers(to: &graph, x, seed: 3))
    var greatest = ReduceMax()
    (greatest.axes, greatest.keepsDimensions) = ([0, 1, 2, 3], false)
    let limit = graph.addConstant(Tensor(scalar: Float(2)))
    let peak = try graph.add(greatest, next)
    graph.addOutput(try graph.add(Less(), peak, limit), name: "again")
    graph.addOutput(next, name: "next")
    return Subgraph(graph)
  }

  private func graph(_ kind: String) throws -> Graph {
    var graph = Graph(name: "bodies")
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 5, 6]))
    let number = graph.addInput("number", TensorType(.int64, []))
    if kind == "branches" {
      var node = If()
      (node.thenBranch, node.elseBranch, node.thenCount) = (try branch(seed: 1), try branch(seed: 2), 1)
      let condition = try graph.add(Less(), number, graph.addConstant(Tensor(scalar: Int64(3))))
      graph.addOutput(try graph.add(node, condition, x, x), name: "y")
    } else {
      var node = Loop()
      (node.body, node.carriedCount) = (try body(), 1)
      let count: ValueID? =
        switch kind {
        case "while": nil
        case "constant count": graph.addConstant(Tensor(scalar: Int64(2)))
        default: number
        }
      graph.addOutput(try graph.add(node, count, nil, x), name: "y")
    }
    try graph.verify()
    return graph
  }

  @Test(arguments: kinds) func bodiesAreArrangedForTheTarget(kind: String) throws {
    let source = try Model(graph(kind))
    let sets = try ([1, 4] as [Int64]).map { number in
      ["x": try Tensor(seed: 9, .float32, shape: [1, 4, 5, 6]), "number": Tensor(scalar: number)]
    }
    let expected = try source.results(of: sets)
    #expect((kind == "branches" || kind == "computed count") == (expected[0] != expected[1]))
    let folder = try TemporaryFolder()
    let paths = ["tflite", "onnx", "skiff"].map { folder.path("model.\($0)") }
    for path in paths {
      var model = source
      try model.write(to: path)
      try expectEqual(Model(contentsOf: path).results(of: sets), expected)
      let certificate = try Certificate(of: model, writtenTo: path)
      #expect(certificate.holds, "\(certificate.failures)")
    }
    for resolver in ["BUILTIN_REF", "BUILTIN"] {
      try expectEqual(Peer.check.liteRTResults(of: paths[0], resolver: resolver, sets), expected)
    }
    let runtime = try Peer.check.results(
      of: paths[1], under: "ort_run.py", options: ["--level", "all"], sets)
    try expectEqual(runtime, expected)
  }

  /// Exporters write counts and conditions with an axis of one element, which TensorFlow Lite's WHILE does not take.
  @Test func countsAndConditionsOfOneElementAreScalars() throws {
    var graph = Graph(name: "one element")
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 5, 6]))
    let number = graph.addInput("number", TensorType(.int64, [1]))
    var node = Loop()
    (node.body, node.carriedCount) = (try body(), 1)
    let condition = graph.addConstant(try Tensor(integers: [1], as: .boolean, shape: [1]))
    graph.addOutput(try graph.add(node, number, condition, x), name: "y")
    let sets = try ([1, 4] as [Int64]).map { number in
      ["x": try Tensor(seed: 9, .float32, shape: [1, 4, 5, 6]), "number": Tensor([number], shape: [1])]
    }
    var source = try Model(graph)
    let expected = try source.results(of: sets)
    let folder = try TemporaryFolder()
    try source.write(to: folder.path("source.onnx"))
    var model = try Model(contentsOf: folder.path("source.onnx"))
    for path in ["model.onnx", "model.tflite"].map(folder.path) {
      try model.write(to: path)
      let certificate = try Certificate(of: model, writtenTo: path)
      #expect(certificate.holds, "\(certificate.failures)")
    }
    try expectEqual(
      Peer.check.liteRTResults(of: folder.path("model.tflite"), resolver: "BUILTIN", sets), expected)
    try expectEqual(
      Peer.check.results(
        of: folder.path("model.onnx"), under: "ort_run.py", options: ["--level", "all"], sets), expected)
  }

  /// Weights that a body dequantizes stay integers.
  @Test func integersInBodiesStay() throws {
    var body = Graph()
    let x = body.addInput("x", TensorType(.float32, [1, 64]))
    let integers = Tensor((0..<64 * 64).map { Int8($0 % 255 - 127) }, shape: [64, 64])
    let scale = body.addConstant(Tensor(scalar: Float(0.01)))
    let weights = try body.add(DequantizeLinear(), body.addConstant(integers), scale)
    body.addOutput(try body.add(MatrixMultiply(), x, weights), name: "y")
    var graph = Graph(name: "integers")
    var node = If()
    (node.thenBranch, node.elseBranch, node.thenCount) = (Subgraph(body), try same(), 1)
    let condition = graph.addInput("condition", TensorType(.boolean, []))
    let input = graph.addInput("x", TensorType(.float32, [1, 64]))
    graph.addOutput(try graph.add(node, condition, input, input), name: "y")
    var model = try Model(graph)
    let folder = try TemporaryFolder()
    let path = folder.path("model.onnx")
    try model.write(to: path)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0 < 6000)
  }

  private func same() throws -> Subgraph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 64]))
    graph.addOutput(try graph.add(Relu(), x), name: "y")
    return Subgraph(graph)
  }

  private func expectEqual(_ results: [[String: [Float]]], _ expected: [[String: [Float]]]) throws {
    #expect(results.count == expected.count)
    for (result, expected) in zip(results, expected) {
      let (own, other) = (try #require(result["y"]), try #require(expected["y"]))
      #expect(FloatDifference(own, from: other).largestError <= 1e-5)
    }
  }
}
