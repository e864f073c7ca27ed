import Skiff
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Small networks that join channels in every way that the rules know of.
@Suite struct ChannelPruningTests {
  /// Makes graphs of random weights with one input `x` and one output `y`.
  struct Builder {
    var graph = Graph()
    var generator: SeededGenerator
    private(set) var x: ValueID

    init(_ shape: Shape, seed: UInt64 = 7) {
      generator = SeededGenerator(Seed(seed))
      x = graph.addInput("x", TensorType(.float32, shape))
    }

    mutating func constant(_ shape: [Int]) -> ValueID {
      graph.addConstant(Tensor(generator.floats(shape.reduce(1, *)), shape: shape))
    }

    func size(_ value: ValueID, _ axis: Int) -> Int { graph[value].type?.shape[axis].fixed ?? 0 }

    mutating func convolution(
      _ x: ValueID, _ outputs: Int, size: Int = 3, groups: Int = 1, layout: ChannelLayout = .last
    ) throws -> ValueID {
      var convolution = Convolution()
      (convolution.layout, convolution.groups, convolution.activation) = (layout, groups, .relu)
      convolution.pads = [size / 2, size / 2, size / 2, size / 2]
      let channels = self.size(x, layout.channelAxis(rank: 4)) / groups
      let w = constant(layout == .last ? [outputs, size, size, channels] : [outputs, channels, size, size])
      return try graph.add(convolution, x, w, constant([outputs]))
    }

    mutating func dense(_ x: ValueID, _ outputs: Int) throws -> ValueID {
      let rank = graph[x].type?.rank ?? 1
      return try graph.add(FullyConnected(), x, constant([outputs, size(x, rank - 1)]), constant([outputs]))
    }

    mutating func reshape(_ x: ValueID, _ sizes: [Int]) throws -> ValueID {
      try graph.add(
        Reshape(), x, graph.addConstant(Tensor(sizes.map(Int64.init), shape: [sizes.count])))
    }

    mutating func integers(_ list: [Int]) -> ValueID {
      graph.addConstant(Tensor(list.map(Int64.init), shape: [list.count]))
    }

    mutating func finish(_ y: ValueID) -> Graph {
      graph.addOutput(y, name: "y")
      return graph
    }

    mutating func samples(_ shape: [Int], count: Int = 2) -> [[String: Tensor]] {
      (0..<count).map { _ in ["x": Tensor(generator.floats(shape.reduce(1, *)), shape: shape)] }
    }
  }

  /// Prunes to half of each group, checks what is left, and returns the number of channels before and after by group.
  private func halves(
    _ builder: inout Builder, _ y: ValueID, shape: [Int], _ change: (inout ChannelPruning) -> Void = { _ in }
  ) throws -> [[Int]] {
    let graph = builder.finish(y)
    var pruning = ChannelPruning(.eachGroup(0.5))
    change(&pruning)
    let (_, report) = try PruningOracle.check(graph, pruning, samples: builder.samples(shape))
    #expect(report.multiplicationsAfter <= report.multiplicationsBefore)
    return report.groups.map { [$0.before, $0.after] }
  }

  @Test func aChainOfConvolutions() throws {
    var b = Builder([1, 6, 6, 3])
    let y = try b.convolution(b.convolution(b.convolution(b.x, 8), 6), 4)
    #expect(try halves(&b, y, shape: [1, 6, 6, 3]) == [[8, 4], [6, 3]])
  }

  @Test func multiplesAndTheLeastCountAreKept() throws {
    var b = Builder([1, 6, 6, 3])
    let y = try b.convolution(b.convolution(b.convolution(b.x, 10), 6), 4)
    let sizes = try halves(&b, y, shape: [1, 6, 6, 3]) { ($0.multiple, $0.leastCount) = (4, 5) }
    #expect(sizes == [[10, 8], [6, 6]])
  }

  @Test func residualsOverSeveralBlocks() throws {
    var b = Builder([1, 6, 6, 3])
    var y = try b.convolution(b.x, 8)
    for _ in 0..<3 { y = try b.graph.add(Add(), y, b.convolution(b.convolution(y, 4), 8)) }
    y = try b.convolution(y, 2)
    #expect(try halves(&b, y, shape: [1, 6, 6, 3]) == [[8, 4], [4, 2], [4, 2], [4, 2]])
  }

