import CKernels
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Exact products of bytes, and what surrounds them in networks that are quantized as they run.
@Suite struct ProductTwinTests {
  /// A byte tensor with its extremes, and a zero point of its type for one number or a list.
  private func bytes(
    _ shape: [Int], zeros: Int = 1, _ generator: inout SeededGenerator
  ) throws -> (tensor: Tensor, zeroPoint: Tensor) {
    let type = generator.pick([DataType.int8, .uint8])
    let range = type == .int8 ? -128...127 : 0...255
    var numbers = (0..<shape.reduce(1, *)).map { _ in generator.integer(range) }
    for index in numbers.indices where generator.integer(0...9) == 0 {
      numbers[index] = generator.pick([range.lowerBound, range.upperBound])
    }
    let zeroPoints = (0..<zeros).map { _ in generator.integer(range) }
    let zeroShape = zeros == 1 ? generator.pick([[], [1]]) : [zeros]
    return (
      try Tensor(integers: numbers, as: type, shape: shape),
      try Tensor(integers: zeroPoints, as: type, shape: zeroShape)
    )
  }

  @Test(arguments: Seed.fixedAndFresh) func matrices(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<100 {
        let shape = [generator.integer(1...3), generator.integer(1...9), generator.integer(1...70)]
        let units = generator.integer(1...80)
        var node = IntegerMatrixMultiply()
        node.transposesB = generator.integer(0...1) == 0
        let a = try bytes(shape, &generator)
        let b = try bytes(
          node.transposesB ? [units, shape[2]] : [shape[2], units], zeros: generator.pick([1, units]),
          &generator)
        let operands = [a.tensor, b.tensor, a.zeroPoint, b.zeroPoint]
        for constants in [[1, 3], [1, 2, 3]] {
          try KernelTwin(node: node, operands: operands, constants: Set(constants)).check("\(seed)")
        }
        try KernelTwin(node: node, operands: Array(operands[..<3]), constants: [1]).check("\(seed)")
        try KernelTwin(node: node, operands: Array(operands[..<2]), constants: [1]).check("\(seed)")
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func convolutions(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<150 {
        let axes = generator.pick([1, 2, 2, 2])
        func draw(_ range: ClosedRange<Int>) -> [Int] { (0..<axes).map { _ in generator.integer(range) } }
        let (size, kernel) = (draw(1...14), draw(1...5))
        var node = IntegerConvolution()
        node.groups = generator.pick([1, 1, 2, 3, 35, 70])
        (node.strides, node.dilations) = (draw(1...3), draw(1...2))
        node.pads = draw(0...3) + draw(0...3)
        let fits = (0..<axes).allSatisfy { axis in
          let room = node.pads[axis] + size[axis] + node.pads[axes + axis]
          return room > (kernel[axis] - 1) * node.dilations[axis]
        }
        guard fits else { continue }
        let many = node.groups > 3
        let (inputs, outputs) = (
          generator.integer(1...(many ? 2 : 24)), generator.integer(1...(many ? 2 : 40))
        )
        let (batch, all) = (generator.integer(1...3), outputs * node.groups)
        let input = try bytes([batch, inputs * node.groups] + size, &generator)
        let weights = try bytes([all, inputs] + kernel, zeros: generator.pick([1, all]), &generator)
        let bias = try Tensor(
          integers: (0..<all).map { _ in generator.integer(-1_000_000...1_000_000) }, as: .int32, shape: [all]
        )
        let operands = [input.tensor, weights.tensor, input.zeroPoint, weights.zeroPoint, bias]
        try KernelTwin(node: node, operands: operands, constants: [1, 3, 4]).check("\(seed)")
        try KernelTwin(node: node, operands: Array(operands[..<4]), constants: [1, 2, 3]).check("\(seed)")
        try KernelTwin(node: node, operands: Array(operands[..<2]), constants: [1]).check("\(seed)")
      }
    }
  }

  /// Windows over nothing, of channels that have a group each, give nothing.
  @Test func emptyConvolutions() throws {
    for groups in [1, 4] {
      for type in [DataType.uint8, .float32] {
        var (exact, real) = (IntegerConvolution(), Convolution())
        (exact.groups, exact.padding) = (groups, .sameUpper)
        (real.groups, real.padding) = (groups, .sameUpper)
        let input = try Tensor(integers: [], as: .uint8, shape: [1, 4, 3, 0]).cast(to: type)
        let ones = [Int](repeating: 1, count: 16 / groups)
        let weights = try Tensor(integers: ones, as: .uint8, shape: [4, 4 / groups, 1, 1]).cast(to: type)
        var graph = Graph()
        let x = graph.addInput("x", input.type)
        let node: any Operator = type == .uint8 ? exact : real
        graph.addOutput(try graph.add(node, x, graph.addConstant(weights)), name: "y")
        let results = try Session(Plan(graph)).run(["x": input])
        #expect(results["y"]?.shape == [1, 4, 3, 0])
      }
    }
  }

  /// Products of nothing are 0, and the range of nothing has a scale of 1.
  @Test func emptyProducts() throws {
    for type in [DataType.uint8, .float32] {
      let left = try Tensor(integers: [], as: .uint8, shape: [3, 0]).cast(to: type)
      let right = try Tensor(integers: [], as: .uint8, shape: [0, 5]).cast(to: type)
      let node: any Operator = type == .uint8 ? IntegerMatrixMultiply() : MatrixMultiply()
      var graph = Graph()
      graph.addOutput(
        try graph.add(node, graph.addInput("x", left.type), graph.addConstant(right)), name: "y")
      let product = try #require(try Session(Plan(graph)).run(["x": left])["y"])
      #expect(try product.shape == [3, 5] && product.doubles().allSatisfy { $0 == 0 })
    }
    var graph = Graph()
    let none = Tensor([] as [Float], shape: [0, 4])
    let results = try graph.addNode(DynamicQuantizeLinear(), [graph.addInput("x", none.type)])
    for (index, id) in results.enumerated() { graph.addOutput(id, name: "y\(index)") }
    let found = try Session(Plan(graph)).run(["x": none])
    #expect(try found["y1"]?.floats() == [1] && found["y2"]?.integers() == [0])
  }

  /// Sums wrap: of 70,000 products of 255 and 255.
  @Test func sumsWrap() throws {
    let count = 70_000
    let ones = try Tensor(integers: [Int](repeating: 255, count: count), as: .uint8, shape: [1, count])
    try inAllForms {
      var node = IntegerMatrixMultiply()
      node.transposesB = true
      try KernelTwin(node: node, operands: [ones, ones], constants: [1]).check()
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func dynamicQuantization(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<60 {
        let count = generator.integer(1...200)
        let scale = Float(generator.logUniform(in: 1e-42...1e30))
        var numbers = try generator.floatTensor([count]).floats().map { $0 * scale }
        if generator.integer(0...3) == 0 { numbers[0] = generator.pick([.nan, .infinity, -.infinity, 3e38]) }
        if generator.integer(0...9) == 0 { numbers = numbers.map { _ in 0 } }
        if generator.integer(0...4) == 0 { numbers = numbers.map(\.magnitude) }
        let twin = KernelTwin(node: DynamicQuantizeLinear(), operands: [Tensor(numbers, shape: [count])])
        for output in 0..<3 {
          var twin = twin
          twin.output = output
          try twin.check("\(seed) \(output)")
        }
      }
    }
  }

  @Test func casts() throws {
    try inAllForms {
      let numbers = [0, 1, -1, 16_777_217, 33_554_435, -16_777_219, Int(Int32.max), Int(Int32.min)]
      let tensor = try Tensor(integers: (0..<99).map { numbers[$0 % 8] }, as: .int32, shape: [99])
      try KernelTwin(node: Cast(to: .float32), operands: [tensor]).check()
    }
  }

  /// What recurrent operators multiply states with: sums grow row by row, however they are computed.
  @Test(arguments: Seed.fixedAndFresh) func sumsOfRows(_ seed: Seed) throws {
    try inAllForms {
      var generator = SeededGenerator(seed)
      for _ in 0..<100 {
        let (rows, columns) = (generator.integer(0...11), generator.integer(1...70))
        let stride = columns + generator.integer(0...9)
        let values = try generator.floatTensor([rows]).floats()
        let matrix = try generator.floatTensor([rows, stride]).floats()
        let start = try generator.floatTensor([columns]).floats()
        var sums = start
        skiff_f32_add_products(rows, columns, stride, values, matrix, &sums)
        for column in 0..<columns {
          let expected = (0..<rows).reduce(Double(start[column])) {
            $0 + Double(values[$1]) * Double(matrix[$1 * stride + column])
          }
          #expect(abs(Double(sums[column]) - expected) <= 1e-5 * max(1, abs(expected)), "\(seed)")
        }
      }
    }
  }
}
