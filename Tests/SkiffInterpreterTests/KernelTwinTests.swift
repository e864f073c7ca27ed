import CKernels
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Every kernel in C against its Swift twin, in each form that the CPU can run.
@Suite(.serialized) struct KernelTwinTests {
  /// What a convolution is made of.
  private struct Parts {
    var batch = 1
    var size = [1, 1]
    var kernel = [1, 1]
    var strides = [1, 1]
    var dilations = [1, 1]
    var pads = [0, 0, 0, 0]
    var groups = 1
    var inputs = 1
    var outputs = 1
    var layout = ChannelLayout.last
    var activation = FusedActivation.none

    /// Whether the window fits at least once.
    var fits: Bool {
      size.indices.allSatisfy {
        size[$0] + pads[$0] + pads[$0 + size.count] >= (kernel[$0] - 1) * dilations[$0] + 1
      }
    }
    var input: [Int] {
      layout == .last ? [batch] + size + [groups * inputs] : [batch, groups * inputs] + size
    }
    var weights: [Int] {
      layout == .last ? [groups * outputs] + kernel + [inputs] : [groups * outputs, inputs] + kernel
    }
    var node: Convolution {
      var node = Convolution()
      (node.layout, node.groups, node.strides) = (layout, groups, strides)
      (node.dilations, node.pads, node.activation) = (dilations, pads, activation)
      return node
    }
  }

  private func float(_ parts: Parts, _ generator: inout SeededGenerator) -> KernelTwin {
    let operands = [
      generator.floatTensor(parts.input), generator.floatTensor(parts.weights),
      generator.floatTensor([parts.groups * parts.outputs]),
    ]
    return KernelTwin(node: parts.node, operands: operands, constants: [1, 2])
  }

  private func integer(_ parts: Parts, _ generator: inout SeededGenerator) -> KernelTwin {
    let input = generator.integerTensor(parts.input)
    let (weights, bias) = generator.weights(parts.weights, input: input)
    let count = parts.inputs * parts.kernel.reduce(1, *)
    return KernelTwin(
      node: parts.node, operands: [input, weights, bias], constants: [1, 2],
      result: generator.resultParameters(input, weights, count: count))
  }

