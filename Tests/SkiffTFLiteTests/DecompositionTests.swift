import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

import SkiffTFLite

/// What the format says by other operators computes the same in LiteRT.
@Suite struct DecompositionTests {
  /// Writes a graph of one input, whose open sizes are `symbols` when it runs, and compares what it computes.
  func check(
    _ shape: Shape, symbols: Int = 1, bound: Double = 1e-5, passes: Pipeline? = nil,
    _ build: (inout Graph, ValueID) throws -> ValueID
  ) throws {
    var graph = Graph(name: "test")
    let input = graph.addInput("x", TensorType(.float32, shape))
    graph.addOutput(try build(&graph, input), name: "y")
    try graph.verify()
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    var simplified = graph
    var report = PassReport()
    try passes?.run(on: &simplified, report: &report)
    try Runs.write(simplified, to: path)
    let inputs = try Runs.inputs(graph, count: 3, seed: Seed(11), bound: 3, symbols: symbols)
    let ours = try Runs.outputs(graph, inputs, reference: true)
    for resolver in ["BUILTIN_REF", "BUILTIN"] {
      try expectClose(ours, Runs.peerOutputs(path, graph, inputs, resolver: resolver), bound, resolver)
    }
    let back = try Runs.outputs(try Runs.graph(path).graph, inputs, reference: true)
    try expectClose(back, ours.map { try $0.map { try $0.array() } }, bound, "read back")
  }

  @Test(.needsPeer(.check)) func theErrorFunction() throws {
    try check([2, 50]) { graph, x in try graph.add(Erf(), x) }
  }

  @Test(.needsPeer(.check), arguments: [-1, -2]) func layerNormalization(axis: Int) throws {
    let sizes = axis == -1 ? [8] : [5, 8]
    try check([2, 5, 8]) { graph, x in
      var operator_ = LayerNormalization()
      operator_.axis = axis
      let parameters = try (1...2).map { graph.addConstant(try Tensor(seed: $0, .float32, shape: sizes)) }
      return try graph.add(operator_, x, parameters[0], parameters[1])
    }
    try check([2, 5, 8]) { graph, x in try graph.add(RMSNormalization(), x) }
  }

  @Test(.needsPeer(.check), arguments: ChannelLayout.allCases)
  func normalizationOfInstancesAndGroups(layout: ChannelLayout) throws {
    let shape: Shape = layout == .first ? [2, 6, 4, 5] : [2, 4, 5, 6]
    for count in [6, 3] {
      try check(shape) { graph, x in
        let parameters = try (1...2).map { graph.addConstant(try Tensor(seed: $0, .float32, shape: [count])) }
        if count == 6 {
          var instance = InstanceNormalization()
          instance.layout = layout
          let result = try graph.add(instance, x, parameters[0], parameters[1])
          var group = GroupNormalization()
          (group.layout, group.groups) = (layout, 2)
          return try graph.add(group, result, parameters[0], parameters[1])
        }
        var group = GroupNormalization()
        (group.layout, group.groups) = (layout, 3)
        return try graph.add(group, x, parameters[0], parameters[1])
      }
    }
  }

  @Test(
    .needsPeer(.check), arguments: [PaddingContent.edge, .wrap, .reflect, .symmetric, .constant],
    [[0, 1, 2, 0, 0, 3, 1, 0], [0, -1, 2, 0, 0, 1, -2, 0], [0, 7, 0, 1, 0, 0, 6, 2]])
  func paddingThatTheFormatLacksIsASelection(content: PaddingContent, pads: [Int]) throws {
    try check([2, 5, 6, 3]) { graph, x in
      let amounts = graph.addConstant(try Tensor(integers: pads, as: .int64, shape: [8]))
      return try graph.add(Pad(content), x, amounts)
    }
  }

  /// A padding by nothing is a copy: what else uses the operand finds it as it was.
  @Test(.needsPeer(.check)) func paddingByNothing() throws {
    try check([2, 5]) { graph, x in
      let amounts = graph.addConstant(try Tensor(integers: [0, 0, 0, 0], as: .int64, shape: [4]))
      let y = try graph.add(Sin(), x)
      return try graph.add(Add(), graph.add(Pad(.edge), y, amounts), y)
    }
  }

