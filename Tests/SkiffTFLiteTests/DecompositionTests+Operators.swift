import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

import SkiffTFLite

/// Operators and open sizes that the format lacks.
extension DecompositionTests {
  @Test(
    .needsPeer(.check),
    arguments: [
      Sinh(), Cosh(), Asinh(), Atan(), Tan(), LpNormalization(), Hardmax().with(1, \.axis),
      ArgMax().with(true, \.selectsLast), ArgMin().with(true, \.selectsLast).with(1, \.axis), EyeLike(),
      SizeOf(),
    ] as [any Operator])
  func functions(node: any Operator) throws {
    try check([4, 7]) { graph, x in try graph.add(node, x) }
  }

  @Test(.needsPeer(.check), arguments: [Asin(), Acos(), Atanh()] as [any Operator])
  func functionsBelowOne(node: any Operator) throws {
    try check([4, 7]) { graph, x in
      try graph.add(node, graph.add(Multiply(), graph.add(Tanh(), x), graph.real(0.99)))
    }
  }

  @Test(.needsPeer(.check)) func functionsAboveOne() throws {
    try check([4, 7]) { graph, x in
      try graph.add(Acosh(), graph.add(Add(), graph.add(Abs(), x), graph.real(1.5)))
    }
  }

  @Test(.needsPeer(.check), arguments: [Asinh(), Acosh(), Sinh(), Cosh()] as [any Operator])
  func functionsOfLargeNumbers(node: any Operator) throws {
    let isRoot = node is Asinh || node is Acosh
    for factor in isRoot ? [1e12, 1e35] : [29] as [Float] {
      try check([4, 7]) { graph, x in
        try graph.add(node, graph.add(Multiply(), graph.add(Abs(), x), graph.real(factor)))
      }
    }
  }

  /// Products of sizes can be beyond 32 bits, in which they would be divided.
  @Test func divisionsOfWhatCanBeLargeAreRefused() throws {
    var graph = Graph(name: "test")
    var size = try graph.add(ShapeOf(), graph.addInput("x", TensorType(.float32, Shape("N,4"))))
    for _ in 0..<60 { size = try graph.add(Add(), size, size) }
    let three = graph.addConstant(try Tensor(integers: [3], as: .int64, shape: []))
    graph.addOutput(try graph.add(Divide(), size, three), name: "y")
    let path = try TemporaryFolder().path("model.tflite")
    #expect(throws: ModelError.self) { try Runs.write(graph, to: path) }
  }

  /// The classes of detections: places among all scores, divided by the number of classes.
  @Test(.needsPeer(.check)) func divisionsOfIndices() throws {
    try check([3, 40]) { graph, x in
      let count = graph.addConstant(try Tensor(integers: [5], as: .int64, shape: [1]))
      let places = try graph.addNode(TopK(), [x, count])[1]
      let four = graph.addConstant(try Tensor(integers: [4], as: .int64, shape: []))
      return try graph.add(Cast(to: .float32), graph.add(Divide(), places, four))
    }
  }

  @Test(.needsPeer(.check), arguments: [[0, 2], [1, 2], [0, 1, 3]])
  func reversedAxesNeedNotBeNeighbours(axes: [Int]) throws {
    try check([2, 3, 4, 5]) { graph, x in try graph.add(Reverse(axes: axes), x) }
  }

  /// What fills a sequence up to a number of frames.
  @Test(.needsPeer(.check), arguments: [false, true]) func computedPadding(isFilled: Bool) throws {
    try check(Shape("N,3"), symbols: 5) { graph, x in
      let length = try graph.add(ShapeOf().with(0, \.start).with(1, \.end), x)
      let eight = graph.addConstant(try Tensor(integers: [8], as: .int64, shape: [1]))
      let none = graph.addConstant(try Tensor(integers: [0], as: .int64, shape: [1]))
      let one = graph.addConstant(try Tensor(integers: [1], as: .int64, shape: [1]))
      let rest = try graph.add(Subtract(), eight, length)
      let amounts = try graph.add(Concat(axis: 0), none, one, rest, none)
      return isFilled ? try graph.add(Pad(), x, amounts, graph.real(0.5)) : try graph.add(Pad(), x, amounts)
    }
  }

  @Test(.needsPeer(.check)) func oneOfTwo() throws {
    try check([4, 7]) { graph, x in
      let (a, b) = (
        try graph.add(Greater(), x, graph.real(0)), try graph.add(Less(), x, graph.real(0.5))
      )
      return try graph.add(Cast(to: .float32), graph.add(Xor(), a, b))
    }
  }

