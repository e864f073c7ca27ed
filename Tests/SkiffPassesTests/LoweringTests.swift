import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

@Suite struct LoweringTests {
  /// A target that has what the expressions are made of and nothing else.
  private static let basic = LoweringTarget { node, _ in
    let operators: [any Operator.Type] = [
      Abs.self, Add.self, Cos.self, Divide.self, Erf.self, Exp.self, Greater.self, Log.self, Maximum.self,
      Minimum.self, Multiply.self, Negate.self, ReduceMax.self, ReduceMean.self, ReduceSum.self, Relu.self,
      Reshape.self, Rsqrt.self, Select.self, Sigmoid.self, Sin.self, Sqrt.self, Squeeze.self, Subtract.self,
      Tanh.self,
    ]
    return operators.contains { $0 == type(of: node.operator) }
  }

  private func graph(_ node: String, shape: String = "2,6,3,4", constants: String = "") -> String {
    """
    graph @t (%x: f32[\(shape)]) -> (y: %y) {
    \(constants)
      %y = \(node) : f32[\(shape)]
    }
    """
  }

  /// Sizes come from files: what 32 bits do not count is left as it is.
  @Test func hugeTensorsAreLeftAlone() throws {
    let (side, count) = (1 << 40, 1 << 31 - 1)
    let places = Constant(try Tensor(integers: [0, 1], as: .int64, shape: [2, 1, 1]))
    var (greatest, norm) = (MaxPool(), LpPool())
    (greatest.layout, greatest.size) = (.last, [1, 1, 1])
    (norm.layout, norm.size) = (.last, [Int](repeating: count, count: 3))
    norm.pads = [Int](repeating: count, count: 6)
    let cases: [(any Operator, Shape, Constant?)] = [
      (greatest, Shape([1, 2, count, count, 1].map { .fixed($0) }), nil), (norm, [1, 2, 2, 2, 1], nil),
      (GatherElements(), Shape([4, side, side].map { .fixed($0) }), places),
      (Hardmax(), Shape([.fixed(side)]), nil), (EyeLike(), Shape([side, 0].map { .fixed($0) }), nil),
      (GroupNormalization(), Shape([0, 1, side, side, side].map { .fixed($0) }), nil),
    ]
    for (node, shape, constant) in cases {
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.float32, shape))
      let result = try graph.addNode(node, [x] + [constant].compactMap { $0.map { graph.addConstant($0) } })[
        0]
      graph.addOutput(result, name: "y")
      var report = PassReport()
      try Pipeline.lowering(for: LoweringTarget { other, _ in type(of: other.operator) != type(of: node) })
        .run(
          on: &graph, report: &report)
      #expect(graph.nodeIDs.count == 1, "\(node)")
    }
  }

  @Test func swishIsAProduct() throws {
    let check = try PassCheck(.lowering(for: Self.basic), on: graph("Swish(%x)"))
    #expect(check.nodes == ["%0 = Sigmoid(%x)", "%y = Multiply(%x, %0)"])
  }

  @Test func hardSigmoidClampsASum() throws {
    let check = try PassCheck(.lowering(for: Self.basic), on: graph("HardSigmoid(%x) {alpha = 0.25}"))
    #expect(
      check.nodes == [
        "%3 = Multiply(%x, %0)", "%4 = Add(%3, %1) {activation = \"relu6\"}", "%y = Multiply(%4, %2)",
      ])
  }

  /// Everything that has an expression computes the same by it.
  @Test(arguments: [
    "Celu(%x) {alpha = 1.5}", "Clip(%x) {minimum = -2.0, maximum = 1.0}", "Clip(%x) {minimum = 2.0}",
    "Elu(%x) {alpha = 0.7}", "Gelu(%x)", "Gelu(%x) {approximation = \"tanh\"}", "HardSigmoid(%x)",
    "HardSwish(%x)", "LogSigmoid(%x)", "Mish(%x)", "Selu(%x)", "Softplus(%x)", "Softsign(%x)", "Swish(%x)",
    "ThresholdedRelu(%x)", "InstanceNormalization(%x)", "GroupNormalization(%x) {groups = 3}",
    "GroupNormalization(%x) {layout = \"last\", groups = 2}", "MeanVarianceNormalization(%x)",
    "LayerNormalization(%x) {axis = -2}", "RMSNormalization(%x) {axis = 2}",
    "LpNormalization(%x) {order = 1}",
    "LpNormalization(%x) {axis = 1}",
  ])
  func expressionsComputeTheSame(node: String) throws {
    let check = try PassCheck(.lowering(for: Self.basic), on: graph(node))
    let name = try #require(node.split(separator: "(").first)
    #expect(!check.nodes.contains { $0.contains("= \(name)(") })
  }

  @Test(arguments: ["ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"], [true, false])
  func reductionsComputeTheSame(name: String, keepsDimensions: Bool) throws {
    let check = try PassCheck(
      .lowering(for: Self.basic),
      on: """
        graph @t (%x: f32[2,6,3,4]) -> (y: %y) {
          %y = \(name)(%x) {axes = [1, -1], keepsDimensions = \(keepsDimensions)} : \
        \(keepsDimensions ? "f32[2,1,3,1]" : "f32[2,3]")
        }
        """)
    #expect(!check.nodes.contains { $0.contains(name) })
  }

  @Test func parametersOfNormalizationsStay() throws {
    let constants = """
        %w = constant f32[6] = [1.0, -2.0, 0.5, 3.0, 1.5, 0.25]
        %b = constant f32[6] = [0.0, 1.0, -1.0, 2.0, 0.5, 0.125]
      """
    for node in ["InstanceNormalization(%x, %w, %b)", "GroupNormalization(%x, %w, %b) {groups = 2}"] {
      let check = try PassCheck(.lowering(for: Self.basic), on: graph(node, constants: constants))
      #expect(check.nodes.contains { $0.contains("Rsqrt") })
    }
  }

  /// A size that is not known stays so.
  @Test func groupsOfAnyNumberOfImages() throws {
    let check = try PassCheck(
      .lowering(for: Self.basic), on: graph("GroupNormalization(%x) {groups = 3}", shape: "N,6,3,4"))
    #expect(check.nodes.count { $0.contains("Reshape") } == 2)
  }

  @Test func aTargetWithoutAPartKeepsTheOperator() throws {
    let none = LoweringTarget { node, _ in node.operator is Multiply }
    let check = try PassCheck(.lowering(for: none), on: graph("Swish(%x)"))
    #expect(check.nodes == ["%y = Swish(%x)"])
  }

  @Test func aTargetWithTheOperatorKeepsIt() throws {
    let check = try PassCheck(.lowering(for: LoweringTarget { _, _ in true }), on: graph("Mish(%x)"))
    #expect(check.nodes == ["%y = Mish(%x)"])
  }

  @Test(arguments: [
    ("Swish(%x)", false), ("Clip(%x) {minimum = -0.5, maximum = 0.5}", false), ("Selu(%x)", false),
    ("Elu(%x) {alpha = 0.5}", false), ("HardSigmoid(%x)", false),
    // These lose too much to rounding, or are there.
    ("LayerNormalization(%x)", true), ("Softplus(%x)", true), ("Elu(%x)", true), ("HardSwish(%x)", true),
    ("Clip(%x) {minimum = 0.0, maximum = 6.0}", true), ("Relu(%x)", true),
  ])
  func integersTakeWhatLosesLittle(node: String, stays: Bool) throws {
    let check = try PassCheck(.lowering(for: .int8), on: graph(node))
    #expect((check.nodes == ["%y = \(node)"]) == stays, "\(check.nodes)")
  }

  @Test func integersMultiplyByInversesAndPadBeforeMeans() throws {
    let constant = "  %c = constant f32[4] = [2.0, -4.0, 0.5, 3.0]"
    let quotient = try PassCheck(
      .lowering(for: .int8), on: graph("Divide(%x, %c) {activation = \"relu6\"}", constants: constant))
    #expect(quotient.nodes == ["%y = Multiply(%x, %0) {activation = \"relu6\"}"])
    let variable = "  %e = Exp(%x) : f32[2,6,3,4]"
    let stays = try PassCheck(.lowering(for: .int8), on: graph("Divide(%x, %e)", constants: variable))
    #expect(stays.nodes.last == "%y = Divide(%x, %e)")
    for layout in ["first", "last"] {
      let pool =
        "AveragePool(%x) {layout = \"\(layout)\", size = [3, 3], pads = [1, 1, 1, 1], countsPadding = true}"
      let check = try PassCheck(.lowering(for: .int8), on: graph(pool))
      #expect(check.nodes.count == 2 && check.nodes[0].contains("Pad(%x"), "\(check.nodes)")
    }
  }

  @Test func dequantizedConstantsBecomeReal() throws {
    for constant in ["f16[4] = [1.0, 0.5, -2.0, 4.0]", "i8[4]q(0.5:3) = [5, 4, -1, 11]"] {
      let text = """
        graph @t (%x: f32[2,4]) -> (y: %y) {
          %c = constant \(constant)
          %d = Dequantize(%c) : f32[4]
          %y = Multiply(%x, %d) : f32[2,4]
        }
        """
      let check = try PassCheck(Pipeline(unconditional: RewritePass(RealizeConstants())), on: text)
      #expect(check.nodes == ["%y = Multiply(%x, %d)"])
    }
  }

  @Test func celuWithANegativeScaleStays() throws {
    let check = try PassCheck(.lowering(for: Self.basic), on: graph("Celu(%x) {alpha = -1.0}"), inputs: 0...1)
    #expect(check.nodes == ["%y = Celu(%x) {alpha = -1.0}"])
  }

  @Test func integersKeepClampsBetweenTwoScales() throws {
    for (result, isLowered) in [("0.5:3", true), ("0.25:3", false)] {
      let text = """
        graph @t (%x: i8[4]q(0.5:3)) -> (y: %y) {
          %y = Clip(%x) {minimum = -1.0, maximum = 2.0} : i8[4]q(\(result))
        }
        """
      let check = try PassCheck(.lowering(for: Self.basic), on: text)
      #expect(check.nodes.contains { $0.contains("Minimum") } == isLowered)
    }
  }
}