  /// Constant places that count from the end count from the start in the file.
  @Test(.needsPeer(.check), arguments: [ScatterReduction.none, .add, .maximum])
  func placesFromTheEnd(reduction: ScatterReduction) throws {
    let places = try Tensor(integers: [-1, -3, 0, 1], as: .int64, shape: [2, 2])
    try check([4, 3, 2]) { graph, x in
      try graph.add(GatherND(), x, graph.addConstant(places))
    }
    try check([4, 2]) { graph, x in
      var scatter = ScatterND()
      scatter.reduction = reduction
      let lines = try Tensor(integers: [-1, 0, -3], as: .int64, shape: [3, 1])
      let updates = graph.addConstant(try Tensor(seed: 1, .float32, shape: [3, 2]))
      return try graph.add(scatter, x, graph.addConstant(lines), updates)
    }
  }

  /// The format finds what differs in lists only.
  @Test(.needsPeer(.check)) func whatDiffersInATensor() throws {
    try check([3, 4]) { graph, x in
      var unique = Unique()
      unique.isSorted = false
      return try graph.addNode(unique, [graph.add(Sign(), x)])[2]
    }
  }

  /// A transposed convolution cut at its ends only, which no padding of the format means.
  @Test(.needsPeer(.check)) func volumesCutAtTheirEnds() throws {
    try check([1, 5, 3, 4, 2]) { graph, x in
      var node = TransposedConvolution()
      (node.layout, node.pads) = (.last, [0, 0, 0, 0, 2, 1])
      return try graph.add(node, x, graph.addConstant(try Tensor(seed: 1, .float32, shape: [2, 3, 3, 1, 2])))
    }
  }

  /// Kernels divide by the size of the axis.
  @Test func softmaxOfNothingIsRefused() throws {
    var graph = Graph(name: "test")
    let x = graph.addInput("x", TensorType(.float32, [2, 0]))
    graph.addOutput(try graph.add(Softmax(), x), name: "y")
    let path = try TemporaryFolder().path("model.tflite")
    #expect(throws: ModelError.self) { try Runs.write(graph, to: path) }
  }