  @Test func concatenationsAndParts() throws {
    var b = Builder([1, 6, 6, 3])
    let (p, q) = (try b.convolution(b.x, 4), try b.convolution(b.x, 6))
    let joined = try b.graph.addNode(Concat(axis: 3), [p, q])[0]
    var split = Split()
    (split.axis, split.sizes) = (-1, [7, 3])
    let parts = try b.graph.addNode(split, [joined])
    let y = try b.graph.add(Add(), b.convolution(parts[0], 2), b.convolution(parts[1], 2))
    #expect(try halves(&b, y, shape: [1, 6, 6, 3]).map { $0[0] }.reduce(0, +) == 10)
  }

  @Test func partsThatAreAddedUp() throws {
    var b = Builder([1, 6, 6, 3])
    var split = Split()
    split.axis = 3
    let parts = try b.graph.addNode(split, [b.convolution(b.x, 8)])
    let y = try b.convolution(b.graph.add(Multiply(), parts[0], parts[1]), 2)
    #expect(try halves(&b, y, shape: [1, 6, 6, 3]) == [[4, 2]])
  }

  @Test func slices() throws {
    var b = Builder([1, 6, 6, 3])
    let x = try b.convolution(b.x, 8)
    let (start, end, axis) = (b.integers([2]), b.integers([-1]), b.integers([-1]))
    let y = try b.convolution(b.graph.add(Slice(), x, start, end, axis), 2)
    // What is not in the slice is not used at all.
    #expect(try halves(&b, y, shape: [1, 6, 6, 3]).map { $0[0] }.reduce(0, +) == 8)
  }

  @Test(arguments: [ChannelLayout.first, .last]) func depthwiseAndGroupedConvolutions(layout: ChannelLayout)
    throws
  {
    let shape = layout == .last ? [1, 6, 6, 3] : [1, 3, 6, 6]
    var b = Builder(Shape(shape))
    let x = try b.convolution(b.x, 8, layout: layout)
    let depthwise = try b.convolution(x, 16, groups: 8, layout: layout)
    let grouped = try b.convolution(depthwise, 12, groups: 4, layout: layout)
    let y = try b.convolution(grouped, 2, layout: layout)
    // The channels that the same depthwise channel makes go together, and those of the same place in each group.
    let sizes = try halves(&b, y, shape: shape)
    #expect(sizes.map { $0[0] }.reduce(0, +) == 2 + 3)
    #expect(sizes.map { $0[1] }.reduce(0, +) == 1 + 2)
  }

  @Test(arguments: [1, 2, 8]) func transposedConvolutions(groups: Int) throws {
    var b = Builder([1, 6, 6, 3])
    var transposed = TransposedConvolution()
    (transposed.layout, transposed.groups, transposed.strides) = (.last, groups, [2, 2])
    let w = b.constant([8 / groups, 2, 2, 8])
    let x = try b.graph.add(transposed, b.convolution(b.x, 8), w, b.constant([8]))
    let y = try b.convolution(x, 2)
    let sizes = try halves(&b, y, shape: [1, 6, 6, 3])
    #expect(sizes.map { $0[0] } == [[8, 8], [4, 4], [8]][groups == 1 ? 0 : groups == 2 ? 1 : 2])
  }

  @Test(arguments: [ChannelLayout.first, .last]) func flattenedChannelsBeforeADenseLayer(
    layout: ChannelLayout
  ) throws {
    let shape = layout == .last ? [1, 4, 4, 3] : [1, 3, 4, 4]
    var b = Builder(Shape(shape))
    let flat = try b.reshape(b.convolution(b.x, 6, layout: layout), [1, 96])
    let y = try b.dense(b.dense(flat, 10), 3)
    #expect(try halves(&b, y, shape: shape) == [[6, 3], [10, 5]])
  }

  @Test func channelShuffles() throws {
    var b = Builder([1, 4, 4, 3])
    let x = try b.convolution(b.x, 8)
    let groups = try b.reshape(x, [1, 4, 4, 2, 4])
    let shuffled = try b.reshape(b.graph.add(Transpose([0, 1, 2, 4, 3]), groups), [1, 4, 4, 8])
    let y = try b.convolution(shuffled, 2)
    #expect(try halves(&b, y, shape: [1, 4, 4, 3]) == [[4, 2]])
  }