  @Test func smallConvolutionsAreAllRight() throws {
    try inAllForms {
      var generator = SeededGenerator(Seed(1))
      var parts = Parts()
      for kernel in [[1, 1], [2, 3], [3, 1], [3, 3]] {
        for stride in 1...2 {
          for pad in 0...1 {
            for groups in 1...3 {
              for (inputs, outputs) in [(1, 1), (1, 2), (3, 16), (3, 17), (17, 5)] {
                for size in [[1, 1], [3, 4], [5, 2]] {
                  (parts.kernel, parts.strides, parts.groups) = (kernel, [stride, 3 - stride], groups)
                  (parts.pads, parts.size) = ([pad, 0, pad, pad], size)
                  (parts.inputs, parts.outputs) = (inputs, outputs)
                  guard parts.fits else { continue }
                  parts.layout = .last
                  try integer(parts, &generator).check()
                  try float(parts, &generator).check()
                  parts.layout = .first
                  try float(parts, &generator).check()
                }
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func randomConvolutions(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<150 {
        var parts = Parts()
        let axes = generator.pick([1, 2, 2, 2])
        func draw(_ range: ClosedRange<Int>) -> [Int] { (0..<axes).map { _ in generator.integer(range) } }
        parts.batch = generator.integer(1...3)
        (parts.size, parts.kernel, parts.strides) = (draw(1...14), draw(1...5), draw(1...3))
        parts.dilations = draw(1...2)
        parts.pads = draw(0...3) + draw(0...3)
        parts.groups = generator.pick([1, 1, 2, 3, 35, 64])
        parts.inputs = generator.integer(1...(parts.groups > 3 ? 2 : 40))
        parts.outputs = generator.integer(1...(parts.groups > 3 ? 2 : 40))
        parts.activation = generator.pick(FusedActivation.allCases)
        guard parts.fits else { continue }
        try integer(parts, &generator).check("\(seed)")
        parts.layout = generator.pick(ChannelLayout.allCases)
        try float(parts, &generator).check("\(seed)")
      }
    }
  }

  @Test func convolutionsKeepTheLevelTheyWerePlannedFor() throws {
    var generator = SeededGenerator(Seed(5))
    let kinds = [
      Parts(size: [9, 9], kernel: [3, 3], pads: [1, 1, 1, 1], inputs: 20, outputs: 24),
      Parts(size: [9, 9], kernel: [3, 3], pads: [1, 1, 1, 1], groups: 80),
      Parts(size: [9, 9], kernel: [2, 2], groups: 16),
    ]
    for parts in kinds {
      for twin in [integer(parts, &generator), float(parts, &generator)] {
        var planned: [() throws -> Tensor] = []
        try inAllForms { planned.append(try twin.prepared(reference: false)) }
        let before = try planned.map { try $0() }
        try inAllForms {
          let after = try planned.map { try $0() }
          #expect(after == before, "\(twin)")
        }
        if before[0].dataType == .int8 {
          let exact = try twin.prepared(reference: true)()
          #expect(before.allSatisfy { $0 == exact }, "\(twin)")
        }
      }
    }
  }

  @Test func depthwiseConvolutionsWithManyTaps() throws {
    try inAllForms {
      var generator = SeededGenerator(Seed(2))
      var parts = Parts()
      (parts.kernel, parts.size, parts.groups) = ([9, 11], [12, 13], 19)
      parts.pads = [4, 5, 4, 5]
      try integer(parts, &generator).check()
      try float(parts, &generator).check()
    }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func matrixProducts(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<100 {
        let shape = [generator.integer(1...3), generator.integer(1...9), generator.integer(1...70)]
        let (depth, units) = (shape[2], generator.integer(1...40))
        var node = FullyConnected()
        node.activation = generator.pick(FusedActivation.allCases)
        let floats = [
          generator.floatTensor(shape), generator.floatTensor([units, depth]), generator.floatTensor([units]),
        ]
        try KernelTwin(node: node, operands: floats, constants: [1, 2]).check("\(seed)")
        let input = generator.integerTensor(shape)
        let (weights, bias) = generator.weights([units, depth], input: input)
        try KernelTwin(
          node: node, operands: [input, weights, bias], constants: [1, 2],
          result: generator.resultParameters(input, weights, count: depth)
        ).check("\(seed)")
        var product = MatrixMultiply()
        product.transposesB = generator.integer(0...1) == 0
        let matrix = generator.floatTensor(product.transposesB ? [units, depth] : [depth, units])
        try KernelTwin(
          node: product, operands: [generator.floatTensor(shape), matrix], constants: [1]
        ).check("\(seed)")
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func arithmeticBroadcasts(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<200 {
        var first = (0..<generator.integer(0...4)).map { _ in generator.integer(1...7) }
        if let last = first.indices.last, generator.integer(0...1) == 0 { first[last] += 30 }
        var second = first.map { generator.integer(0...2) == 0 ? 1 : $0 }
        first = first.map { generator.integer(0...4) == 0 ? 1 : $0 }
        second.removeFirst(generator.integer(0...second.count))
        if generator.integer(0...1) == 0 { swap(&first, &second) }
        var add = Add()
        add.activation = generator.pick(FusedActivation.allCases)
        var subtract = Subtract()
        subtract.activation = add.activation
        let operands = [generator.floatTensor(first), generator.floatTensor(second)]
        for node in [add, subtract, Multiply(), Divide()] as [any Operator] {
          try KernelTwin(node: node, operands: operands).check("\(seed)")
        }
        let integers = [generator.integerTensor(first), generator.integerTensor(second)]
        let scale = integers.compactMap { $0.quantization?.scales[0] }.max() ?? 1
        let result = QuantizationParameters(
          scale: scale * Float(generator.logUniform(in: 0.1...10)), zeroPoint: generator.integer(-128...127))
        try KernelTwin(node: add, operands: integers, result: result).check("\(seed)")
        try KernelTwin(node: subtract, operands: integers, result: result).check("\(seed)")
      }
    }
  }

  /// All bytes, of a scale and a zero point.
  private func everyByte(_ shape: [Int], scale: Float, zeroPoint: Int) -> Tensor {
    Tensor(
      (-128...127).map(Int8.init), shape: shape, quantization: .init(scale: scale, zeroPoint: zeroPoint))
  }

  @Test(arguments: Seed.fixedAndFresh) func everyPairOfSummands(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      let scales: [(Float, Int)] =
        [(1, 0), (0.5, -128), (0.3, 127), (0.007, -5)]
        + (0..<2).map { _ in (Float(generator.logUniform(in: 0.3...3)), generator.integer(-128...127)) }
      for (scale, zeroPoint) in scales {
        for result in [2, 0.25, 0.9, 0.013, Float(generator.logUniform(in: 0.6...4))] {
          let operands = [
            everyByte([256, 1], scale: scale, zeroPoint: zeroPoint),
            everyByte([1, 256], scale: 1, zeroPoint: 3),
          ]
          // With broadcasting, and in long rows of both.
          var forms = [operands]
          forms.append([
            try operands[0].gathered(sizes: [256, 256], strides: [1, 0], start: 0),
            try operands[1].gathered(sizes: [256, 256], strides: [0, 1], start: 0),
          ])
          for form in forms + forms.map({ $0.reversed() }) {
            for node in [Add(), Subtract()] as [any Operator] {
              try KernelTwin(node: node, operands: form, result: .init(scale: result, zeroPoint: 2)).check()
            }
          }
        }
      }
    }
  }

  /// Products whose scaled values lie between two integers, just there and beside it.
  @Test(arguments: [0, 1]) func halvesAreRounded(_ bias: Int32) throws {
    try inAllForms {
      let weights = Tensor(
        (1...127).map(Int8.init), shape: [127, 1],
        quantization: .init(scales: [Float](repeating: 1, count: 127), axis: 0))
      let starts = Tensor([Int32](repeating: bias, count: 127), shape: [127])
      for shift in 1...12 {
        for zeroPoint in [0, -7] {
          try KernelTwin(
            node: FullyConnected(),
            operands: [everyByte([256, 1], scale: 1, zeroPoint: zeroPoint), weights, starts],
            constants: [1, 2],
            result: .init(scale: Float(1 << shift), zeroPoint: 0)
          ).check("2^-\(shift)")
        }
      }
    }
  }

  /// Sums beside those where a rectified result changes, with factors of all sizes. They are rare among others, which are
  /// certain: what doubts one of many outputs at once scales them all in another way.
  @Test(arguments: Seed.fixedAndFresh)
  func sumsBesideHalvesAreRounded(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for isDepthwise in [false, true, false, true, false, true] {
        let count = 4096
        let scales = (0..<count).map { _ in Float(generator.logUniform(in: 1e-6...0.4)) }
        let bias = scales.map { scale in
          guard generator.integer(0...63) == 0 else { return Int32(0) }
          let half = (Double(generator.integer(-3...259)) + 0.5) / Double(scale)
          return Int32(half.rounded()) + Int32(generator.integer(-1...1))
        }
        var parts = Parts(groups: isDepthwise ? count : 1, outputs: isDepthwise ? 1 : count)
        parts.activation = generator.pick([.none, .relu])
        // Zeros: a sum is its bias.
        let input = Tensor(
          [Int8](repeating: 7, count: parts.input.reduce(1, *)), shape: parts.input,
          quantization: .init(scale: 1, zeroPoint: 7))
        let weights = Tensor(
          [Int8](repeating: 1, count: count), shape: parts.weights,
          quantization: .init(scales: scales, axis: 0))
        try KernelTwin(
          node: parts.node, operands: [input, weights, Tensor(bias, shape: [count])], constants: [1, 2],
          result: .init(scale: 1, zeroPoint: -128)
        ).check("\(seed)")
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func activations(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<50 {
        let shape = [generator.integer(1...5), generator.integer(1...50)]
        let input = generator.integerTensor(shape)
        let result = QuantizationParameters(
          scale: Float(generator.logUniform(in: 1e-4...10)), zeroPoint: generator.integer(-128...127))
        for node in [Relu(), Sigmoid(), Tanh(), Elu(), Gelu(), Clip(minimum: 0, maximum: 6)] as [any Operator]
        {
          try KernelTwin(node: node, operands: [input], result: result).check("\(seed)")
        }
        try KernelTwin(node: Relu(), operands: [generator.floatTensor(shape)]).check("\(seed)")
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func conversionsOfONNX(seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for index in 0..<60 {
        let isSigned = index % 2 == 0
        let step = Float(generator.logUniform(in: 1e-4...10))
        let scale = Tensor(scalar: step)
        let zero = generator.integer(isSigned ? -128...127 : 0...255)
        let zeroPoint = try Tensor(integers: [zero], as: isSigned ? .int8 : .uint8, shape: [])
        let count = generator.integer(1...200)
        // Halves of steps, and everything that is no number.
        var numbers = (0..<count).map { _ in Float(generator.integer(-600...600)) / 2 * step }
        numbers[0] = generator.pick([.nan, .infinity, -.infinity, 3e38, -3e38, 0])
        var quantize = QuantizeLinear()
        quantize.dataType = zeroPoint.dataType
        let twin = KernelTwin(
          node: quantize, operands: [Tensor(numbers, shape: [count]), scale, zeroPoint], constants: [1, 2])
        try twin.check("\(seed)")
        let bytes = try Tensor(
          integers: (0..<count).map { _ in generator.integer(isSigned ? -128...127 : 0...255) },
          as: zeroPoint.dataType, shape: [count])
        let back = KernelTwin(
          node: DequantizeLinear(), operands: [bytes, scale, zeroPoint], constants: [1, 2])
        try back.check("\(seed)")
      }
    }
  }

  @Test func notANumberGoesThroughClamps() throws {
    try inAllForms {
      var add = Add()
      add.activation = .relu6
      let operands = [Tensor([Float](repeating: .nan, count: 20), shape: [20]), Tensor(scalar: 1 as Float)]
      var graph = Graph()
      let a = graph.addInput("a", operands[0].type)
      let b = graph.addInput("b", operands[1].type)
      graph.addOutput(try graph.add(add, a, b), name: "y")
      let outputs = try Session(Plan(graph)).run(["a": operands[0], "b": operands[1]])
      #expect(try outputs["y"]?.floats().allSatisfy(\.isNaN) == true)
    }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func batchProducts(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<100 {
        var product = MatrixMultiply()
        product.transposesA = generator.integer(0...1) == 0
        product.transposesB = generator.integer(0...1) == 0
        let (rows, depth, columns) = (
          generator.integer(1...20), generator.integer(1...40), generator.integer(1...70)
        )
        let batch = (0..<generator.integer(0...2)).map { _ in generator.integer(1...3) }
        let others = generator.integer(0...1) == 0 ? batch : batch.map { generator.pick([1, $0]) }
        let a = batch + (product.transposesA ? [depth, rows] : [rows, depth])
        let b = others + (product.transposesB ? [columns, depth] : [depth, columns])
        try KernelTwin(node: product, operands: [generator.floatTensor(a), generator.floatTensor(b)]).check(
          "\(seed)")
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func rows(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<100 {
        let shape = [generator.integer(1...3), generator.integer(1...5), generator.integer(1...130)]
        let operand = Tensor(try generator.floatTensor(shape).floats().map { 20 * $0 }, shape: shape)
        var softmax = Softmax()
        softmax.beta = generator.pick([1, 0.5])
        try KernelTwin(node: softmax, operands: [operand]).check("\(seed)")
        var normalization = LayerNormalization()
        normalization.axis = generator.integer(0...2)
        let inner = Array(shape[normalization.axis...])
        let parameters = (0..<generator.integer(0...2)).map { _ in generator.floatTensor(inner) }
        try KernelTwin(node: normalization, operands: [operand] + parameters).check("\(seed)")
        var batch = BatchNormalization()
        batch.axis = generator.integer(0...2)
        let channels = shape[batch.axis]
        let variance = Tensor(
          try generator.floatTensor([channels]).floats().map { abs($0) + 0.5 }, shape: [channels])
        let constants = (0..<3).map { _ in generator.floatTensor([channels]) } + [variance]
        try KernelTwin(node: batch, operands: [operand] + constants, constants: [1, 2, 3, 4]).check("\(seed)")
        let bounds = [Tensor(scalar: -1 as Float), Tensor(scalar: Float(generator.integer(-2...9)))]
        try KernelTwin(node: Clip(), operands: [operand] + bounds, constants: [1, 2]).check("\(seed)")
        try KernelTwin(node: Clip(minimum: 0.5, maximum: nil), operands: [operand]).check("\(seed)")
      }
    }
  }

  /// Each function from far below to far above.
  @Test func functions() throws {
    let values = (-4000...4000).map { Float($0) / 333 } + [-1e4, -104, -90, 90, 1e4, 1e-30, -1e-5, 0]
    var approximate = Gelu()
    approximate.approximation = .tanh
    try inAllForms {
      for node in [Erf(), Tanh(), Sigmoid(), Swish(), Gelu(), approximate] as [any Operator] {
        try KernelTwin(node: node, operands: [Tensor(values, shape: [values.count])]).check()
      }
      let exponents = values.filter { $0 < 12 }
      try KernelTwin(node: Exp(), operands: [Tensor(exponents, shape: [exponents.count])]).check()
    }
  }

  @Test func functionsOfExtremes() throws {
    let values: [Float] = [.nan, .infinity, -.infinity]
    let expected: [(any Operator, [Float])] = [
      (Exp(), [.nan, .infinity, 0]), (Erf(), [.nan, 1, -1]), (Tanh(), [.nan, 1, -1]),
      (Sigmoid(), [.nan, 1, 0]),
    ]
    try inAllForms {
      for (node, results) in expected {
        var graph = Graph()
        // Often enough to fill registers.
        let input = Tensor((0..<33).map { values[$0 % 3] }, shape: [33])
        graph.addOutput(try graph.add(node, graph.addInput("x", input.type)), name: "y")
        let output = try #require(try Session(Plan(graph)).run(["x": input])["y"]).floats()
        for (index, value) in output.enumerated() {
          let result = results[index % 3]
          #expect(value == result || (value.isNaN && result.isNaN), "\(node) of \(values[index % 3])")
        }
      }
    }
  }

  @Test func widerDepthwiseConvolutions() throws {
    try inAllForms {
      var generator = SeededGenerator(Seed(3))
      for (kernel, stride, dilation) in [(3, 1, 1), (3, 2, 1), (3, 1, 2), (5, 1, 1), (2, 3, 1)] {
        for groups in [16, 19, 80] {
          var parts = Parts()
          (parts.kernel, parts.strides, parts.dilations) = (
            [kernel, kernel], [stride, stride], [dilation, dilation]
          )
          (parts.size, parts.groups, parts.pads) = ([9, 21], groups, [1, 2, 1, 0])
          try integer(parts, &generator).check()
          try float(parts, &generator).check()
        }
      }
    }
  }
}
