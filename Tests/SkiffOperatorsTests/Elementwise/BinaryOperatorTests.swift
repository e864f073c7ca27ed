import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct BinaryOperatorTests {
  private static let operators: [ONNXCase.Row] = [
    ("Add", [:], Add()), ("Sub", [:], Subtract()), ("Mul", [:], Multiply()), ("Div", [:], Divide()),
    ("Max", [:], Maximum()), ("Min", [:], Minimum()), ("Pow", [:], Power()),
    ("Mod", ["fmod": 1], Modulo().with(true, \.truncates)),
    ("Equal", [:], Equal()), ("Less", [:], Less()), ("LessOrEqual", [:], LessOrEqual()),
    ("Greater", [:], Greater()), ("GreaterOrEqual", [:], GreaterOrEqual()), ("PRelu", [:], PRelu()),
  ]
  private static let shapes: [([Int], [Int])] = [
    ([2, 3, 4], [2, 3, 4]), ([2, 3, 4], [4]), ([2, 3, 4], [3, 1]), ([2, 3, 4], []), ([2, 3, 4], [2, 1, 1]),
    ([2, 3, 4], [2, 1, 4]), ([2, 0, 4], [1, 1]),
  ]

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    var cases: [ONNXCase] = []
    for row in Self.operators {
      for (a, b) in Self.shapes {
        let range: ClosedRange<Float> = row.type == "Pow" ? 0.1...3 : -3...3
        let operands = [Tensor.random(a, in: range, &random), Tensor.random(b, in: range, &random)]
        cases.append(ONNXCase(row.type, row.attributes, operands, is: row.kernel))
        if row.type != "PRelu" {
          cases.append(ONNXCase(row.type, row.attributes, operands.reversed(), is: row.kernel))
        }
      }
    }
    let left = Tensor.random([2, 1, 3, 1], &random)
    cases.append(ONNXCase("Add", [:], [left, .random([4, 1, 5], &random)], is: Add()))
    try ONNXCase.expectEqual(cases)
  }

  @Test(.needsPeer(.check)) func integersMatchONNXRuntime() throws {
    let a = Tensor([7, -7, 7, -7, 0, 127, -128, 5] as [Int32], shape: [8])
    let b = Tensor([3, 3, -3, -3, 4, -1, 2, 5] as [Int32], shape: [8])
    let small = (try a.cast(to: .int8), try b.cast(to: .int8))
    var cases = ["Add", "Sub", "Mul"].enumerated().map { index, type in
      ONNXCase(type, [:], [a, b], is: [Add(), Subtract(), Multiply()][index] as any ReferenceKernel)
    }
    cases += [
      ONNXCase("Div", [:], [a, b], is: Divide()), ONNXCase("Max", [:], [a, b], is: Maximum()),
      ONNXCase("Min", [:], [a, b], is: Minimum()), ONNXCase("Mod", [:], [a, b], is: Modulo()),
      ONNXCase("Mod", [:], [small.0, small.1], is: Modulo()),
      ONNXCase("Mod", ["fmod": 1], [a, b], is: Modulo().with(true, \.truncates)),
      ONNXCase("Equal", [:], [a, b], is: Equal()), ONNXCase("Less", [:], [a, b], is: Less()),
      ONNXCase("BitwiseAnd", [:], [a, b], is: BitwiseAnd()),
      ONNXCase("BitwiseOr", [:], [a, b], is: BitwiseOr()),
      ONNXCase("BitwiseXor", [:], [small.0, small.1], is: BitwiseXor()),
      ONNXCase("BitwiseNot", [:], [small.0], is: BitwiseNot()),
      ONNXCase("Pow", [:], [.reals([2, 3, 4]), .list([3, 2, 0])], is: Power()),
      ONNXCase("Pow", [:], [.list([2, 3, 4]), .list([3, 2, 0])], is: Power()),
    ]
    for (direction, shift) in [("LEFT", BitShift()), ("RIGHT", BitShift().with(false, \.movesLeft))] {
      let bits = Tensor([1, 200, 255] as [UInt8], shape: [3])
      let places = Tensor([3, 1, 7] as [UInt8], shape: [3])
      cases.append(ONNXCase("BitShift", ["direction": direction], [bits, places], is: shift))
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test func remaindersHaveTheSignOfDivisorOrDividend() throws {
    let (a, b) = (Tensor.reals([7, -7, 7, -7, -6]), Tensor.reals([3, 3, -3, -3, 3]))
    #expect(try run(Modulo(), a, b).floats() == [1, 2, -2, -1, 0])
    #expect(try run(Modulo().with(true, \.truncates), a, b).floats() == [1, -1, 1, -1, 0])
    #expect(try run(FloorDivide(), a, b).floats() == [2, -3, -3, 2, -2])
    let (c, d) = (Tensor.list([7, -7, 7, -7, .min]), Tensor.list([3, 3, -3, -3, -1]))
    #expect(try run(FloorDivide(), c, d).integers() == [2, -3, -3, 2, .min])
    #expect(try run(Modulo(), c, d).integers() == [1, 2, -2, -1, 0])
    #expect(throws: ModelError.self) { try Modulo().evaluate([c, .list([0])]) }
    #expect(throws: ModelError.self) { try FloorDivide().evaluate([c, .list([0])]) }
  }

  @Test func theRestByHand() throws {
    #expect(try run(SquaredDifference(), .reals([1, 5]), .reals([4])).floats() == [9, 1])
    #expect(try run(Atan2(), .reals([0, -0.0]), .reals([1, 1])).floats() == [0, 0])
    #expect(try abs(run(Atan2(), .reals([1]), .reals([-1])).floats()[0] - .pi * 0.75) < 1e-6)
    #expect(try run(NotEqual(), .reals([1, .nan]), .reals([1, .nan])).integers() == [0, 1])
    #expect(try run(Maximum(), .reals([.nan, 1]), .reals([1, .nan])).floats().allSatisfy(\.isNaN))
    let clamped = Add().with(.relu6, \.activation)
    #expect(try run(clamped, .reals([-1, 3, 5]), .reals([0.5, 0.5, 5])).floats() == [0, 3.5, 6])
  }

  @Test func typesMustAgree() throws {
    #expect(throws: ModelError.self) { try inferred(Add(), .floats(.fixed(2)), .list(1)) }
    #expect(throws: ModelError.self) { try inferred(Add(), .floats(.fixed(2)), .floats(.fixed(3))) }
    #expect(throws: ModelError.self) { try inferred(And(), .list(1), .list(1)) }
    let mixed = try inferred(Less(), .floats(.symbol("N"), .fixed(1)), .floats(.fixed(4)))
    #expect(mixed == [TensorType(.boolean, Shape([.symbol("N"), .fixed(4)]))])
  }
}

@Suite struct LogicTests {
  private let a = Tensor([false, false, true, true], shape: [4])
  private let b = Tensor([false, true, false, true], shape: [4])

  @Test func truthTables() throws {
    #expect(try run(And(), a, b).integers() == [0, 0, 0, 1])
    #expect(try run(Or(), a, b).integers() == [0, 1, 1, 1])
    #expect(try run(Xor(), a, b).integers() == [0, 1, 1, 0])
    #expect(try run(Not(), a).integers() == [1, 1, 0, 0])
    #expect(try run(Equal(), a, b).integers() == [1, 0, 0, 1])
  }

  @Test func predicates() throws {
    let input = Tensor.reals([.nan, .infinity, -.infinity, 0])
    #expect(try run(IsNaN(), input).integers() == [1, 0, 0, 0])
    #expect(try run(IsInf(), input).integers() == [0, 1, 1, 0])
    #expect(try run(IsInf().with(false, \.detectsNegative), input).integers() == [0, 1, 0, 0])
  }

  @Test(.needsPeer(.check)) func choicesMatchONNXRuntime() throws {
    let condition = Tensor([true, false, true], shape: [3, 1])
    let numbers = Tensor.reals([1, 2, 3, 4])
    try ONNXCase.expectEqual([
      ONNXCase("Where", [:], [condition, numbers, .reals([-1])], is: Select()),
      ONNXCase(
        "Where", [:], [condition, Tensor(scalar: Int64(5)), .list([1, 2, 3], shape: [1, 3, 1])], is: Select()),
    ])
  }

  @Test func choicesKeepCommonQuantization() throws {
    let parameters = QuantizationParameters(scale: 0.5, zeroPoint: 1)
    let numbers = Tensor([1, 2] as [Int8], shape: [2], quantization: parameters)
    let result = try run(Select(), Tensor([true, false], shape: [2]), numbers, numbers)
    #expect(result == numbers)
    let other = numbers.quantized(with: QuantizationParameters(scale: 1))
    #expect(throws: ModelError.self) {
      try Select().evaluate([Tensor([true, false], shape: [2]), numbers, other])
    }
  }
}

