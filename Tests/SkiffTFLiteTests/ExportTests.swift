import Foundation
import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

import SkiffTFLite

@Suite struct ExportTests {
  /// A graph of one input and what `build` adds.
  private func graph(
    _ shape: Shape, _ build: (inout Graph, ValueID) throws -> ValueID
  ) throws -> Graph {
    var graph = Graph(name: "test")
    let input = graph.addInput("x", TensorType(.float32, shape))
    graph.addOutput(try build(&graph, input), name: "y")
    try graph.verify()
    return graph
  }

  private func weights(_ shape: [Int], seed: UInt64 = 3) throws -> Tensor {
    try Tensor(seed: seed, .float32, shape: shape)
  }

  /// Writes the graph, runs it in LiteRT with both resolvers and here, and compares; returns the file's operators.
  @discardableResult
  private func check(
    _ graph: Graph, bound: Double = 1e-5,
    resolvers: [String] = ["BUILTIN_REF", "BUILTIN"]
  ) throws -> [String] {
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    try Runs.write(graph, to: path)
    let inputs = try Runs.inputs(graph, count: 3, seed: Seed(11), bound: 3)
    let ours = try Runs.outputs(graph, inputs, reference: true)
    for resolver in resolvers {
      try expectClose(ours, Runs.peerOutputs(path, graph, inputs, resolver: resolver), bound, resolver)
    }
    let again = try Runs.graph(path)
    #expect(again.warnings.isEmpty, "\(again.warnings)")
    let back = try Runs.outputs(again.graph, inputs, reference: true)
    try expectClose(back, ours.map { try $0.map { try $0.array() } }, bound, "read back")
    let model = try TFLiteModel(parsing: ByteRegion(mapping: path))
    return model.subgraphs[0].operators.map { model.operatorCodes[$0.code].name }
  }

  /// A value keeps its name where another one with a number behind its name is made on the way.
  @Test func namesOfTheGraphAreLeftToIt() throws {
    let graph = try Graph(
      text: """
        graph (%x: f32[2,3]) -> (y: %y) {
          %n = Relu(%x) : f32[2,3]
          %n#1 = Quantize(%n) {dataType = "i8"} : i8[2,3]q(0.1:0)
          %n#2 = Dequantize(%n#1) : f32[2,3]
          %n_1 = Tanh(%n#2) : f32[2,3]
          %y = Sigmoid(%n_1) : f32[2,3]
        }
        """, catalog: .standard)
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    try Runs.write(graph, to: path)
    let again = try Runs.graph(path).graph
    let tanh = try #require(again.nodeIDs.first { again[$0].operator is Tanh })
    #expect(again[again[tanh].outputs[0]].name == "n_1")
  }