  @Test func paddedAndGatheredChannels() throws {
    var b = Builder([1, 4, 4, 3])
    let x = try b.convolution(b.x, 6)
    let pads = b.integers([0, 0, 0, 1, 0, 0, 0, 2])
    let padded = try b.graph.add(Pad(), x, pads)
    let other = try b.convolution(b.x, 9)
    let sum = try b.graph.add(Add(), padded, other)
    let order = b.integers([3, 1, 0, 2, 8, 7, 6, -4, 4])
    let y = try b.convolution(b.graph.add(Gather(axis: 3), sum, order), 2)
    let sizes = try halves(&b, y, shape: [1, 4, 4, 3])
    #expect(sizes.map { $0[0] }.reduce(0, +) == 9)
  }

  @Test func pixelShuffles() throws {
    var b = Builder([1, 4, 4, 3])
    var shuffle = DepthToSpace()
    (shuffle.layout, shuffle.blockSize) = (.last, 2)
    let y = try b.convolution(b.graph.add(shuffle, b.convolution(b.x, 16)), 2)
    #expect(try halves(&b, y, shape: [1, 4, 4, 3]) == [[4, 2]])
  }

  /// The groups of a normalization go as a whole.
  @Test(arguments: [8, 4]) func groupNormalization(parameters: Int) throws {
    var b = Builder([1, 4, 4, 3])
    var normalization = GroupNormalization()
    (normalization.layout, normalization.groups) = (.last, 4)
    let (scale, shift) = (b.constant([parameters]), b.constant([parameters]))
    let y = try b.convolution(b.graph.add(normalization, b.convolution(b.x, 8), scale, shift), 2)
    #expect(try halves(&b, y, shape: [1, 4, 4, 3]) == [[4, 2]])
  }

  /// Queries, keys and values of 4 heads of 6 dimensions each, of sequences of any length.
  @Test func attentionHeads() throws {
    var b = Builder(Shape([.fixed(1), .symbol("s"), .fixed(10)]))
    func heads(_ x: ValueID, _ order: [Int]) throws -> ValueID {
      try b.graph.add(Transpose(order), b.reshape(b.dense(x, 24), [0, 0, 4, 6]))
    }
    let (q, k, v) = (
      try heads(b.x, [0, 2, 1, 3]), try heads(b.x, [0, 2, 3, 1]), try heads(b.x, [0, 2, 1, 3])
    )
    let weights = try b.graph.add(Softmax(), b.graph.add(MatrixMultiply(), q, k))
    let mixed = try b.graph.add(Transpose([0, 2, 1, 3]), b.graph.add(MatrixMultiply(), weights, v))
    let attention = try b.dense(b.reshape(mixed, [0, 0, 24]), 10)
    let sum = try b.graph.add(Add(), attention, b.x)
    let y = try b.dense(b.graph.add(Gelu(), b.dense(sum, 12)), 10)
    #expect(try halves(&b, y, shape: [1, 5, 10]) == [[4, 2], [12, 6]])
  }

  /// Shapes that are computed from those of values that are pruned.
  @Test func shapesThatAreComputed() throws {
    var b = Builder(Shape([.fixed(1), .symbol("s"), .fixed(10)]))
    let x = try b.dense(b.x, 12)
    let shape = try b.graph.add(ShapeOf(), x)
    let part = try b.graph.add(Slice(), shape, b.integers([0]), b.integers([2]))
    let wanted = try b.graph.addNode(Concat(axis: 0), [part, b.integers([1, 12])])[0]
    let reshaped = try b.graph.add(Reshape(), x, wanted)
    let scale = try b.graph.add(
      Cast(to: .float32), b.graph.add(Slice(), shape, b.integers([2]), b.integers([3])))
    let y = try b.graph.add(Multiply(), b.dense(reshaped, 3), scale)
    #expect(try halves(&b, y, shape: [1, 5, 10]) == [[12, 6]])
  }

