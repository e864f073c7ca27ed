import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct MovementTests {
  private let numbers = Tensor.reals((0..<24).map { Float($0) }, shape: [2, 3, 4])

  @Test(.needsPeer(.check)) func axesMatchONNXRuntime() throws {
    let single = try numbers.reshaped(to: [1, 2, 1, 12])
    let joined = [numbers, numbers, Tensor.reals([1, 2, 3, 4], shape: [1, 1, 4])]
    try ONNXCase.expectEqual([
      ONNXCase("Transpose", ["perm": [2, 0, 1]], [numbers], is: Transpose([2, 0, 1])),
      ONNXCase("Squeeze", [:], [single, .list([0, -2])], is: Squeeze(axes: [0, -2]), of: [single]),
      ONNXCase("Squeeze", [:], [single], is: Squeeze()),
      ONNXCase("Unsqueeze", [:], [numbers, .list([-1, 0])], is: Unsqueeze(axes: [-1, 0]), of: [numbers]),
      ONNXCase("Concat", ["axis": -2], [joined[0], joined[1]], is: Concat(axis: -2)),
      ONNXCase("Concat", ["axis": 0], [joined[2], joined[2], joined[2]], is: Concat()),
      ONNXCase(
        "Split", ["axis": 2], [numbers, .list([1, 0, 3])],
        is: Split().with(2, \.axis).with([1, 0, 3], \.sizes), of: [numbers]),
      ONNXCase(
        "Split", ["axis": -2, "num_outputs": 2], [numbers], is: Split().with(-2, \.axis).with(2, \.parts)),
      ONNXCase("Tile", [:], [numbers, .list([2, 1, 3])], is: Tile()),
      ONNXCase("Tile", [:], [numbers, .list([2, 0, 3])], is: Tile()),
      ONNXCase("Expand", [:], [numbers, .list([2, 2, 1, 1])], is: Expand()),
      ONNXCase("Expand", [:], [.reals([1, 2], shape: [2, 1]), .list([3])], is: Expand()),
      ONNXCase(
        "Trilu", ["upper": 1], [numbers, Tensor(scalar: Int64(1))],
        is: Trilu().with(1, \.diagonal), of: [numbers]),
      ONNXCase("Trilu", ["upper": 0], [numbers], is: Trilu().with(false, \.isUpper)),
      ONNXCase(
        "EyeLike", ["k": -1], [.reals([0, 0, 0, 0, 0, 0], shape: [3, 2])], is: EyeLike().with(-1, \.diagonal)),
      ONNXCase("NonZero", [:], [.reals([0, 1, 2, 0, 0, 3], shape: [2, 3])], is: NonZero()),
      ONNXCase("Shape", ["start": -2], [numbers], is: ShapeOf().with(-2, \.start)),
      ONNXCase("Shape", ["start": 1, "end": -1], [numbers], is: ShapeOf().with(1, \.start).with(-1, \.end)),
      ONNXCase("Size", [:], [numbers], is: SizeOf()),
      ONNXCase(
        "ConstantOfShape", ["value": ["type": 7, "value": 5] as [String: Int]], [.list([2, 3])],
        is: ConstantOfShape(5, of: .int64)),
      ONNXCase(
        "Range", [:], [.init(scalar: Int64(3)), .init(scalar: Int64(-8)), .init(scalar: Int64(-3))],
        is: NumberRange()),
      ONNXCase(
        "Range", [:], [.init(scalar: Float(0)), .init(scalar: Float(1)), .init(scalar: Float(0.3))],
        is: NumberRange()),
    ])
  }

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func slicesMatchONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    let input = Tensor.random([5, 4, 7], &random)
    let cases = (0..<60).map { _ in
      let count = Int.random(in: 1...3, using: &random)
      let axes = Array(
        [0, 1, 2, -1, -2, -3].shuffled(using: &random).reduce(into: [Int]()) { list, axis in
          if !list.contains(where: { ($0 + 3) % 3 == (axis + 3) % 3 }) { list.append(axis) }
        }.prefix(count))
      let bounds = [0, 1, -1, 2, -3, 4, 7, -8, 100, -100, Int(Int32.max), Int.max, Int.min + 1]
      // Backwards, ONNX Runtime takes the greatest end for the beginning; the specification does not.
      func ends(_ step: Int) -> [Int] { step > 0 ? bounds : bounds.filter { $0 < Int(Int32.max) } }
      let steps = axes.map { _ in [1, 1, 2, 3, -1, -2, 100, -100].randomElement(using: &random) ?? 1 }
      return ONNXCase(
        "Slice", [:],
        [
          input, .list(axes.map { _ in bounds.randomElement(using: &random) ?? 0 }),
          .list(steps.map { ends($0).randomElement(using: &random) ?? 0 }), .list(axes), .list(steps),
        ], is: Slice())
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test(.needsPeer(.check)) func paddingMatchesONNXRuntime() throws {
    var cases: [ONNXCase] = []
    for (mode, content) in [
      ("constant", PaddingContent.constant), ("reflect", .reflect), ("edge", .edge), ("wrap", .wrap),
    ] {
      for pads in [[0, 1, 2, 1, 2, 3], [0, 0, 0, 0, 0, 0], [1, 2, 3, 0, 0, 1]] {
        cases.append(ONNXCase("Pad", ["mode": mode], [numbers, .list(pads)], is: Pad(content), opset: 19))
      }
      cases.append(
        ONNXCase(
          "Pad", ["mode": mode], [numbers, .list([2, 1]), nil, .list([-1])], is: Pad(content), opset: 19))
    }
    cases += [
      ONNXCase("Pad", [:], [numbers, .list([-1, 0, 1, 0, -1, -2]), Tensor(scalar: Float(7))], is: Pad()),
      ONNXCase(
        "Pad", [:], [Tensor([1, 2] as [UInt8], shape: [2]), .list([1, 1]), Tensor(scalar: UInt8(9))],
        is: Pad()),
    ]
    try ONNXCase.expectEqual(cases)
  }

  @Test func paddingByHand() throws {
    let input = Tensor.reals([1, 2, 3])
    #expect(try run(Pad(.symmetric), input, .list([2, 4])).floats() == [2, 1, 1, 2, 3, 3, 2, 1, 1])
    #expect(try run(Pad(.reflect), input, .list([2, 4])).floats() == [3, 2, 1, 2, 3, 2, 1, 2, 3])
    let parameters = QuantizationParameters(scale: 0.5, zeroPoint: -7)
    let quantized = Tensor([1] as [Int8], shape: [1], quantization: parameters)
    let padded = try run(Pad(), quantized, .list([1, 0]))
    #expect(try padded.integers() == [-7, 1])
    #expect(padded.quantization == parameters)
    #expect(throws: ModelError.self) { try Pad(.edge).evaluate([.reals([]), .list([1, 0])]) }
    #expect(throws: ModelError.self) { try Pad().evaluate([input, .list([.max, .max])]) }
    #expect(throws: ModelError.self) { try Pad().evaluate([input, .list([1 << 60, 0])]) }
    #expect(throws: ModelError.self) { try Pad().evaluate([input, .list([-4, 0])]) }
  }

  @Test(.needsPeer(.check)) func lookingUpMatchesONNXRuntime() throws {
    let indices = Tensor.list([0, -1, 2, 1], shape: [2, 2])
    let elements = Tensor.list([0, 1, 2, -1, 1, 0, 0, 2], shape: [2, 1, 4])
    let updates = Tensor.reals((0..<8).map { Float($0) * 1.5 - 3 }, shape: [2, 1, 4])
    let pairs = Tensor.list([0, 1, 1, -1, 0, 1], shape: [3, 2])
    let rows = Tensor.reals((0..<12).map { 20 - Float($0) }, shape: [3, 4])
    var cases = [
      ONNXCase("Gather", ["axis": 1], [numbers, indices], is: Gather(axis: 1)),
      ONNXCase("Gather", ["axis": -1], [numbers, Tensor(scalar: Int64(-2))], is: Gather(axis: -1)),
      ONNXCase("GatherElements", ["axis": 1], [numbers, elements], is: GatherElements().with(1, \.axis)),
      ONNXCase("GatherND", [:], [numbers, pairs], is: GatherND()),
      ONNXCase("GatherND", [:], [numbers, .list([1, 2, 3], shape: [1, 3])], is: GatherND()),
      ONNXCase(
        "GatherND", ["batch_dims": 1], [numbers, .list([2, 0], shape: [2, 1])],
        is: GatherND().with(1, \.batchDimensions)),
    ]
    let reductions: [(String, ScatterReduction)] = [
      ("none", .none), ("add", .add), ("mul", .multiply), ("min", .minimum), ("max", .maximum),
    ]
    for (name, reduction) in reductions {
      // Where nothing is reduced, the order of equal indices is open.
      let unique = Tensor.list([0, 1, 2, 0, 1, 0, 0, 2], shape: [2, 1, 4])
      let places = Tensor.list(reduction == .none ? [0, 1, 1, 2, 0, 2] : [0, 1, 1, 2, 0, 1], shape: [3, 2])
      cases += [
        ONNXCase(
          "ScatterElements", ["axis": 1, "reduction": name], [numbers, unique, updates],
          is: ScatterElements().with(1, \.axis).with(reduction, \.reduction)),
        ONNXCase(
          "ScatterND", ["reduction": name], [numbers, places, rows],
          is: ScatterND().with(reduction, \.reduction)),
      ]
    }
    cases.append(
      ONNXCase(
        "ScatterElements", ["reduction": "add"],
        [.list([1, 2, 3]), .list([1, 1, -1]), .list([10, 20, 30])],
        is: ScatterElements().with(.add, \.reduction)))
    try ONNXCase.expectEqual(cases)
  }

  @Test func lookingUpInBatches() throws {
    let gather = Gather(axis: 1).with(1, \.batchDimensions)
    let data = Tensor.reals([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(try run(gather, data, .list([2, 0, 1, 1], shape: [2, 2])).floats() == [3, 1, 5, 5])
    #expect(throws: ModelError.self) { try Gather().evaluate([data, .list([2])]) }
    #expect(throws: ModelError.self) { try Gather().evaluate([data, .list([.min])]) }
    #expect(throws: ModelError.self) { try GatherND().evaluate([data, .list([0, 3])]) }
    #expect(throws: ModelError.self) {
      try GatherElements().evaluate([data, .list([0, 0, 0, 2], shape: [1, 4])])
    }
  }

  @Test(.needsPeer(.check)) func blocksMatchONNXRuntime() throws {
    let deep = Tensor.reals((0..<96).map { Float($0) }, shape: [2, 8, 2, 3])
    let wide = Tensor.reals((0..<96).map { Float($0) }, shape: [2, 2, 4, 6])
    let toSpace = DepthToSpace().with(2, \.blockSize)
    let cases = [
      ONNXCase("DepthToSpace", ["blocksize": 2], [deep], is: toSpace),
      ONNXCase(
        "DepthToSpace", ["blocksize": 2, "mode": "CRD"], [deep], is: toSpace.with(.channelFirst, \.order)),
      ONNXCase("SpaceToDepth", ["blocksize": 2], [wide], is: SpaceToDepth().with(2, \.blockSize)),
    ]
    try ONNXCase.expectEqual(cases)
    // With the channels last, the same after a transposition before and behind.
    for example in cases {
      let first = try example.kernel.evaluate(example.inputs)[0]
      let moved = try example.operands[0]?.permuted(by: [0, 2, 3, 1])
      var kernel: any Operator = example.kernel
      try kernel.setAttribute("layout", to: .text("last"))
      let last = try run(#require(kernel as? any ReferenceKernel), moved)
      #expect(try last.permuted(by: [0, 3, 1, 2]) == first)
    }
  }

  @Test(.needsPeer(.check)) func selectionMatchesONNXRuntime() throws {
    let input = Tensor.reals([3, 1, 3, 2, -5, 4, 4, 0, 9, 9, -1, 2], shape: [2, 3, 2])
    let values = Tensor.reals([-1, 5])
    try ONNXCase.expectEqual([
      ONNXCase("TopK", ["axis": 1], [input, .list([2])], is: TopK().with(1, \.axis)),
      ONNXCase("TopK", ["largest": 0], [input, .list([1])], is: TopK().with(false, \.takesGreatest)),
      ONNXCase("TopK", ["axis": 0], [.list([5, 9, 9, -2]), .list([3])], is: TopK().with(0, \.axis)),
      ONNXCase(
        "OneHot", [:], [.list([0, -1, 2, 5], shape: [2, 2]), .init(scalar: Int64(3)), values], is: OneHot()),
      ONNXCase(
        "OneHot", ["axis": 1], [.list([0, -3, 2, -4], shape: [2, 2]), .init(scalar: Int64(3)), values],
        is: OneHot().with(1, \.axis)),
    ])
  }

  @Test func everyTypeMoves() throws {
    let nibbles = try Tensor(integers: [1, -2, 3, -4, 5, -6], as: .int4, shape: [2, 3])
    #expect(try run(Reverse(axes: [1]), nibbles).integers() == [3, -2, 1, -6, 5, -4])
    #expect(
      try run(Concat(axis: 1), nibbles, nibbles).integers() == [1, -2, 3, 1, -2, 3, -4, 5, -6, -4, 5, -6])
    #expect(try run(Gather(axis: 1), nibbles, .list([2])).integers() == [3, -6])
    #expect(try run(Pad(), nibbles, .list([0, 0, 0, 1])).integers() == [1, -2, 3, 0, -4, 5, -6, 0])
    let parameters = QuantizationParameters(scale: 0.5, zeroPoint: 3)
    let bytes = Tensor([1, 2, 3, 4] as [Int8], shape: [2, 2], quantization: parameters)
    for kernel in [Reverse(axes: [0]), Squeeze(), Unsqueeze(axes: [0]), Identity()] as [any ReferenceKernel] {
      #expect(try run(kernel, bytes).quantization == parameters)
    }
    #expect(try run(Concat(), bytes, bytes).quantization == parameters)
    let other = bytes.quantized(with: QuantizationParameters(scale: 1))
    #expect(throws: ModelError.self) { try Concat().evaluate([bytes, other]) }
    let booleans = Tensor([true, false], shape: [2])
    #expect(try run(Tile(), booleans, .list([2])).integers() == [1, 0, 1, 0])
  }

  @Test func hostileSizesAreRefused() throws {
    #expect(throws: ModelError.self) { try ConstantOfShape().evaluate([.list([1 << 40, 1 << 20])]) }
    #expect(throws: ModelError.self) { try ConstantOfShape().evaluate([.list([-1])]) }
    #expect(throws: ModelError.self) { try Tile().evaluate([numbers, .list([1 << 40, 1 << 40, 1])]) }
    #expect(throws: ModelError.self) { try Expand().evaluate([.reals([1]), .list([1 << 60])]) }
    #expect(throws: ModelError.self) {
      try NumberRange().evaluate([
        Tensor(scalar: Int64(0)), Tensor(scalar: Int64.max), Tensor(scalar: Int64(1)),
      ])
    }
    #expect(throws: ModelError.self) {
      try OneHot().evaluate([.list([0]), .list([1 << 60]), .reals([0, 1])])
    }
    #expect(throws: ModelError.self) { try Squeeze(axes: [0]).evaluate([numbers]) }
    #expect(throws: ModelError.self) { try Split().with(-1, \.parts).evaluate([numbers]) }
    #expect(throws: ModelError.self) { try Split().with([.max, .max], \.sizes).evaluate([numbers]) }
    #expect(throws: ModelError.self) { try TopK().evaluate([numbers, .list([5])]) }
    #expect(throws: ModelError.self) {
      try Slice().evaluate([numbers, .list([0]), .list([1]), nil, .list([0])])
    }
  }
}
