import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct TextFormTests {
  @Test func theTextIsStable() throws {
    var graph = Graph(name: "net")
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(2)])))
    let w = graph.addConstant(Tensor([1, 2.5] as [Float], shape: [2]), name: "w")
    let large = graph.addConstant(Tensor([Int8](repeating: 3, count: 17), shape: [17]), name: "w")
    let parameters = QuantizationParameters(scales: [0.5, 0.25], axis: 0)
    let q = graph.addConstant(Tensor([-1, 2] as [Int8], shape: [2], quantization: parameters))
    var everything = Everything()
    everything.integers = [2, 2]
    everything.maybe = nil
    everything.outputCount = 2
    let results = try graph.addNode(
      everything, [x, nil, w, large, q], name: "Conv_12",
      origins: [
        Origin(name: "Conv_12", operatorName: "Conv", index: 3), Origin(name: "r", operatorName: "Relu"),
      ], outputNames: ["a name"])
    var foreign = ForeignOperator()
    foreign.dialect = "ai.onnx"
    foreign.kind = "Hardmax"
    foreign.foreignAttributes = [.init("axis", .integer(-1)), .init("an attribute", .reals([]))]
    let y = try graph.add(foreign, results[0])
    graph.addOutput(y, name: "Identity:0")
    graph.addOutput(results[1], name: "y")
    let text = """
      graph @net (%x: f32[N,2]) -> ("Identity:0": %2, y: %1) {
        %w = constant f32[2] = [1.0, 2.5]
        %w#1 = constant i8[17] = digest "b213ab26be028d7ca8e840aad0b07054"
        %0 = constant i8[2]q(axis 0;0.5:0,0.25:0) = [-1, 2]
        %"a name", %1 = Everything(%x, none, %w, %w#1, %0) {integers = [2, 2], maybe = none, results = 2} \
      : f32[N,2], f32[N,2] @ "Conv_12" from Conv #3, Relu "r"
        %2 = Foreign(%"a name") {dialect = "ai.onnx", kind = "Hardmax"} with {axis = -1, "an attribute" = reals []} \
      : ?
      }

      """
    #expect(try graph.text() == text)
  }

  @Test(arguments: Seed.fixedAndFresh) func everyGraphReadsBack(_ seed: Seed) throws {
    var graphs = RandomGraph(seed)
    for _ in 0..<500 {
      let graph = try graphs.next()
      let text = try graph.text(.complete)
      let parsed = try Graph(text: text, catalog: .testing)
      #expect(try difference(graph, parsed) == nil, "\(text)")
      #expect(try parsed.text(.complete) == text)
      #expect(try parsed.semanticDigest() == graph.semanticDigest())
    }
  }

  @Test func wholeTextIsNotNeeded() throws {
    let graph = try Graph(
      text: """
        graph (%x: f32[1]) -> (y: %y) { // a comment
        %c = constant f32[] = [2.0] %y = Everything(%x, %c) // the type is inferred
        }
        """, catalog: .testing)
    #expect(graph[graph.outputs[0].value].type == TensorType(.float32, [1]))
  }

  @Test func numbersReadBackToTheBit() throws {
    let singles: [Float] = [
      0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity, 0.1, 1 / 3,
      16_777_218, .nan,
    ]
    let doubles: [Double] = [-0.0, .leastNonzeroMagnitude, 0.1, 1 / 3, 1e300, -.infinity, .nan]
    let halves = (0...UInt16.max).map { Float16(bitPattern: $0) }
    for tensor in [
      Tensor(singles, shape: [10]), Tensor(doubles, shape: [7]), Tensor(halves, shape: [65536]),
      Tensor([Float(bitPattern: 0x7fc0_0001)], shape: [1]), Tensor([-.nan as Float], shape: [1]),
      Tensor([Double(bitPattern: 0x7ff8_0000_0000_0001), -.nan], shape: [2]),
      Tensor([Double(bitPattern: 0x7ff8_0000_0000_0001)], shape: [1]),
      Tensor([Int64.min, .max], shape: [2]), Tensor([UInt64.max], shape: [1]),
      Tensor([true, false], shape: [2]),
      try Tensor(.boolean, shape: [1], bytes: ByteRegion([2])), Tensor([] as [Float], shape: [2, 0]),
      try Tensor(.int4, shape: [1], bytes: ByteRegion([0xF3])),
      try Tensor(.bfloat16, shape: [2], bytes: ByteRegion([0x12, 0x34, 0xFF, 0x7F])),
    ] {
      var graph = Graph()
      graph.addOutput(graph.addConstant(tensor), name: "y")
      for options in [Graph.TextOptions(inlineElements: 1 << 20), .complete] {
        let parsed = try Graph(text: try graph.text(options), catalog: .testing)
        #expect(try parsed[parsed.outputs[0].value].constant?.materialize() == tensor)
      }
    }
  }

  @Test func elidedConstantsAreSuppliedOrRefused() throws {
    var graph = Graph()
    let tensor = try Tensor(seed: 1, .float32, shape: [100])
    graph.addOutput(graph.addConstant(tensor), name: "y")
    let text = try graph.text()
    let error = #expect(throws: ModelError.self) { try Graph(text: text, catalog: .testing) }
    #expect(error?.description == "2:35: the elements of this constant are left out")
    let parsed = try Graph(text: text, catalog: .testing) { digest, type in
      digest == Digest(of: tensor.bytes) ? Constant(tensor) : nil
    }
    #expect(try difference(graph, parsed) == nil)
  }

  @Test func generatedConstants() throws {
    let graph = try Graph(
      text: """
        graph () -> (a: %a, b: %b, c: %c, d: %d) {
          %a = constant f32[2,2] = zeros
          %b = constant f32[3] = seeded(7)
          %c = constant i8[4]q(0.5:3) = seeded(-1)
          %d = constant i8[7] packed(3) = [-4, 3, -1, 0, 1, 2, -3]
        }
        """, catalog: .testing)
    let tensors = try graph.constantIDs.map { try #require(graph[$0].constant).materialize() }
    #expect(tensors[0] == Tensor([0, 0, 0, 0] as [Float], shape: [2, 2]))
    #expect(try tensors[1].floats() == [-0.22034060955047607, -0.966423511505127, 0.8015213012695312])
    #expect(tensors[2].quantization == QuantizationParameters(scale: 0.5, zeroPoint: 3))
    #expect(try graph.text().contains("%d = constant i8[7] packed(3) = [-4, 3, -1, 0, 1, 2, -3]"))
    #expect(try tensors[1] == Tensor(seed: 7, .float32, shape: [3]))
  }
}
