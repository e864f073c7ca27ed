import SkiffIR
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

@Suite struct RecognitionTests {
  private func scalar(_ number: Float, in graph: inout Graph) -> ValueID {
    graph.addConstant(Tensor(scalar: number))
  }

  /// The graph before and after the passes, and its difference on one input.
  private func canonical(
    _ shape: [Int], seed: Seed, _ build: (inout Graph, ValueID) throws -> ValueID
  ) throws -> (graph: Graph, difference: Float) {
    var graph = Graph()
    let input = graph.addInput("x", TensorType(.float32, Shape(shape)))
    graph.addOutput(try build(&graph, input), name: "y")
    var simplified = graph
    var report = PassReport()
    try Pipeline.canonical.run(on: &simplified, report: &report)
    let x = try Tensor(seed: seed.value, .float32, shape: shape)
    return (simplified, try relativeDifference(graph.output(x), simplified.output(x)))
  }

  @Test(arguments: [0, 1, 2], Seed.fixedAndFresh)
  func exactGeluIsRecognizedInEveryOrderOfItsFactors(order: Int, seed: Seed) throws {
    let result = try canonical([2, 7], seed: seed) { graph, x in
      let root = scalar(Float(2).squareRoot(), in: &graph)
      let inverse = scalar(Float(0.5).squareRoot(), in: &graph)
      let argument = try order == 0 ? graph.add(Divide(), x, root) : graph.add(Multiply(), x, inverse)
      let sum = try graph.add(Add(), graph.add(Erf(), argument), scalar(1, in: &graph))
      let half = scalar(0.5, in: &graph)
      switch order {
      case 0: return try graph.add(Multiply(), graph.add(Multiply(), x, sum), half)
      case 1: return try graph.add(Multiply(), graph.add(Multiply(), x, half), sum)
      default: return try graph.add(Multiply(), graph.add(Multiply(), half, sum), x)
      }
    }
    #expect(result.graph.count(Gelu.self) == 1)
    #expect(result.graph.nodeIDs.count == 1)
    #expect(result.difference < 1e-6)
  }

  @Test(arguments: [false, true], Seed.fixedAndFresh)
  func approximateGeluIsRecognized(isFactored: Bool, seed: Seed) throws {
    let result = try canonical([2, 7], seed: seed) { graph, x in
      let small = scalar(0.044715, in: &graph)
      let inner: ValueID
      if isFactored {
        let square = try graph.add(Multiply(), x, x)
        let sum = try graph.add(Add(), scalar(1, in: &graph), graph.add(Multiply(), square, small))
        inner = try graph.add(Multiply(), x, sum)
      } else {
        let cube = try graph.add(Power(), x, scalar(3, in: &graph))
        inner = try graph.add(Add(), x, graph.add(Multiply(), cube, small))
      }
      let argument = try graph.add(Multiply(), inner, scalar(0.797_884_56, in: &graph))
      let sum = try graph.add(Add(), graph.add(Tanh(), argument), scalar(1, in: &graph))
      return try graph.add(
        Multiply(), x, graph.add(Multiply(), sum, scalar(0.5, in: &graph)))
    }
    #expect(result.graph.count(Gelu.self) == 1)
    #expect(result.graph.nodeIDs.count == 1)
    #expect(result.difference < 1e-6)
  }

  @Test func otherConstantsAreNoGelu() throws {
    let result = try canonical([2, 7], seed: Seed(3)) { graph, x in
      let argument = try graph.add(Multiply(), x, scalar(0.7, in: &graph))
      let sum = try graph.add(Add(), graph.add(Erf(), argument), scalar(1, in: &graph))
      return try graph.add(Multiply(), graph.add(Multiply(), x, sum), scalar(0.5, in: &graph))
    }
    #expect(result.graph.count(Gelu.self) == 0)
  }

  @Test(arguments: [-1, -2], Seed.fixedAndFresh)
  func layerNormalizationIsRecognizedAlongItsLastAxes(axis: Int, seed: Seed) throws {
    let sizes = axis == -1 ? [6] : [5, 6]
    let result = try canonical([2, 5, 6], seed: seed) { graph, x in
      var mean = ReduceMean()
      mean.axes = Array(axis ... -1)
      let centred = try graph.add(Subtract(), x, graph.add(mean, x))
      let square = try graph.add(Power(), centred, scalar(2, in: &graph))
      let sum = try graph.add(Add(), graph.add(mean, square), scalar(1e-5, in: &graph))
      let quotient = try graph.add(Divide(), centred, graph.add(Sqrt(), sum))
      let scale = graph.addConstant(try Tensor(seed: 5, .float32, shape: sizes))
      let shift = graph.addConstant(try Tensor(seed: 6, .float32, shape: sizes))
      return try graph.add(Add(), graph.add(Multiply(), quotient, scale), shift)
    }
    #expect(result.graph.nodeIDs.count == 1)
    #expect(result.graph.count(LayerNormalization.self) == 1)
    #expect(result.difference < 1e-5)
  }