extension LoweringTests {
  /// Recurrent operators said step by step, against the operators themselves.
  @Test(arguments: ["LSTM", "GRU", "GRU after", "RNN"], RecurrentDirection.allCases)
  func recurrentOperatorsAreUnrolled(kind: String, direction: RecurrentDirection) throws {
    for isBatchFirst in [false, true] { try unroll(kind, direction, isBatchFirst) }
  }

  private func unroll(_ kind: String, _ direction: RecurrentDirection, _ isBatchFirst: Bool) throws {
    var random = SeededGenerator(Seed(UInt64(kind.count)))
    let (steps, batch, features, size, directions) = (4, 3, 5, 6, direction.count)
    let gates = kind == "LSTM" ? 4 : kind == "RNN" ? 1 : 3
    var graph = Graph()
    let x = graph.addInput(
      "x", TensorType(.float32, Shape(isBatchFirst ? [batch, steps, features] : [steps, batch, features])))
    func constant(_ shape: [Int]) -> ValueID {
      graph.addConstant(Tensor(random.floats(shape.reduce(1, *)), shape: shape))
    }
    let state = isBatchFirst ? [batch, directions, size] : [directions, batch, size]
    var operands: [ValueID?] = [
      x, constant([directions, gates * size, features]), constant([directions, gates * size, size]),
      constant([directions, 2 * gates * size]), nil, isBatchFirst ? nil : constant(state),
    ]
    let node: any Operator
    switch kind {
    case "LSTM":
      var lstm = LSTM()
      (lstm.direction, lstm.isBatchFirst, lstm.cellClip) = (direction, isBatchFirst, 0.5)
      operands += [isBatchFirst ? constant(state) : nil, constant([directions, 3 * size])]
      node = lstm
    case "RNN":
      var rnn = RNN()
      (rnn.direction, rnn.isBatchFirst, rnn.clip) = (direction, isBatchFirst, 0.7)
      rnn.activations = [String](repeating: "relu", count: directions)
      node = rnn
    default:
      var gru = GRU()
      (gru.direction, gru.isBatchFirst, gru.resetsAfter) = (direction, isBatchFirst, kind == "GRU after")
      node = gru
    }
    for (index, output) in try graph.addNode(node, operands).enumerated() {
      graph.addOutput(output, name: "y\(index)")
    }
    var (lowered, report) = (graph, PassReport())
    let target = LoweringTarget { node, _ in !["LSTM", "GRU", "RNN"].contains(type(of: node.operator).name) }
    try Pipeline.lowering(for: target).run(on: &lowered, report: &report)
    #expect(!lowered.nodeIDs.contains { type(of: lowered[$0].operator).name == type(of: node).name })
    let input = Tensor(random.floats(steps * batch * features), shape: graph[x].type?.shape.fixed ?? [])
    let expected = try Session(Plan(graph)).run(["x": input])
    let found = try Session(Plan(lowered)).run(["x": input])
    for (name, tensor) in expected {
      let other = try #require(found[name])
      #expect(other.shape == tensor.shape)
      let error = try zip(tensor.floats(), other.floats()).map { abs($0 - $1) }.max() ?? 0
      #expect(error < 1e-5, "\(name): \(error)")
    }
  }
}