@Suite struct CastTests {
  @Test(.needsPeer(.check)) func matchesONNXRuntime() throws {
    let inside = Tensor.reals([0, -0.9, 0.9, 1.5, -2.5, 127.9, 100, -128, 77.7])
    let beyond = Tensor.reals([.nan, .infinity, -.infinity, -3e9, 300, -300, 70000.7, 1e30])
    let integers = Tensor.list([0, 1, -1, 127, -129, 300, 70000, .max, .min])
    let names: [(Int, DataType)] = [
      (1, .float32), (2, .uint8), (3, .int8), (4, .uint16), (5, .int16), (6, .int32), (7, .int64),
      (9, .boolean),
      (10, .float16), (11, .float64), (12, .uint32), (13, .uint64),
    ]
    var cases: [ONNXCase] = []
    for (code, type) in names {
      var inputs = [inside, integers, try inside.cast(to: .float16), try inside.cast(to: .float64)]
      if type.isSignedInteger { inputs += [beyond, try beyond.cast(to: .float64)] }
      if type == .uint8 || type == .uint16 { inputs.append(beyond) }
      if type == .uint32 || type == .uint64 {
        inputs = [integers, .reals([0, 1.9, 3e9, 4e9])]
      } else if type == .float16 {
        inputs[1] = Tensor.list([0, 1, -1, 2049, 2051, 65504])
      }
      cases += inputs.map { ONNXCase("Cast", ["to": code], [$0], is: Cast(to: type), opset: 19) }
    }
    try ONNXCase.expectEqual(cases, tolerance: 0)
  }

  @Test func shapesPassThroughCasts() throws {
    var graph = Graph()
    let shape = graph.addConstant(.list([2, 3]))
    let cast = try graph.add(Cast(to: .int32), shape)
    #expect(graph[cast].knownElements == [.fixed(2), .fixed(3)])
    let isEqual = try graph.add(Equal(), cast, graph.addConstant(Tensor([2] as [Int32], shape: [1])))
    #expect(graph[isEqual].knownElements == [.fixed(1), .fixed(0)])
    let chosen = try graph.add(Select(), isEqual, shape, graph.addConstant(.list([7])))
    #expect(graph[chosen].knownElements == [.fixed(2), .fixed(7)])
    #expect(throws: ModelError.self) {
      try Cast().evaluate([Tensor([1] as [Int8], shape: [1], quantization: QuantizationParameters(scale: 1))])
    }
  }
}
