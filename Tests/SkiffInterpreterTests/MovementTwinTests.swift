import CKernels
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// The kernels that move, pool, add up and convert, against their Swift twins.
@Suite(.serialized) struct MovementTwinTests {
  private func shape(_ generator: inout SeededGenerator, rank: Int, _ range: ClosedRange<Int> = 1...6)
    -> [Int]
  {
    (0..<rank).map { _ in generator.integer(range) }
  }

  /// Tensors of elements of 1, 2, 4 and 8 bytes.
  private func tensor(_ shape: [Int], _ generator: inout SeededGenerator) throws -> Tensor {
    let type = generator.pick([DataType.float32, .int8, .int16, .int64, .float64, .boolean])
    return type == .int8 ? generator.integerTensor(shape) : try bits(shape, type, &generator)
  }

  /// Zeros and ones.
  private func bits(_ shape: [Int], _ type: DataType, _ generator: inout SeededGenerator) throws -> Tensor {
    let bits = (0..<shape.reduce(1, *)).map { _ in generator.integer(0...1) }
    return type.isFloatingPoint
      ? try Tensor(floats: bits.map(Float.init), as: type, shape: shape)
      : try Tensor(integers: bits, as: type, shape: shape)
  }

  @Test(arguments: Seed.fixedAndFresh) func movements(_ seed: Seed) throws {
    var generator = SeededGenerator(seed)
    for _ in 0..<300 {
      let shape = shape(&generator, rank: generator.integer(1...6))
      let input = try tensor(shape, &generator)
      func check(_ node: any Operator, _ operands: [Tensor] = [], constants: Set<Int> = []) throws {
        try KernelTwin(
          node: node, operands: [input] + operands, constants: constants, result: input.quantization
        ).check("\(seed)")
      }
      try check(Transpose(Array(shape.indices).shuffled(using: &generator)))
      try check(Reshape(), [Tensor([-1] as [Int64], shape: [1])], constants: [1])
      let axis = generator.integer(0...shape.count - 1)
      var others = shape
      others[axis] = generator.integer(1...4)
      let other = try bits(others, input.dataType, &generator).quantized(with: input.quantization)
      try check(Concat(axis: axis - shape.count), [other])
      let begins = shape.map { Int64(generator.integer(-($0 - 1) / 2...3)) }
      let ends = shape.map { Int64(generator.integer(-($0 - 1) / 2...3)) }
      try check(Pad(), [Tensor(begins + ends, shape: [2 * shape.count])], constants: [1])
      let single = shape.map { generator.integer(0...1) == 0 ? 1 : $0 }
      let small = try tensor(single, &generator)
      let target = Tensor(([2] + shape).map(Int64.init), shape: [shape.count + 1])
      try KernelTwin(
        node: Expand(), operands: [small, target], constants: [1], result: small.quantization
      ).check("\(seed)")
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func transpositionsOfImages(_ seed: Seed) throws {
    var generator = SeededGenerator(seed)
    for order in [[0, 2, 3, 1], [0, 3, 1, 2], [1, 0, 2, 3], [3, 2, 1, 0]] {
      let input = generator.floatTensor([2, 37, 21, 18])
      try KernelTwin(node: Transpose(order), operands: [input]).check("\(seed)")
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func pooling(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<100 {
        let axes = generator.integer(1...2)
        let space = shape(&generator, rank: axes, 1...9)
        let size = space.map { generator.integer(1...min(4, $0)) }
        let pads = (size + size).map { generator.integer(0...$0 - 1) }
        let strides = size.map { _ in generator.integer(1...3) }
        let input = [generator.integer(1...2)] + space + [generator.integer(1...40)]
        var maximum = MaxPool()
        (maximum.layout, maximum.size, maximum.strides, maximum.pads) = (.last, size, strides, pads)
        var average = AveragePool()
        (average.layout, average.size, average.strides, average.pads) = (.last, size, strides, pads)
        average.activation = generator.pick(FusedActivation.allCases)
        maximum.roundsUp = generator.integer(0...1) == 0
        for node in [maximum, average] as [any Operator] {
          try KernelTwin(node: node, operands: [generator.floatTensor(input)]).check("\(seed)")
          let integers = generator.integerTensor(input)
          try KernelTwin(node: node, operands: [integers], result: integers.quantization).check("\(seed)")
        }
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func sumsAndConversions(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<100 {
        let shape = shape(&generator, rank: generator.integer(1...4), 1...9)
        let first = generator.integer(0...shape.count - 1)
        let axes = Array(first...generator.integer(first...shape.count - 1))
        let keeps = generator.integer(0...1) == 0
        let parameters = QuantizationParameters(
          scale: Float(generator.logUniform(in: 1e-3...10)), zeroPoint: generator.integer(-128...127))
        for node in [
          ReduceMean(axes: axes, keepsDimensions: keeps), ReduceSum(axes: axes, keepsDimensions: keeps),
        ] as [any Operator] {
          try KernelTwin(node: node, operands: [generator.floatTensor(shape)]).check("\(seed)")
          try KernelTwin(node: node, operands: [generator.integerTensor(shape)], result: parameters)
            .check("\(seed)")
        }
        var reals = generator.floats(shape.reduce(1, *), in: -40...40)
        // Halves, and what no integer stands for.
        for index in reals.indices where index % 3 == 0 {
          reals[index] = Float(generator.integer(-150...150)) * parameters.scales[0] / 2
        }
        reals[0] = generator.pick([.nan, .infinity, -.infinity, 3e38, 0])
        try KernelTwin(node: Quantize(), operands: [Tensor(reals, shape: shape)], result: parameters)
          .check("\(seed)")
        try KernelTwin(node: Dequantize(), operands: [generator.integerTensor(shape)]).check("\(seed)")
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func differencesAreThoseOfEachElement(_ seed: Seed) throws {
    var first: [Int: skiff_differences] = [:]
    try inAllForms {
      var generator = SeededGenerator(seed)
      for count in 1...100 {
        let a = generator.floats(count, in: -40...40)
        let b = a.map { generator.integer(0...2) == 0 ? $0 : $0 + Float(generator.integer(-9...9)) }
        var sums = skiff_differences()
        skiff_f32_differences(count, a, b, &sums)
        let pairs = zip(a, b).map { (a: Double($0), b: Double($1)) }
        #expect(sums.least == pairs.map(\.a).min() && sums.greatest == pairs.map(\.a).max())
        #expect(sums.maximum == pairs.map { abs($0.a - $0.b) }.max())
        #expect(sums.differing == pairs.count { $0.a != $0.b })
        func agrees(_ sum: Double, _ element: ((a: Double, b: Double)) -> Double) -> Bool {
          let terms = pairs.map(element)
          return abs(sum - terms.reduce(0, +)) <= 1e-13 * terms.map(abs).reduce(0, +)
        }
        #expect(agrees(sums.errors) { abs($0.a - $0.b) })
        #expect(agrees(sums.squared_errors) { ($0.a - $0.b) * ($0.a - $0.b) })
        #expect(agrees(sums.reference) { $0.a * $0.a } && agrees(sums.candidate) { $0.b * $0.b })
        #expect(agrees(sums.products) { $0.a * $0.b })
        // The same sums at each level.
        let known = first[count] ?? sums
        #expect(known.squared_errors == sums.squared_errors && known.errors == sums.errors, "\(seed)")
        first[count] = sums
        for stranger in [Float.nan, .infinity] {
          var strange = b
          strange[generator.integer(0...count - 1)] = stranger
          skiff_f32_differences(count, a, strange, &sums)
          #expect(!sums.errors.isFinite)
        }
      }
    }
  }
}
