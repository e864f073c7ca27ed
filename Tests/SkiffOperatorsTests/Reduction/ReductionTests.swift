import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct ReductionTests {
  private static let operators: [(String, any Reducing)] = [
    ("ReduceSum", ReduceSum()), ("ReduceMean", ReduceMean()), ("ReduceMax", ReduceMax()),
    ("ReduceMin", ReduceMin()), ("ReduceProd", ReduceProd()), ("ReduceL1", ReduceL1()),
    ("ReduceL2", ReduceL2()), ("ReduceSumSquare", ReduceSumSquare()), ("ReduceLogSum", ReduceLogSum()),
    ("ReduceLogSumExp", ReduceLogSumExp()),
  ]

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    var cases: [ONNXCase] = []
    for (type, kernel) in Self.operators {
      let range: ClosedRange<Float> = type == "ReduceLogSum" ? 0.1...3 : -2...2
      let input = Tensor.random([3, 4, 5, 2], in: range, &random)
      for (axes, keeps) in [
        ([], true), ([], false), ([1], true), ([-1], false), ([2, 3], false), ([0, 2], true),
        ([1, 0, -1, 2], false),
      ] {
        cases.append(
          ONNXCase(
            type, ["keepdims": keeps ? 1 : 0], axes.isEmpty ? [input] : [input, .list(axes)],
            is: kernel.reducing(axes, keeps), of: [input]))
      }
      let wide = try input.cast(to: .float64)
      if type != "ReduceL1" && type != "ReduceL2" && !type.hasPrefix("ReduceLog") || type == "ReduceLogSumExp"
      {
        cases.append(
          ONNXCase(type, ["keepdims": 0], [wide, .list([1])], is: kernel.reducing([1], false), of: [wide]))
      }
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test(.needsPeer(.check)) func integersMatchONNXRuntime() throws {
    let input = Tensor([7, -7, 3, 2, 9, -4] as [Int32], shape: [2, 3])
    let kinds = [
      "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceSumSquare",
    ]
    try ONNXCase.expectEqual(
      Self.operators.filter { kinds.contains($0.0) }.map { type, kernel in
        ONNXCase(type, ["keepdims": 0], [input, .list([1])], is: kernel.reducing([1], false), of: [input])
      })
  }

  @Test func sumsAreCarriedInDoublePrecision() throws {
    let input = Tensor([Float](repeating: 0.1, count: 1 << 20), shape: [1 << 20])
    #expect(try run(ReduceSum(), input).floats() == [Float(Double(Float(0.1)) * Double(1 << 20))])
    #expect(try run(ReduceMean(), input).floats() == [0.1])
  }

  @Test func nothingReducesToTheNeutralElement() throws {
    let empty = Tensor.reals([], shape: [2, 0])
    #expect(try run(ReduceSum(axes: [1], keepsDimensions: false), empty).floats() == [0, 0])
    #expect(try run(ReduceProd(axes: [1], keepsDimensions: false), empty).floats() == [1, 1])
    #expect(
      try run(ReduceMax(axes: [1], keepsDimensions: false), empty).floats() == [-.infinity, -.infinity])
    #expect(
      try run(ReduceMin(axes: [1], keepsDimensions: false), Tensor([] as [Int8], shape: [1, 0])).integers()
        == [127])
    #expect(throws: ModelError.self) { try ReduceMean().evaluate([Tensor([] as [Int8], shape: [0])]) }
    #expect(throws: ModelError.self) { try ArgMax().evaluate([Tensor.reals([])]) }
    #expect(throws: ModelError.self) { try ReduceLogSum().evaluate([.list([1])]) }
    #expect(throws: ModelError.self) {
      try ReduceSum(axes: [0, -1], keepsDimensions: true).evaluate([.list([1])])
    }
  }

  @Test func truthValuesReduce() throws {
    let input = Tensor([false, true, false, false], shape: [2, 2])
    #expect(try run(ReduceMax(axes: [1], keepsDimensions: false), input).integers() == [1, 0])
    #expect(try run(ReduceMin(axes: [1], keepsDimensions: false), input).integers() == [0, 0])
  }

  @Test(.needsPeer(.check)) func positionsMatchONNXRuntime() throws {
    let input = Tensor.reals([1, 5, 5, -2, 0, -2, 7, 7, 7, 3, 1, 2], shape: [2, 3, 2])
    var cases: [ONNXCase] = []
    for axis in [0, 1, -1] {
      for (last, keeps) in [(0, 0), (1, 1), (0, 1)] {
        let attributes = ["axis": axis, "select_last_index": last, "keepdims": keeps]
        let greatest = ArgMax().with(axis, \.axis).with(last == 1, \.selectsLast).with(
          keeps == 1, \.keepsDimensions)
        let least = ArgMin().with(axis, \.axis).with(last == 1, \.selectsLast).with(
          keeps == 1, \.keepsDimensions)
        cases.append(ONNXCase("ArgMax", attributes, [input], is: greatest))
        cases.append(ONNXCase("ArgMin", attributes, [try input.cast(to: .int8)], is: least))
      }
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test(.needsPeer(.check)) func runningSumsMatchONNXRuntime() throws {
    let input = Tensor.reals([1, 2, 3, 4, 5, 6], shape: [2, 3])
    var cases: [ONNXCase] = []
    for axis in [0, 1] {
      for (exclusive, reverse) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let kernel = CumSum().with(axis, \.axis).with(exclusive == 1, \.isExclusive)
          .with(reverse == 1, \.isReversed)
        for tensor in [input, try input.cast(to: .int32)] {
          cases.append(
            ONNXCase(
              "CumSum", ["exclusive": exclusive, "reverse": reverse], [tensor, Tensor(scalar: Int64(axis))],
              is: kernel, of: [tensor]))
        }
      }
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test func symbolsStay() throws {
    let images = InferenceOperand.floats(.symbol("N"), .fixed(3), .symbol("H"), .fixed(8))
    let mean = ReduceMean(axes: [-1, 2], keepsDimensions: false)
    #expect(try inferred(mean, images)[0].shape == Shape([.symbol("N"), .fixed(3)]))
    #expect(try inferred(ArgMax().with(1, \.axis), images)[0].shape.description == "[N,1,H,8]")
    var graph = Graph()
    let input = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(4)])))
    let count = try graph.add(
      ReduceProd(axes: [0], keepsDimensions: false), graph.add(ShapeOf(), input))
    #expect(graph[count].knownElements?.description == "[4*N]")
  }
}

/// A reduction whose axes a test sets.
private protocol Reducing: ReferenceKernel {
  init(axes: [Int], keepsDimensions: Bool)
}

extension Reducing {
  func reducing(_ axes: [Int], _ keepsDimensions: Bool) -> any ReferenceKernel {
    Self(axes: axes, keepsDimensions: keepsDimensions)
  }
}

extension ReduceSum: Reducing {}
extension ReduceMean: Reducing {}
extension ReduceMax: Reducing {}
extension ReduceMin: Reducing {}
extension ReduceProd: Reducing {}
extension ReduceL1: Reducing {}
extension ReduceL2: Reducing {}
extension ReduceSumSquare: Reducing {}
extension ReduceLogSum: Reducing {}
extension ReduceLogSumExp: Reducing {}