  /// Integers that stand in the same bytes are other numbers with another scale.
  @Test func equalBytesWithOtherScalesAreOtherConstants() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [4]))
    let bytes = Tensor([1, 2, 3, -4] as [Int8], shape: [4]).bytes
    var sum = x
    for scale in [1, 10] as [Float] {
      let integers = try Constant(
        .int8, shape: [4], quantization: QuantizationParameters(scale: scale),
        bytes: bytes)
      let reals = graph.addConstant(try integers.transformed(by: .dequantize))
      sum = try graph.add(Add(), sum, reals)
    }
    graph.addOutput(sum, name: "y")
    let folder = try TemporaryFolder()
    try Runs.write(graph, to: folder.path("model.tflite"))
    let read = try Runs.graph(folder.path("model.tflite")).graph
    let constants = try read.constantIDs.compactMap { try read[$0].constant?.materialize().floats() }
    #expect(constants == [[1, 2, 3, -4], [10, 20, 30, -40]])
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      ([0, 0, 0, 0], 1, ["CONV_2D"]), ([1, 1, 1, 1], 1, ["CONV_2D"]), ([0, 0, 1, 1], 2, ["CONV_2D"]),
      ([1, 1, 1, 1], 2, ["PAD", "CONV_2D"]), ([2, 0, 1, 3], 1, ["PAD", "CONV_2D"]),
    ])
  func paddingIsSameOrValidOrItsOwnOperator(pads: [Int], stride: Int, expected: [String]) throws {
    let graph = try graph([1, 8, 8, 3]) { graph, input in
      var convolution = Convolution()
      convolution.layout = .last
      convolution.pads = pads
      convolution.strides = [stride, stride]
      convolution.activation = .relu
      let weights = graph.addConstant(try weights([4, 3, 3, 3]), name: "w")
      let bias = graph.addConstant(try self.weights([4], seed: 5), name: "b")
      return try graph.add(convolution, input, weights, bias)
    }
    #expect(try check(graph) == expected)
  }

  @Test(.needsPeer(.check)) func depthwiseAndFlatConvolutionsTakeTheFormatsForm() throws {
    let depthwise = try graph([1, 7, 7, 4]) { graph, input in
      var convolution = Convolution()
      convolution.layout = .last
      convolution.groups = 4
      convolution.padding = .sameUpper
      return try graph.add(convolution, input, graph.addConstant(try weights([8, 3, 3, 1])))
    }
    #expect(try check(depthwise) == ["DEPTHWISE_CONV_2D"])
    let flat = try graph([2, 16, 3]) { graph, input in
      var convolution = Convolution()
      convolution.layout = .last
      convolution.strides = [2]
      convolution.pads = [1, 2]
      let result = try graph.add(convolution, input, graph.addConstant(try weights([5, 4, 3])))
      var pool = MaxPool()
      pool.layout = .last
      pool.size = [2]
      pool.strides = [2]
      return try graph.add(pool, result)
    }
    #expect(
      try check(flat) == ["RESHAPE", "PAD", "CONV_2D", "RESHAPE", "RESHAPE", "MAX_POOL_2D", "RESHAPE"])
  }

  @Test(.needsPeer(.check)) func whatTheFormatLacksIsComposed() throws {
    let operators: [any Operator] = [
      Clip(minimum: -0.5, maximum: 1.25), Clip(minimum: 0, maximum: 6), HardSigmoid(), Softplus(), Mish(),
      Selu(),
      Celu(), Swish(), Softsign(), Reciprocal(), LogSigmoid(), Tan(), Softmax(axis: 1), LogSoftmax(),
      HardSwish(),
      Gelu(), Abs(), Square(), Sigmoid(), Tanh(), Floor(), Round(), LeakyRelu(), Elu(),
    ]
    for item in operators {
      let graph = try graph([2, 3, 4]) { graph, input in try graph.add(item, input) }
      // Tangents and reciprocals near their poles magnify the last bit of what they are made of.
      // The reference resolver has neither CEIL nor ELU nor ROUND.
      try check(
        graph, bound: item is Tan || item is Reciprocal ? 1e-3 : 1e-5,
        resolvers: item is Elu || item is Round ? ["BUILTIN"] : ["BUILTIN_REF", "BUILTIN"])
    }
  }

  @Test(.needsPeer(.check)) func dynamicSizesStayOpen() throws {
    let graph = try graph(Shape([.symbol("N"), .fixed(4)])) { graph, input in
      let dense = try graph.add(
        FullyConnected(), input, graph.addConstant(try weights([6, 4])), graph.addConstant(try weights([6])))
      let shape = graph.addConstant(Tensor([-1, 2, 3] as [Int64], shape: [3]))
      return try graph.add(Reshape(), dense, shape)
    }
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    try Runs.write(graph, to: path)
    let model = try TFLiteModel(parsing: ByteRegion(mapping: path))
    #expect(model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shapeSignature == [-1, 4])
    #expect(model.signatures[0].inputs == [.init(name: "x", tensor: model.subgraphs[0].inputs[0])])
    let input = ["x": try weights([5, 4], seed: 9)]
    let ours = try Runs.outputs(graph, [input])
    try expectClose(ours, Runs.peerOutputs(path, graph, [input]), 1e-5)
    #expect(ours[0][0].shape == [5, 2, 3])
  }

  @Test(.needsPeer(.check)) func plainNarrowIntegersComputeInWiderOnes() throws {
    for type in [DataType.int8, .uint8, .int16] {
      var graph = Graph(name: "narrow")
      let x = graph.addInput("x", TensorType(type, [2, 3]))
      let limit = graph.addConstant(try Tensor(integers: [50], as: type, shape: [1]))
      graph.addOutput(try graph.add(Less(), x, limit), name: "less")
      graph.addOutput(try graph.add(Add(), x, limit), name: "sum")
      try graph.verify()
      #expect(try check(graph).contains("CAST"))
    }
  }

  @Test(.needsPeer(.check)) func constantIndicesCountFromTheStart() throws {
    let graph = try graph([4, 3]) { graph, input in
      let places = graph.addConstant(Tensor([-1, 0, -4] as [Int64], shape: [3]))
      return try graph.add(Gather(axis: 0), input, places)
    }
    #expect(try check(graph) == ["GATHER"])
  }

  @Test(.needsPeer(.check)) func copiedSizesMayBeOpen() throws {
    let graph = try graph(Shape([.symbol("N"), .symbol("M"), .fixed(4)])) { graph, input in
      try graph.add(Reshape(), input, graph.addConstant(Tensor([0, -1] as [Int64], shape: [2])))
    }
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    try Runs.write(graph, to: path)
    let input = ["x": try weights([2, 3, 4], seed: 9)]
    let ours = try Runs.outputs(graph, [input])
    #expect(ours[0][0].shape == [2, 12])
    try expectClose(ours, Runs.peerOutputs(path, graph, [input]), 0)
    let again = try Runs.outputs(Runs.graph(path).graph, [input])
    #expect(again[0][0].shape == [2, 12])
  }

  @Test(.needsPeer(.check)) func tiedConstantsAreStoredOnceAndReals16BitsWide() throws {
    var graph = try graph([1, 32]) { graph, input in
      let tied = graph.addConstant(try weights([32, 32]), name: "w")
      let first = try graph.add(FullyConnected(), input, tied)
      return try graph.add(FullyConnected(), first, tied)
    }
    let folder = try TemporaryFolder()
    try Runs.write(graph, to: folder.path("a.tflite"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("a.tflite"))).count < 6000)
    let id = try #require(graph.constantIDs.first)
    let rounded = try #require(graph[id].constant)
      .transformed(by: .cast(.float16)).transformed(by: .cast(.float32))
    graph.setConstant(id, to: rounded)
    #expect(try check(graph) == ["DEQUANTIZE", "FULLY_CONNECTED", "FULLY_CONNECTED"])
    try Runs.write(graph, to: folder.path("b.tflite"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("b.tflite"))).count < 4000)
  }

  @Test func everyRefusalIsNamed() throws {
    let graph = try graph([1, 4]) { graph, input in
      let first = try graph.add(Einsum("ij->ij"), input, name: "first")
      let second = try graph.add(Einsum("ij->ij"), first, name: "second")
      return try graph.add(Relu(), second, name: "third")
    }
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelError.self) { try Runs.write(graph, to: folder.path("x.tflite")) }
    #expect(error?.code == .unsupported)
    let text = error?.description ?? ""
    #expect(text.contains("first") && text.contains("second") && !text.contains("third"), "\(text)")
    #expect(try folder.contents() == [])
  }
}