  @Test func groupsOfNothingAreRefused() throws {
    var graph = Graph(name: "test")
    let x = graph.addInput("x", TensorType(.float32, [1, 5, 5, 5, 4]))
    var node = Convolution()
    (node.layout, node.groups) = (.last, 2)
    let weights = graph.addConstant(Tensor([Float](), shape: [0, 3, 3, 3, 2]))
    graph.addOutput(try graph.add(node, x, weights), name: "y")
    let path = try TemporaryFolder().path("model.tflite")
    #expect(throws: ModelError.self) { try Runs.write(graph, to: path) }
  }

  @Test(.needsPeer(.check)) func remaindersWithTheSignOfTheDividend() throws {
    try check([5, 6]) { graph, x in
      try graph.add(Modulo().with(true, \.truncates), x, graph.real(0.7))
    }
  }

  @Test(.needsPeer(.check), arguments: [0, 1, -1]) func elementsAtPlaces(axis: Int) throws {
    let places = try Tensor(integers: [0, -1, 2, 1, -3, 1], as: .int64, shape: [3, 2, 1])
    for isComputed in [false, true] {
      try check([3, 4, 5]) { graph, x in
        let constant = graph.addConstant(places)
        let indices = isComputed ? try graph.computed(constant, from: x) : constant
        var node = GatherElements()
        node.axis = axis
        return try graph.add(node, x, indices)
      }
      try check([3, 4, 5]) { graph, x in
        let constant = graph.addConstant(try Tensor(integers: [1, -1, 0, 1], as: .int32, shape: [2, 2, 1]))
        let indices = isComputed ? try graph.computed(constant, from: x) : constant
        let updates = graph.addConstant(try Tensor(seed: 3, .float32, shape: [2, 2, 1]))
        return try graph.add(ScatterElements().with(axis == 0 ? 0 : 1, \.axis), x, indices, updates)
      }
    }
  }

  @Test(.needsPeer(.check), arguments: [false, true]) func indicesFromTheEnd(isComputed: Bool) throws {
    for shape in [Shape("3,4,5"), Shape("3,N,5")] {
      try check(shape, symbols: 4) { graph, x in
        let constant = graph.addConstant(try Tensor(integers: [-1, 0, -2], as: .int64, shape: [3]))
        return try graph.add(Gather(axis: 1), x, isComputed ? graph.computed(constant, from: x) : constant)
      }
      try check(shape, symbols: 4) { graph, x in
        try graph.add(
          Gather(axis: 1), x, graph.addConstant(try Tensor(integers: [-1], as: .int64, shape: [])))
      }
    }
    guard isComputed else { return }
    try check([3, 4, 5]) { graph, x in
      let constant = graph.addConstant(try Tensor(integers: [-1, 0, 1, -2], as: .int64, shape: [2, 2]))
      return try graph.add(GatherND(), x, graph.computed(constant, from: x))
    }
  }

