import SkiffBinary
import SkiffGradient
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// What the graph of derivatives is, and what has none.
@Suite struct BackwardTests {
  private func graph(_ text: String) throws -> Graph { try Graph(text: text, catalog: .standard) }

  private func value(_ name: String, in graph: Graph) throws -> ValueID {
    try #require(graph.valueIDs.first { graph[$0].name == name })
  }

  private func error(of body: () throws -> Void) throws -> ModelError {
    try #require(throws: ModelError.self, performing: body)
  }

  @Test func theGraphIsMadeOfOperators() throws {
    let graph = try graph(
      """
      graph @t (%x: f32[1,2,4]) -> (y: %y) {
        %w = constant f32[3,2,2] = seeded(1)
        %y = Convolution(%x, %w) {strides = [2]} : f32[1,3,2]
      }
      """)
    let backward = try graph.backward(from: [value("y", in: graph)], to: [value("x", in: graph)])
    #expect(backward.inputs.map { backward[$0].name } == ["x", "cotangent 0"])
    #expect(backward.outputs.map(\.name) == ["gradient 0"] && backward.nodeIDs.count == 1)
    let back = try #require(backward[backward.nodeIDs[0]].operator as? TransposedConvolution)
    #expect(back.strides == [2] && back.outputSizes == [4])
  }

