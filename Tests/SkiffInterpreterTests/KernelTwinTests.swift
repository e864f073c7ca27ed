import CKernels
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Every kernel in C against its Swift twin, in each form that the CPU can run.
@Suite(.serialized) struct KernelTwinTests {
  /// Runs `body` with the kernels of every level up to the CPU's own.
  private func inAllForms(_ body: () throws -> Void) throws {
    defer { skiff_kernels_limit_level(skiff_avx512) }
    for level in [skiff_portable, skiff_avx2, skiff_avx512]
    where skiff_kernels_limit_level(level) == level { try body() }
  }

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
}