  @Test(.needsPeer(.check), arguments: [0, 1, -1], [true, false])
  func greatestAndLeastAlongAnyAxis(axis: Int, takesGreatest: Bool) throws {
    for (index, dataType) in [(0, DataType.float32), (1, .float32), (0, .int64)] {
      try check([5, 6, 7]) { graph, x in
        let input = dataType == .float32 ? x : try graph.add(Cast(to: dataType), x)
        let node = TopK().with(axis, \.axis).with(takesGreatest, \.takesGreatest)
        return try graph.addNode(
          node, [input, graph.addConstant(try Tensor(integers: [3], as: .int64, shape: [1]))])[
            index]
      }
    }
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      "abc,cd->abd", "abc,adc->abd", "abc->cb", "abc,abc->ab", "abc,bd->acd", "abc->b", "abc,dc",
      "...c,cd->...d",
      "abc,acd->abd", "abc,abd->acd", "abc,d->abcd", "abc,bce->ae", "abc,ab->c",
    ])
  func sumsOfProducts(equation: String) throws {
    let sizes: [Character: Int] = ["a": 2, "b": 3, "c": 4, "d": 5, "e": 6]
    let parts = equation.split(separator: "-")[0].split(separator: ",")
    // An open size could be 1, which is repeated.
    let isOpen = parts.count == 1 || !parts[1].contains("a")
    for shape in isOpen ? [Shape("2,3,4"), Shape("N,3,4")] : [Shape("2,3,4")] {
      try check(shape, symbols: 2, passes: .canonical) { graph, x in
        guard parts.count == 2 else { return try graph.add(Einsum(equation), x) }
        let other = graph.addConstant(
          try Tensor(seed: 2, .float32, shape: parts[1].compactMap { sizes[$0] }))
        return try graph.add(Einsum(equation), x, other)
      }
    }
  }

  @Test(.needsPeer(.check), arguments: [Padding.explicit, .sameUpper], [false, true])
  func windowsOverThreeAxes(padding: Padding, roundsUp: Bool) throws {
    let pads = padding == .explicit ? [1, 0, 1, 0, 1, 1] : []
    for isMean in [false, true] {
      for counts in isMean && padding == .explicit && !roundsUp ? [false, true] : [false] {
        try check([2, 5, 6, 7, 3]) { graph, x in
          var (mean, greatest) = (AveragePool(), MaxPool())
          (mean.layout, mean.size, mean.strides) = (.last, [2, 3, 2], [2, 1, 2])
          (mean.padding, mean.pads, mean.roundsUp, mean.countsPadding) = (padding, pads, roundsUp, counts)
          mean.activation = .relu
          (greatest.layout, greatest.size, greatest.strides) = (.last, mean.size, mean.strides)
          (greatest.padding, greatest.pads, greatest.roundsUp) = (padding, pads, roundsUp)
          return try isMean ? graph.add(mean, x) : graph.add(greatest, x)
        }
      }
    }
  }

  @Test(.needsPeer(.check), arguments: [1, 2, 3]) func normsOfWindows(order: Int) throws {
    try check([2, 6, 7, 3]) { graph, x in
      var pool = LpPool()
      (pool.layout, pool.size, pool.pads, pool.order) = (.last, [3, 2], [1, 0, 1, 1], order)
      return try graph.add(pool, x)
    }
  }

  @Test(.needsPeer(.check)) func groupsOverThreeAxes() throws {
    try check([1, 4, 5, 4, 6]) { graph, x in
      var node = Convolution()
      (node.layout, node.groups) = (.last, 3)
      return try graph.add(
        node, x, graph.addConstant(try Tensor(seed: 1, .float32, shape: [9, 2, 3, 2, 2])))
    }
  }

  @Test(.needsPeer(.check), arguments: [1, 2, 4], [[1, 1], [2, 3]])
  func transposedConvolutionsWithGroupsAndGaps(groups: Int, dilations: [Int]) throws {
    for shape in [Shape("2,4,5,4"), Shape("2,H,W,4")] {
      try check(shape, symbols: 5) { graph, x in
        var node = TransposedConvolution()
        (node.layout, node.groups, node.strides, node.dilations) = (.last, groups, [2, 3], dilations)
        (node.pads, node.outputPadding) = ([1, 0, 1, 1], [1, 0])
        let weights = graph.addConstant(try Tensor(seed: 1, .float32, shape: [8 / groups, 3, 2, 4]))
        return try graph.add(node, x, weights, graph.addConstant(try Tensor(seed: 2, .float32, shape: [8])))
      }
    }
  }

  /// The second one needs the sizes that the first one has cut.
  @Test(.needsPeer(.check)) func transposedConvolutionsOfWhatIsCut() throws {
    try check(Shape("1,H,W,3"), symbols: 5) { graph, x in
      var node = TransposedConvolution()
      (node.layout, node.strides, node.pads) = (.last, [2, 1], [1, 1, 0, 2])
      let first = try graph.add(
        node, x, graph.addConstant(try Tensor(seed: 1, .float32, shape: [4, 3, 3, 3])))
      return try graph.add(
        node, first, graph.addConstant(try Tensor(seed: 2, .float32, shape: [2, 2, 3, 4])))
    }
  }

  @Test(.needsPeer(.check)) func transposedConvolutionsOverThreeAxes() throws {
    try check([1, 3, 4, 3, 2]) { graph, x in
      var node = TransposedConvolution()
      (node.layout, node.strides, node.pads) = (.last, [2, 1, 2], [1, 1, 0, 0, 1, 1])
      return try graph.add(node, x, graph.addConstant(try Tensor(seed: 1, .float32, shape: [4, 3, 3, 3, 2])))
    }
  }

  @Test(.needsPeer(.check)) func sequencesOfOpenLengthAndNumber() throws {
    try check(Shape("N,L,3"), symbols: 6) { graph, x in
      var node = Convolution()
      (node.layout, node.pads) = (.last, [1, 1])
      return try graph.add(node, x, graph.addConstant(try Tensor(seed: 1, .float32, shape: [4, 3, 3])))
    }
  }

  @Test(.needsPeer(.check), arguments: [2, 3]) func imagesOfOpenSizesGrow(factor: Int) throws {
    for (mode, coordinates) in [
      (ResizeMode.nearest, ResizeCoordinates.halfPixel), (.linear, .halfPixel), (.linear, .pytorchHalfPixel),
      (.linear, .alignCorners),
    ] {
      try check(Shape("1,H,W,3"), symbols: 5) { graph, x in
        var resize = Resize()
        (resize.mode, resize.coordinates, resize.axes) = (mode, coordinates, [1, 2])
        let scales = graph.addConstant(Tensor([Float(factor), Float(factor)], shape: [2]))
        return try graph.addNode(resize, [x, nil, scales])[0]
      }
    }
    try check(Shape("1,H,W,3"), symbols: 5) { graph, x in
      var resize = Resize()
      (resize.mode, resize.coordinates, resize.axes) = (.linear, .alignCorners, [1, 2])
      let doubled = try graph.add(
        Multiply(), graph.add(ShapeOf().with(1, \.start).with(3, \.end), x),
        graph.addConstant(try Tensor(integers: [factor], as: .int64, shape: [])))
      return try graph.addNode(resize, [x, nil, nil, doubled])[0]
    }
  }

  @Test(.needsPeer(.check)) func boundsOfSlicesAreComputed() throws {
    try check(Shape("N,6,4"), symbols: 6) { graph, x in
      let count = try graph.add(ShapeOf().with(1, \.end), x)
      let half = try graph.add(
        Divide(), count, graph.addConstant(try Tensor(integers: [2], as: .int64, shape: [])))
      let one = graph.addConstant(try Tensor(integers: [1], as: .int64, shape: [1]))
      return try graph.add(Slice(), x, one, half, one)
    }
  }

  @Test(.needsPeer(.check), arguments: [[4], [5, 4], [2, 5, 4]]) func productsWithVectors(sizes: [Int]) throws
  {
    try check(Shape(sizes)) { graph, x in
      try graph.add(MatrixMultiply(), x, graph.addConstant(try Tensor(seed: 1, .float32, shape: [4])))
    }
    guard sizes.count > 1 else { return }
    try check(Shape(sizes)) { graph, x in
      try graph.add(MatrixMultiply(), graph.addConstant(try Tensor(seed: 1, .float32, shape: [5])), x)
    }
  }

  @Test(.needsPeer(.check), arguments: [true, false], [true, false])
  func framesOfSignals(isOneSided: Bool, hasWindow: Bool) throws {
    for shape in [Shape("2,100,1"), Shape("N,100,1")] {
      try check(shape, symbols: 3) { graph, x in
        let step = graph.addConstant(try Tensor(integers: [7], as: .int64, shape: []))
        let length = graph.addConstant(try Tensor(integers: [24], as: .int64, shape: []))
        let window = graph.addConstant(try Tensor(seed: 5, .float32, shape: [24]))
        let node = ShortTimeFourierTransform().with(isOneSided, \.isOneSided)
        return try graph.addNode(node, hasWindow ? [x, step, window] : [x, step, nil, length])[0]
      }
    }
  }

  @Test(.needsPeer(.check)) func normalizationByComputedParameters() throws {
    try check([2, 3, 4]) { graph, x in
      var operands: [ValueID] = [x]
      for seed in 1...4 {
        let constant = graph.addConstant(try Tensor(seed: UInt64(seed), .float32, shape: [3]))
        operands.append(try graph.add(Square(), constant))
      }
      return try graph.addNode(BatchNormalization(), operands)[0]
    }
  }
}

extension Graph {
  fileprivate mutating func real(_ number: Float) -> ValueID { addConstant(Tensor(scalar: number)) }

  /// Integers that are only known when the graph runs.
  fileprivate mutating func computed(_ integers: ValueID, from x: ValueID) throws -> ValueID {
    let type = self[integers].type?.dataType ?? .int64
    let zero = try add(Multiply(), x, real(0))
    let none = try add(ReduceMax().with(false, \.keepsDimensions), zero)
    return try add(Add(), integers, add(Cast(to: type), none))
  }
}

extension Shape {
  /// Sizes and names of symbols, for example `N,3,H`.
  fileprivate init(_ text: String) {
    self.init(text.split(separator: ",").map { Int($0).map { .fixed($0) } ?? .symbol(String($0)) })
  }
}