  /// A value that is used twice gets both, one that is not used zeros, an output itself what is given.
  @Test func usesAreAddedUp() throws {
    let graph = try graph(
      """
      graph @t (%x: f64[3], %unused: f64[2]) -> (y: %y, z: %z) {
        %s = Square(%x) : f64[3]
        %y = Multiply(%s, %x) : f64[3]
        %z = Add(%s, %y) : f64[3]
      }
      """)
    let outputs = graph.outputs.map(\.value)
    let backward = try graph.backward(from: outputs, to: graph.inputs + [outputs[0], outputs[1]])
    let x = Tensor([1.0, -2, 0.5], shape: [3])
    let (a, b) = (Tensor([1.0, 2, 3], shape: [3]), Tensor([-1.0, 0.25, 2], shape: [3]))
    let results = try Session(Plan(backward)).run([
      "x": x, "unused": Tensor([0.0, 0], shape: [2]), "cotangent 0": a, "cotangent 1": b,
    ])
    func elements(_ index: Int) throws -> [Double] { try #require(results["gradient \(index)"]).doubles() }
    // y = x³, z = x² + x³.
    let slopes = try zip(x.doubles(), zip(a.doubles(), b.doubles())).map { x, given in
      given.0 * 3 * x * x + given.1 * (2 * x + 3 * x * x)
    }
    #expect(try elements(0) == slopes)
    #expect(try elements(1) == [0, 0])
    #expect(try elements(2) == [0, 2.25, 5])
    #expect(try elements(3) == b.doubles())
  }

  /// A derivative of a derivative: that of x³ is 6x.
  @Test func gradientsHaveGradients() throws {
    let graph = try graph(
      """
      graph @t (%x: f64[3]) -> (y: %y) {
        %s = Square(%x) : f64[3]
        %y = Multiply(%s, %x) : f64[3]
      }
      """)
    let first = try graph.backward(from: graph.outputs.map(\.value), to: graph.inputs)
    let second = try first.backward(from: first.outputs.map(\.value), to: graph.inputs)
    let ones = Tensor([1.0, 1, 1], shape: [3])
    let x = Tensor([1.0, -2, 0.5], shape: [3])
    let results = try Session(Plan(second)).run(["x": x, "cotangent 0": ones, "cotangent 0′": ones])
    #expect(try #require(results["gradient 0"]).doubles() == [6, -12, 3])
  }

  @Test func valuesThatLoweredNodesComputeHaveGradients() throws {
    let graph = try graph(
      """
      graph @t (%x: f64[2,3]) -> (y: %y) {
        %n = LayerNormalization(%x) : f64[2,3]
        %y = Square(%n) : f64[2,3]
      }
      """)
    let backward = try graph.backward(from: [value("y", in: graph)], to: [value("n", in: graph)])
    let x = Tensor([1.0, 2, 4, -1, 0, 3], shape: [2, 3])
    let ones = Tensor([Double](repeating: 1, count: 6), shape: [2, 3])
    let results = try Session(Plan(backward)).run(["x": x, "cotangent 0": ones])
    let normalized = try LayerNormalization().evaluate([x])[0].doubles()
    let found = try #require(results["gradient 0"]).doubles()
    #expect(zip(found, normalized).allSatisfy { abs($0 - 2 * $1) < 1e-12 })
  }

  /// Steps, comparisons and sizes pass nothing on; the rest does.
  @Test func nothingDependsOnSteps() throws {
    let graph = try graph(
      """
      graph @t (%x: f64[3]) -> (y: %y) {
        %zero = constant f64[] = [0.0]
        %isPositive = Greater(%x, %zero) : bool[3]
        %r = Round(%x) : f64[3]
        %i = Cast(%x) {dataType = "i32"} : i32[3]
        %f = Cast(%i) {dataType = "f64"} : f64[3]
        %s = Add(%r, %f) : f64[3]
        %y = Select(%isPositive, %x, %s) : f64[3]
      }
      """)
    let backward = try graph.backward(from: [value("y", in: graph)], to: graph.inputs)
    let results = try Session(Plan(backward)).run([
      "x": Tensor([1.5, -2.5, 0.5], shape: [3]), "cotangent 0": Tensor([2.0, 3, 4], shape: [3]),
    ])
    #expect(try #require(results["gradient 0"]).doubles() == [2, 0, 4])
  }

  @Test func everyNodeWithoutARuleIsNamed() throws {
    let graph = try graph(
      """
      graph @t (%x: f32[3,3]) -> (y: %y) {
        %a = Determinant(%x) : f32[] @ "area"
        %p = ReduceProd(%x) : f32[1,1] @ "product"
        %free = Determinant(%x) : f32[] @ "free"
        %y = Add(%a, %p) : f32[1,1]
      }
      """)
    let found = try error { _ = try graph.backward(from: [value("y", in: graph)], to: graph.inputs) }
    #expect(found.code == .unsupported && found.location.node?.name == "area")
    #expect(found.message == "there is no derivative of 2 operators, of which this is the first")
    #expect(found.notes == ["nor of ReduceProd: node 'product' (ReduceProd)"])
  }

  /// Also where only an operand has no derivative.
  @Test func refusals() throws {
    let cases = [
      ("%y = Clip(%x, %a) : f32[3]", "with respect to operand 1"),
      ("%q = QuantizeLinear(%x, %a) : u8[3]\n %y = DequantizeLinear(%q, %a) : f32[3]", "no derivative"),
    ]
    for (nodes, reason) in cases {
      let graph = try graph(
        """
        graph @t (%x: f32[3], %a: f32[]) -> (y: %y) {
          \(nodes)
        }
        """)
      let found = try error { _ = try graph.backward(from: graph.outputs.map(\.value), to: graph.inputs) }
      #expect(found.code == .unsupported && found.message.contains(reason), "\(found)")
    }
  }

  @Test func weightsOfRecurrentOperatorsAreRefused() throws {
    let graph = try graph(
      """
      graph @t (%x: f32[5,2,3]) -> (y: %y) {
        %w = constant f32[1,16,3] = seeded(1)
        %r = constant f32[1,16,4] = seeded(2)
        %y, %hl, %cl = LSTM(%x, %w, %r) : f32[5,1,2,4], f32[1,2,4], f32[1,2,4] @ "cell"
      }
      """)
    let found = try error {
      _ = try graph.backward(from: [value("y", in: graph)], to: [value("w", in: graph)])
    }
    #expect(found.code == .unsupported && found.location.node?.name == "cell")
  }

  @Test func onlyRealNumbersOfFixedSizesHaveGradients() throws {
    let graph = try graph(
      """
      graph @t (%x: f32[N,3], %i: i64[3], %h: f16[3]) -> (y: %y) {
        %y = Relu(%x) : f32[N,3]
      }
      """)
    for name in ["x", "i", "h"] {
      let value = try value(name, in: graph)
      let found = try error { _ = try graph.backward(from: [value], to: [value]) }
      #expect(found.code == .invalidArgument && found.location.tensor == name)
    }
    let fixed = try self.graph("graph @t (%x: f32[3]) -> (y: %y) {\n %y = Relu(%x) : f32[3]\n}")
    var changed = fixed
    let other = changed.addInput("other", TensorType(.float32, [2]))
    let found = try error {
      _ = try changed.addGradients(of: [fixed.outputs[0].value], [other], to: fixed.inputs)
    }
    #expect(found.code == .invalidArgument && changed.nodeIDs == fixed.nodeIDs)
  }
}
