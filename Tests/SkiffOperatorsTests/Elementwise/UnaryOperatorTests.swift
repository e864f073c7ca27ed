import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct UnaryOperatorTests {
  /// Each operator under ONNX's name, its attributes there, and the inputs it is defined for.
  private static let operators: [(ONNXCase.Row, ClosedRange<Float>)] = [
    (("Abs", [:], Abs()), -9...9), (("Neg", [:], Negate()), -9...9), (("Sign", [:], Sign()), -9...9),
    (("Reciprocal", [:], Reciprocal()), 0.1...9), (("Sqrt", [:], Sqrt()), 0...9),
    (("Floor", [:], Floor()), -9...9), (("Ceil", [:], Ceil()), -9...9), (("Round", [:], Round()), -9...9),
    (("Exp", [:], Exp()), -9...9), (("Log", [:], Log()), 0.001...9), (("Erf", [:], Erf()), -4...4),
    (("Sin", [:], Sin()), -9...9), (("Cos", [:], Cos()), -9...9), (("Tan", [:], Tan()), -1.5...1.5),
    (("Asin", [:], Asin()), -1...1), (("Acos", [:], Acos()), -1...1), (("Atan", [:], Atan()), -9...9),
    (("Sinh", [:], Sinh()), -9...9), (("Cosh", [:], Cosh()), -9...9), (("Tanh", [:], Tanh()), -9...9),
    (("Asinh", [:], Asinh()), -9...9), (("Acosh", [:], Acosh()), 1...9),
    (("Atanh", [:], Atanh()), -0.99...0.99),
    (("Relu", [:], Relu()), -9...9), (("Sigmoid", [:], Sigmoid()), -20...20),
    (("HardSwish", [:], HardSwish()), -9...9), (("Softplus", [:], Softplus()), -40...40),
    (("Softsign", [:], Softsign()), -9...9), (("Mish", [:], Mish()), -9...9),
    (("LeakyRelu", ["alpha": 0.25], LeakyRelu().with(0.25, \.alpha)), -9...9),
    (("Elu", ["alpha": 1.5], Elu().with(1.5, \.alpha)), -9...9), (("Selu", [:], Selu()), -9...9),
    (("Celu", ["alpha": 2.5], Celu().with(2.5, \.alpha)), -9...9),
    (("HardSigmoid", ["alpha": 0.3], HardSigmoid().with(0.3, \.alpha)), -9...9),
    (("ThresholdedRelu", ["alpha": 2.0], ThresholdedRelu().with(2, \.alpha)), -9...9),
    (("Gelu", [:], Gelu()), -5...5),
    (("Gelu", ["approximate": "tanh"], Gelu().with(.tanh, \.approximation)), -5...5),
  ]

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    try ONNXCase.expectEqual(
      Self.operators.map { row, range in
        let input = Tensor.random([3, 5, 7], in: range, &random)
        return ONNXCase(row.type, row.attributes, [input], is: row.kernel, opset: 20)
      })
  }

  @Test(.needsPeer(.check)) func specialNumbersMatchONNXRuntime() throws {
    let input = Tensor.reals([
      .infinity, -.infinity, 0, -0.5, 0.5, 1.5, 2.5, -2.5, 0x1p-140, 3e38, 88, -88, -104,
    ])
    let finite = Tensor.reals([0, -0.5, 0.5, 1.5, 2.5, -2.5, 50, -50])
    // Tails that round to nothing differ, as infinity times zero does.
    let declines: Set<String> = [
      "Sin", "Cos", "Tan", "Mish", "Gelu", "HardSwish", "Softsign", "Sinh", "Cosh",
    ]
    try ONNXCase.expectEqual(
      Self.operators.map { row, _ in
        ONNXCase(
          row.type, row.attributes, [declines.contains(row.type) ? finite : input], is: row.kernel, opset: 20)
      })
  }

  @Test func notANumberStaysOne() throws {
    for (row, _) in Self.operators {
      let result = try run(row.kernel, .reals([.nan])).floats()[0]
      // It is not above the threshold, elsewhere than which the specification says 0.
      #expect(row.type == "ThresholdedRelu" ? result == 0 : result.isNaN, "\(row.type)")
    }
  }

  @Test func narrowAndWideTypesAreComputed() throws {
    let half = Tensor([-1, 4] as [Float16], shape: [2])
    #expect(try run(Relu(), half).floats() == [0, 4])
    let double = Tensor([2] as [Double], shape: [1])
    #expect(try run(Sqrt(), double).doubles() == [Double(2).squareRoot()])
    #expect(try run(Rsqrt(), double).doubles() == [1 / Double(2).squareRoot()])
    #expect(try run(Square(), .reals([-3])).floats() == [9])
    #expect(try run(Swish(), .reals([0, 100, -200])).floats() == [0, 100, 0])
    #expect(try abs(run(LogSigmoid(), .reals([-100])).floats()[0] + 100) < 1e-4)
  }

  @Test func integersHaveTheirOwnFunctions() throws {
    let input = Tensor([-128, -5, 0, 5] as [Int8], shape: [4])
    #expect(try run(Abs(), input).integers() == [-128, 5, 0, 5])
    #expect(try run(Negate(), input).integers() == [-128, 5, 0, -5])
    #expect(try run(Sign(), input).integers() == [-1, -1, 0, 1])
    #expect(try run(Relu(), input).integers() == [0, 0, 0, 5])
    #expect(try run(Negate(), .list([.min])).integers() == [.min])
    #expect(throws: ModelError.self) { try inferred(Exp(), .list(1)) }
    let quantized = input.quantized(with: QuantizationParameters(scale: 0.5, zeroPoint: 3))
    #expect(throws: ModelError.self) { try Relu().evaluate([quantized]) }
  }

  @Test func clippingTakesAttributesOrOperands() throws {
    let input = Tensor.reals([-2, 0.5, 7, .nan])
    let bounded = try run(Clip(minimum: -1, maximum: 6), input).floats()
    #expect(bounded[..<3] == [-1, 0.5, 6] && bounded[3].isNaN)
    let operands = try run(
      Clip(minimum: -1, maximum: 6), input, Tensor(scalar: Float(0)), nil
    ).floats()
    #expect(operands[..<3] == [0, 0.5, 6])
    let integers = Tensor([-7, 3, 100] as [Int8], shape: [3])
    #expect(try run(Clip(minimum: -2.5, maximum: 1e9), integers).integers() == [-2, 3, 100])
    #expect(try run(Clip(minimum: 5, maximum: 1), .reals([0])).floats() == [1])
    #expect(throws: ModelError.self) {
      try inferred(Clip(), .floats(.symbol("N")), .constant(Tensor(scalar: 1.0)))
    }
  }

  @Test func slopesBroadcastToTheInput() throws {
    let input = Tensor.reals([-1, -1, 2, -4], shape: [1, 2, 2])
    #expect(
      try run(PRelu(), input, .reals([0.5, 0.25], shape: [2, 1])).floats()
        == [-0.5, -0.5, 2, -1])
    #expect(throws: ModelError.self) {
      try inferred(PRelu(), .floats(.fixed(1), .fixed(2)), .constant(.reals([1, 1], shape: [2, 1])))
    }
  }

  @Test func symbolsPass() throws {
    let type = TensorType(.float32, Shape([.symbol("N"), .fixed(3)]))
    #expect(try inferred(Gelu(), .type(type)) == [type])
  }
}

extension ONNXCase {
  /// An operator in both languages.
  typealias Row = (type: String, attributes: [String: any Sendable], kernel: any ReferenceKernel)
}