  @Test(.needsPeer(.check)) func channelsBeforeBlocks() throws {
    try check([2, 3, 4, 12]) { graph, x in
      var node = DepthToSpace()
      (node.layout, node.order, node.blockSize) = (.last, .channelFirst, 2)
      return try graph.add(node, x)
    }
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      [1, 1, 1, 1], [0, 1, 2, 0], [0, 0, 0, 0],
    ], [false, true])
  func poolingWhoseWindowsAreFilledUp(pads: [Int], countsPadding: Bool) throws {
    for roundsUp in [false, true] {
      try check([2, 8, 7, 3]) { graph, x in
        var average = AveragePool()
        (average.layout, average.size, average.strides, average.pads) = (.last, [3, 3], [2, 2], pads)
        (average.roundsUp, average.countsPadding, average.activation) = (roundsUp, countsPadding, .relu)
        return try graph.add(average, x)
      }
      try check([2, 8, 7, 3]) { graph, x in
        var pool = MaxPool()
        (pool.layout, pool.size, pool.strides, pool.pads, pool.roundsUp) =
          (.last, [3, 3], [2, 2], pads, roundsUp)
        return try graph.add(pool, x)
      }
    }
  }

  @Test(.needsPeer(.check), arguments: ResizeMode.allCases, ResizeCoordinates.allCases)
  func everyResizeOfKnownSizes(mode: ResizeMode, coordinates: ResizeCoordinates) throws {
    guard coordinates != .tfCropAndResize else { return }
    for (scales, rounding) in [
      ([1, 2, 2, 1], ResizeRounding.roundPreferFloor), ([1, 1.5, 0.7, 1], .floor), ([1, 2, 3, 1], .ceil),
    ] as [([Float], ResizeRounding)] {
      try check([2, 5, 6, 3]) { graph, x in
        var resize = Resize()
        (resize.mode, resize.coordinates, resize.rounding) = (mode, coordinates, rounding)
        return try graph.add(
          resize, x, nil, graph.addConstant(Tensor(scales, shape: [4])))
      }
    }
  }

  /// The layout pass stores axes in another order than the scales have.
  @Test(.needsPeer(.check)) func scalesBelongToTheAxesThatAreNamed() throws {
    try check([1, 5, 6, 3]) { graph, x in
      var resize = Resize()
      (resize.mode, resize.coordinates, resize.rounding) = (.nearest, .asymmetric, .floor)
      resize.axes = [0, 3, 1, 2]
      return try graph.add(resize, x, nil, graph.addConstant(Tensor([1, 1, 2, 3], shape: [4])))
    }
  }

  @Test(.needsPeer(.check), arguments: [[0, 0, 0, 0], [1, 1, 1, 1]])
  func transposedConvolutionOfAnyNumberOfImages(pads: [Int]) throws {
    try check(Shape([.symbol("N"), .fixed(4), .fixed(5), .fixed(3)])) { graph, x in
      var node = TransposedConvolution()
      (node.layout, node.strides, node.pads) = (.last, [2, 2], pads)
      return try graph.add(node, x, graph.addConstant(try Tensor(seed: 4, .float32, shape: [6, 4, 4, 3])))
    }
  }

  @Test(.needsPeer(.check), arguments: [false, true])
  func reductionsThatTheFormatLacks(keepsDimensions: Bool) throws {
    for kind in [ReduceL1.self, ReduceL2.self, ReduceSumSquare.self, ReduceLogSumExp.self]
      as [any Reduction.Type]
    {
      try check([2, 5, 4]) { graph, x in
        var node = kind.init()
        (node.axes, node.keepsDimensions) = ([1], keepsDimensions)
        return try graph.add(node, x)
      }
    }
    try check([2, 5, 4]) { graph, x in try graph.add(ReduceLogSum(), graph.add(Abs(), x)) }
  }

  @Test(.needsPeer(.check)) func theGreatestElements() throws {
    try check([2, 5, 9]) { graph, x in
      let count = graph.addConstant(try Tensor(integers: [3], as: .int64, shape: [1]))
      let results = try graph.addNode(TopK(), [x, count])
      return try graph.add(Add(), results[0], graph.add(Cast(to: .float32), results[1]))
    }
  }

  @Test(.needsPeer(.check)) func transposedConvolutionOfOneAxis() throws {
    try check([2, 7, 3]) { graph, x in
      var node = TransposedConvolution()
      (node.layout, node.strides, node.pads) = (.last, [2], [1, 1])
      return try graph.add(node, x, graph.addConstant(try Tensor(seed: 4, .float32, shape: [5, 4, 3])))
    }
  }

  /// `Expand` broadcasts both ways; the format's operator only its operand.
  @Test(.needsPeer(.check)) func expansionToSizesThatAreComputed() throws {
    try check(Shape([.symbol("N"), .fixed(4)])) { graph, x in
      let size = try graph.add(
        Gather(), graph.add(ShapeOf(), x), graph.addConstant(Tensor([0] as [Int64], shape: [1])))
      let ones = graph.addConstant(Tensor([1, 1] as [Int64], shape: [2]))
      let minus = graph.addConstant(Tensor([-1, 7, 7] as [Int64], shape: [3]))
      let shape = try graph.add(Concat(axis: 0), size, ones)
      // A selection keeps inference from knowing the sizes.
      let wanted = try graph.add(Select(), graph.add(Equal(), shape, minus), shape, shape)
      let token = graph.addConstant(try Tensor(seed: 3, .float32, shape: [1, 2, 4]))
      let expanded = try graph.add(Expand(), token, wanted)
      return try graph.add(ReduceSum(axes: [1], keepsDimensions: false), expanded)
    }
  }

  /// A 0 among sizes that are computed stands for the input's size, which the format does not know.
  @Test(.needsPeer(.check), arguments: [[-1], [-1, 4], [3, 2, 2], [3, -1, 1, 2]], [true, false])
  func computedSizesCopy(rest: [Int], isOpen: Bool) throws {
    try check(isOpen ? Shape([.symbol("N"), .fixed(3), .fixed(4)]) : [2, 3, 4], symbols: 2) { graph, x in
      var sum = ReduceSum()
      sum.keepsDimensions = false
      let zero = graph.addConstant(Tensor([0] as [Float], shape: [1]))
      let one = graph.addConstant(Tensor([1] as [Int64], shape: [1]))
      let none = try graph.add(Cast(to: .int64), graph.add(sum, graph.add(Multiply(), x, zero)))
      let sizes = graph.addConstant(try Tensor(integers: rest, as: .int64, shape: [rest.count]))
      return try graph.add(Reshape(), x, graph.add(Concat(axis: 0), graph.add(Reshape(), none, one), sizes))
    }
  }
}