  @Test(arguments: [RecurrentDirection.forward, .bidirectional]) func recurrentUnits(
    direction: RecurrentDirection
  ) throws {
    var b = Builder([5, 2, 4])
    func weights<Kind: RecurrentOperator>(_ kind: Kind, _ x: ValueID, hidden: Int, gates: Int) throws
      -> ValueID
    {
      let d = direction.count
      let w = b.constant([d, gates * hidden, b.size(x, 2)])
      let r = b.constant([d, gates * hidden, hidden])
      var kind = kind
      kind.direction = direction
      return try b.graph.addNode(kind, [x, w, r, b.constant([d, 2 * gates * hidden])])[0]
    }
    let x = try b.dense(b.x, 6)
    let lstm = try weights(LSTM(), x, hidden: 8, gates: 4)
    let flat = try b.reshape(b.graph.add(Transpose([0, 2, 1, 3]), lstm), [5, 2, direction.count * 8])
    let gru = try weights(GRU(), flat, hidden: 4, gates: 3)
    let y = try b.dense(gru, 3)
    #expect(try halves(&b, y, shape: [5, 2, 4]) == [[6, 3], [8, 4], [4, 2]])
  }

  @Test func embeddings() throws {
    var b = Builder([1, 4])
    let ids = b.graph.addInput("ids", TensorType(.int64, [1, 3]))
    let table = b.constant([20, 8])
    let y = try b.graph.add(ReduceMean.overAxes([1]), b.dense(b.graph.add(Gather(axis: 0), table, ids), 4))
    b.graph.addOutput(b.x, name: "same")
    let graph = b.finish(y)
    let samples = b.samples([1, 4]).map {
      $0.merging(["ids": Tensor([3, 19, 0] as [Int64], shape: [1, 3])]) { $1 }
    }
    let (_, report) = try PruningOracle.check(graph, ChannelPruning(.eachGroup(0.5)), samples: samples)
    #expect(report.groups.map { [$0.before, $0.after] } == [[8, 4]])
  }

  @Test func whatCannotBePrunedIsListedWithItsReason() throws {
    var b = Builder([1, 6, 6, 3])
    let x = try b.convolution(b.x, 8)
    let normalized = try b.graph.add(LocalResponseNormalization(), x)
    let graph = b.finish(try b.convolution(normalized, 2))
    let (pruned, report) = try ChannelPruning(.multiplications(0.5)).apply(to: graph)
    #expect(report.groups.isEmpty)
    #expect(
      report.keptNodes.map(\.reason).contains { $0.contains("LocalResponseNormalization uses the axis") })
    #expect(report.keptNodes.map(\.reason).contains { $0.contains("it is an output of the graph") })
    #expect(pruned.nodeIDs == graph.nodeIDs)
  }

  /// Whatever the network, pruning is what it says it is, before and after the layout changes.
  @Test(arguments: Seed.fixedAndFresh)
  func randomNetworks(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    var removed = 0
    for index in 0..<120 {
      let own = Seed(UInt64.random(in: 0...UInt64.max, using: &generator))
      let graph: Graph
      let inputs: [String: Tensor]
      if index % 2 == 0 {
        var network = try RandomPrunableNetwork(own)
        (graph, inputs) = (network.graph, network.inputs())
      } else {
        var network = try RandomNetwork(own)
        (graph, inputs) = (network.graph, network.inputs(1, bound: 2))
      }
      var model = try Model(graph)
      try model.prepare()
      for form in [graph, model.graph] where model.interfaceOrders.isEmpty {
        for amount in [ChannelPruning.Amount.eachGroup(0.5), .multiplications(0.6)] {
          let (_, report) = try PruningOracle.check(form, ChannelPruning(amount), samples: [inputs], "\(own)")
          removed += report.groups.reduce(0) { $0 + $1.before - $1.after }
        }
      }
      var fitting = ChannelPruning(.eachGroup(0.5))
      (fitting.ranking, fitting.reconstructs) = (.contribution, true)
      let (fitted, report) = try fitting.apply(to: graph, samples: [inputs])
      #expect(report.reconstructions.allSatisfy { $0.errorAfter <= $0.errorBefore }, "\(own)")
      _ = try Session(Plan(fitted, inputShapes: inputs.mapValues(\.shape))).run(inputs)
    }
    #expect(removed > 500)
  }
}

extension ReduceMean {
  fileprivate static func overAxes(_ axes: [Int]) -> ReduceMean {
    var result = ReduceMean()
    result.axes = axes
    return result
  }
}