  /// `x · (1 / √(mean(x²) + ε)) · w`, the root divided by or its reciprocal taken.
  @Test(arguments: ["divide", "reciprocal", "one divided", "rsqrt"], [true, false])
  func theArithmeticOfARootMeanSquareIsOneOperator(form: String, isScaled: Bool) throws {
    let result = try canonical([2, 5, 6], seed: Seed(7)) { graph, x in
      var mean = ReduceMean()
      mean.axes = [-1]
      let square = try graph.add(Power(), x, scalar(2, in: &graph))
      let sum = try graph.add(Add(), graph.add(mean, square), scalar(1e-5, in: &graph))
      var result: ValueID
      switch form {
      case "divide": result = try graph.add(Divide(), x, graph.add(Sqrt(), sum))
      case "reciprocal":
        result = try graph.add(Multiply(), x, graph.add(Reciprocal(), graph.add(Sqrt(), sum)))
      case "one divided":
        let root = try graph.add(Sqrt(), sum)
        result = try graph.add(Multiply(), graph.add(Divide(), scalar(1, in: &graph), root), x)
      default: result = try graph.add(Multiply(), x, graph.add(Rsqrt(), sum))
      }
      if isScaled {
        let scale = graph.addConstant(try Tensor(seed: 3, .float32, shape: [6]))
        result = try graph.add(Multiply(), scale, result)
      }
      return result
    }
    #expect(result.graph.count(RMSNormalization.self) == 1 && result.graph.nodeIDs.count == 1)
    #expect(result.difference < 1e-5)
  }

  @Test func whatIsNoRootMeanSquareStays() throws {
    for change in ["sum", "other", "power"] {
      let result = try canonical([2, 5, 6], seed: Seed(8)) { graph, x in
        var mean = ReduceMean()
        var sum = ReduceSum()
        (mean.axes, sum.axes) = ([-1], [-1])
        let other = try graph.add(Tanh(), x)
        let square = try graph.add(
          Power(), change == "other" ? other : x, scalar(change == "power" ? 4 : 2, in: &graph))
        let reduced = change == "sum" ? try graph.add(sum, square) : try graph.add(mean, square)
        return try graph.add(
          Divide(), x, graph.add(Sqrt(), graph.add(Add(), reduced, scalar(1e-5, in: &graph))))
      }
      #expect(result.graph.count(RMSNormalization.self) == 0, "\(change)")
    }
  }

  @Test func aNormalizationOfChannelsBeforeSpaceStays() throws {
    let result = try canonical([2, 5, 6], seed: Seed(4)) { graph, x in
      var mean = ReduceMean()
      mean.axes = [1]
      let centred = try graph.add(Subtract(), x, graph.add(mean, x))
      let square = try graph.add(Multiply(), centred, centred)
      let sum = try graph.add(Add(), graph.add(mean, square), scalar(1e-5, in: &graph))
      return try graph.add(Divide(), centred, graph.add(Sqrt(), sum))
    }
    #expect(result.graph.count(LayerNormalization.self) == 0)
  }

  @Test(arguments: [1, -1], Seed.fixedAndFresh)
  func batchNormalizationThatNothingTakesInBecomesArithmetic(axis: Int, seed: Seed) throws {
    let result = try canonical([2, 3, 4, 3], seed: seed) { graph, x in
      var normalization = BatchNormalization()
      normalization.axis = axis
      let parameters = try (0..<4).map { index in
        graph.addConstant(
          Tensor(
            try Tensor(seed: UInt64(index), .float32, shape: [3]).floats().map { abs($0) + 0.1 }, shape: [3]))
      }
      let result = try graph.add(
        normalization, x, parameters[0], parameters[1], parameters[2], parameters[3])
      return try graph.add(Relu(), result)
    }
    #expect(result.graph.count(BatchNormalization.self) == 0)
    #expect(result.graph.nodeIDs.count == 2)
    #expect(result.difference < 1e-5)
  }
}
