import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Which tensors are compressed, how, and what is refused.
@Suite struct WeightCompressionTests {
  private typealias Settings = WeightCompression.Settings

  private func subject() throws -> WeightSubject {
    var generator = SeededGenerator(Seed(1))
    var subject = WeightSubject(input: [1, 16])
    try subject.add(
      FullyConnected(), Tensor(generator.weights(5 * 16), shape: [5, 16]), bias: [1, 2, 3, 4, 5])
    try subject.add(MatrixMultiply(), Tensor(generator.weights(16 * 6), shape: [16, 6]))
    try subject.add(FullyConnected(), Tensor(generator.weights(2 * 16), shape: [2, 16]))
    return subject
  }

  private func error(_ body: () throws -> Void) -> ModelError? {
    #expect(throws: ModelError.self) { try body() }
  }

  @Test func whoIsChangedHow() throws {
    let subject = try subject()
    let (four, prune) = (Settings.integers(4), Settings.pruning(0.5))
    func codings(_ compression: WeightCompression) throws -> [String: String] {
      let (_, changes) = try compression.apply(to: subject.graph)
      return Dictionary(uniqueKeysWithValues: changes.map { ($0.name, $0.coding) })
    }
    // Small ones stay.
    #expect(try codings(WeightCompression(four)) == ["w0": "4 bits", "w1": "4 bits"])
    var all = WeightCompression(four)
    all.leastCount = 32
    #expect(try codings(all) == ["w0": "4 bits", "w1": "4 bits", "w2": "4 bits"])
    all.leastCount = .max
    #expect(try codings(all).isEmpty)
    // Names go before operators, and longer names before shorter ones.
    let exceptions: [WeightCompression.Scope: Settings?] = [
      .operators("FullyConnected"): prune, .names("*"): .palette(3), .names("product0"): nil,
    ]
    #expect(try codings(WeightCompression(four, exceptions: exceptions)) == ["w1": "palette of 3 bits"])
    #expect(
      try codings(WeightCompression(four, exceptions: [.operators("FullyConnected"): prune]))
        == ["w0": "as they were", "w1": "4 bits"])
    #expect(try codings(WeightCompression(nil, exceptions: [.names("w*1"): four])) == ["w1": "4 bits"])
    #expect(try codings(WeightCompression(nil)).isEmpty)
  }

  @Test(arguments: ["Convolution", "w", "x0", "product", "*3", "w0*0*", "", "w2"])
  func aScopeOfNothingIsRefused(scope: String) throws {
    let subject = try subject()
    for scope in [WeightCompression.Scope.names(scope), .operators(scope)] {
      let error = error {
        _ = try WeightCompression(.integers(4), exceptions: [scope: nil]).apply(to: subject.graph)
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test(arguments: ["*", "w0", "w*", "*0", "w**0", "*w*0*", "prod*0", "product0"])
  func starsStandForAnything(pattern: String) throws {
    let subject = try subject()
    var only = WeightCompression(nil, exceptions: [.names(pattern): .integers(4)])
    only.leastCount = 1
    #expect(try only.apply(to: subject.graph).changes.map(\.name).contains("w0"))
  }

  @Test func manyStarsTakeNoLongTime() throws {
    var graph = try subject().graph
    let name = String(repeating: "a", count: 20_000)
    graph.setName(of: graph.constantIDs[0], to: name)
    let pattern = String(repeating: "a*", count: 200) + "b"
    #expect(throws: ModelError.self) {
      try WeightCompression(nil, exceptions: [.names(pattern): .integers(4)]).apply(to: graph)
    }
    let changes = try WeightCompression(nil, exceptions: [.names(name): .integers(4)]).apply(to: graph)
      .changes
    #expect(changes.map(\.name) == [name])
  }

  @Test func samplesAreNeededWhereTheyAreLookedAt() throws {
    let subject = try subject()
    for settings in [
      Settings.integers(4).with { $0.usesFeedback = true }, .integers(4).with { $0.importance = .inputs },
      .integers(4).with { $0.biasCorrection = .samples },
    ] {
      #expect(WeightCompression(settings).needsSamples)
      #expect(WeightCompression(nil, exceptions: [.names("*"): settings]).needsSamples)
      #expect(error { _ = try subject.compressed(settings) }?.code == .invalidArgument)
    }
    #expect(!WeightCompression(.integers(4)).needsSamples)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func weightsThatAreNoNumbersAreNamed(number: Float)
    throws
  {
    var subject = WeightSubject(input: [1, 3])
    try subject.add(FullyConnected(), Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]))
    try subject.add(MatrixMultiply(), Tensor([1, 2, 3, 4, number, 6] as [Float], shape: [3, 2]))
    for settings in [
      Settings.integers(4), .palette(2), .pruning(0.5), .pruning(0.5) { $0.scope = .global },
      Settings { $0.coding = .float16 },
    ] {
      let error = error { _ = try subject.compressed(settings) }
      #expect(
        error?.code == .invalidArgument && error?.location.tensor == "w1", "\(String(describing: error))")
    }
  }

  @Test(arguments: [Float.nan, .infinity]) func samplesThatAreNoNumbersAreNamed(number: Float) throws {
    let subject = try WeightSubject.dense(Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]), bias: [0, 0])
    let samples = [[1, 2], [3, number]].map { Tensor($0 as [Float], shape: [1, 2]) }
    let error = error {
      _ = try subject.compressed(Settings.integers(4).with { $0.biasCorrection = .samples }, samples: samples)
    }
    #expect(error?.location.tensor == "x" && error?.location.attribute == "sample 1")
  }

  @Test func shortFloats() throws {
    var generator = SeededGenerator(Seed(3))
    let weights = generator.weights(64) + [65504, -0.0, 1e-7, 3e38]
    let subject = try WeightSubject.dense(Tensor(weights, shape: [2, 34]))
    #expect(
      try subject.changed(Settings { $0.coding = .bfloat16 })
        == Tensor(weights, shape: [68]).cast(to: .bfloat16).floats())
    let small = try WeightSubject.dense(Tensor(Array(weights.dropLast(2)), shape: [2, 33]))
    #expect(
      try small.changed(Settings { $0.coding = .float16 })
        == weights.dropLast(2).map { Float(Float16($0)) })
    let error = error { _ = try subject.changed(Settings { $0.coding = .float16 }) }
    #expect(error?.location.tensor == "w0" && error?.message == "a weight is too large for float16")
  }

  @Test func settingsThatMakeNoSenseAreRefused() throws {
    let subject = try subject()
    let wrong: [Settings] = [
      .integers(1), .integers(0), .integers(9), .integers(.max), .integers(.min), .palette(0), .palette(9),
      .palette(63), .palette(4, rows: -1), .pruning(.nan), .pruning(1.1), .pruning(-0.1), .pruning(.infinity),
      .integers(4) { $0.granularity = .block(0) }, .integers(4) { $0.granularity = .block(-1) },
      .integers(4) { $0.granularity = .block(.max) }, .pruning(0.5) { $0.pattern = .block(0) },
      .pruning(0.5) { $0.pattern = .block(.max) }, .pruning(0.5) { $0.pattern = .structured(keep: 4, of: 4) },
      .pruning(0.5) { $0.pattern = .structured(keep: -1, of: 4) },
      .pruning(0.5) { $0.pattern = .structured(keep: 0, of: 0) },
    ]
    for settings in wrong {
      #expect(error { _ = try subject.compressed(settings) }?.code == .invalidArgument, "\(settings)")
      let exception = WeightCompression(nil, exceptions: [.names("*"): settings])
      #expect(error { _ = try exception.apply(to: subject.graph) }?.code == .invalidArgument)
    }
    #expect(try subject.changed(.palette(4, rows: .max)).count == 80)
  }

  /// Tensors without elements, without axes, of one element, and of zeros alone.
  @Test func littleTensors() throws {
    let all: [Settings] = [
      .integers(4), .integers(2) { $0.isSymmetric = false }, .integers(8) { $0.granularity = .block(3) },
      .palette(1), .palette(8, rows: 1), .pruning(0.5), .pruning(1), .pruning(0),
      Settings { $0.coding = .float16 },
      .pruning(0.3) { ($0.scope, $0.pattern) = (.global, .block(2)) },
    ]
    for settings in all {
      let zeros = try WeightSubject.dense(Tensor([Float](repeating: 0, count: 12), shape: [3, 4]))
      #expect(try zeros.changed(settings) == [Float](repeating: 0, count: 12))
      let one = try WeightSubject.dense(Tensor([1.5] as [Float], shape: [1, 1]))
      if settings.pruning == nil { #expect(try abs(one.changed(settings)[0] - 1.5) < 0.01) }
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.float32, [2, 0]))
      let empty = graph.addConstant(Tensor([] as [Float], shape: [3, 0]))
      let scalar = graph.addConstant(Tensor(scalar: Float(1.7)))
      let y = try graph.add(Multiply(), graph.add(FullyConnected(), x, empty), scalar)
      graph.addOutput(y, name: "y")
      var compression = WeightCompression(settings)
      compression.leastCount = 1
      let (changed, changes) = try compression.apply(to: graph)
      #expect(changes.isEmpty)
      #expect(try difference(graph, changed) == nil)
    }
  }

  /// Branches are left alone, and that is known.
  @Test func weightsInsideOfBranchesAreCounted() throws {
    let inside = Subgraph(try subject().graph)
    var graph = Graph()
    let condition = graph.addInput("c", TensorType(.boolean, []))
    let x = graph.addInput("x", TensorType(.float32, [1, 16]))
    var node = If()
    (node.thenBranch, node.elseBranch, node.thenCount) = (inside, inside, 1)
    for (index, y) in try graph.addNode(node, [condition, x, x]).enumerated() {
      graph.addOutput(y, name: "y\(index)")
    }
    #expect(WeightTensor.countInside(graph, least: 1) == 6)
    #expect(WeightTensor.countInside(graph, least: 64) == 4)
    #expect(try WeightCompression(.integers(4)).apply(to: graph).changes.isEmpty)
  }

  /// Improvements that are off leave the plain result, and those that find nothing to do the graph.
  @Test func whatIsOffChangesNothing() throws {
    let subject = try subject()
    var generator = SeededGenerator(Seed(9))
    let samples = (0..<4).map { _ in Tensor(generator.floats(16), shape: [1, 16]) }
    let plain = try subject.compressed(.integers(4)).graph.semanticDigest()
    func digest(_ change: (inout Settings) -> Void) throws -> Digest {
      try subject.compressed(Settings.integers(4).with(change), samples: samples).graph.semanticDigest()
    }
    #expect(try digest { _ in } == plain)
    #expect(
      try digest {
        ($0.usesFeedback, $0.importance, $0.roundsAdaptively) = (false, nil, false)
        $0.biasCorrection = nil
      } == plain)
    #expect(try digest { $0.usesFeedback = true } != plain)
    #expect(try digest { $0.roundsAdaptively = true } != plain)
    let source = try subject.graph.semanticDigest()
    #expect(
      try ChannelSmoothing().apply(to: subject.graph, samples: samples.map { ["x": $0] }).graph
        .semanticDigest()
        == source)
    #expect(try LowRankApproximation(.weights(1)).apply(to: subject.graph).graph.semanticDigest() == source)
    #expect(try CrossLayerEqualization().apply(to: subject.graph).graph.semanticDigest() == source)
  }

  /// What the report says of a tensor.
  @Test func changesAreReported() throws {
    let weights: [Float] = [3, 0.1, -4, 0.2]
    let subject = try WeightSubject.dense(Tensor(weights, shape: [2, 2]))
    let (_, changes) = try subject.compressed(.pruning(0.5))
    let change = try #require(changes.first)
    #expect((change.name, change.elements, change.zeros, change.coding) == ("w0", 4, 2, "as they were"))
    // 10 · log10(25.05 / 0.05)
    #expect(abs(change.signalToNoise - 26.9984) < 0.001)
  }

  /// Masks stay, and what is added to values loses no elements, unless it is named.
  @Test func operandsAreNoWeights() throws {
    var generator = SeededGenerator(Seed(2))
    var subject = WeightSubject(input: [16, 16])
    try subject.add(FullyConnected(), Tensor(generator.weights(16 * 16), shape: [16, 16]))
    var graph = subject.graph
    let y = graph.outputs[0].value
    let positions = graph.addConstant(
      Tensor(generator.weights(16 * 16), shape: [16, 16]), name: "positions")
    let mask = graph.addConstant(
      Tensor((0..<256).map { $0 % 16 > $0 / 16 ? -1e9 : 0 } as [Float], shape: [16, 16]), name: "mask")
    let sum = try graph.add(Add(), try graph.add(Add(), y, positions), mask)
    graph.addOutput(sum, name: "sum")
    func changes(_ settings: Settings, _ exceptions: [SettingScope: Settings?] = [:]) throws -> [String: Int]
    {
      let changes = try WeightCompression(settings, exceptions: exceptions).apply(to: graph).changes
      return Dictionary(uniqueKeysWithValues: changes.map { ($0.name, $0.zeros) })
    }
    #expect(try Set(changes(.pruning(0.5)).keys) == ["w0"])
    #expect(try Set(changes(.integers(4)).keys) == ["w0", "positions"])
    var both = Settings.integers(8)
    both.pruning = Settings.pruning(0.5).pruning
    #expect(try changes(both)["positions"] ?? 256 < 64)
    #expect(try changes(both, [.names("positions"): both])["positions"] ?? 0 >= 128)
  }
}
