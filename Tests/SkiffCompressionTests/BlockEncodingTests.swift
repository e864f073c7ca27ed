import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Blocks that are made piece by piece are those that are made of a matrix in memory.
@Suite struct BlockEncodingTests {
  private typealias Settings = WeightCompression.Settings

  /// The settings, and others that mean the same and take a matrix in memory.
  private func both(_ bits: Int, _ change: (inout WeightQuantization) -> Void) -> (Settings, Settings) {
    let pieces = Settings.integers(bits, change)
    return (pieces, pieces.with { $0.pruning = Settings.pruning(0).pruning })
  }

  private func expectEqual(
    _ graph: Graph, _ value: ValueID, _ settings: (pieces: Settings, matrix: Settings), memory: Int,
    _ comment: Comment
  ) throws {
    func result(_ settings: Settings) throws -> (Constant, WeightCompression.Change) {
      var compression = WeightCompression(settings)
      compression.leastCount = 1
      var scratch = ScratchFile(memory: memory)
      let (changed, changes) = try compression.apply(to: graph, samples: [], scratch: &scratch)
      try changed.verify()
      return (try #require(changed[value].constant), try #require(changes.first))
    }
    let (constant, change) = try result(settings.pieces)
    let (wanted, expected) = try result(settings.matrix)
    #expect(constant == wanted, comment)
    #expect(constant.type == graph[value].type)
    #expect(change.zeros == expected.zeros && change.elements == expected.elements, comment)
    #expect(change.coding == expected.coding)
    #expect(
      change.signalToNoise == expected.signalToNoise
        || abs(change.signalToNoise - expected.signalToNoise) < 1e-3 * abs(expected.signalToNoise) + 0.01,
      "\(comment): \(change.signalToNoise) dB instead of \(expected.signalToNoise)")
  }

  @Test(arguments: WeightQuantizationTests.places, Seed.fixedAndFresh)
  func piecesAreWhatMatricesGive(place: WeightQuantizationTests.Place, seed: Seed) throws {
    var generator = SeededGenerator(seed)
    var weights = generator.weights(place.shape.reduce(1, *))
    for index in stride(from: 0, to: weights.count, by: 5) { weights[index] = 0 }
    for index in 0..<min(19, weights.count) { weights[index] = 0 }
    let subject = try place.subject(weights)
    for size in [1, 4, 19, 1000] {
      for bits in 2...8 {
        for (isSymmetric, clips) in [(true, true), (true, false), (false, true), (false, false)] {
          let settings = both(bits) {
            ($0.granularity, $0.isSymmetric, $0.clips) = (.block(size), isSymmetric, clips)
          }
          try expectEqual(
            subject.graph, subject.weights[0], settings, memory: 0,
            "\(bits) bits, \(size), \(isSymmetric), \(clips)")
        }
      }
    }
  }

  /// Rows and blocks end within bytes, and pieces within rows or behind some of them.
  @Test(
    arguments: [[1031, 517], [3, 200_003], [2, 301_001, 1], [600_000, 1], [2, 50, 5003]], [false, true])
  func largeTensorsComeInPieces(shape: [Int], isOnTheRight: Bool) throws {
    var generator = SeededGenerator(Seed(UInt64(shape[0])))
    var graph = Graph()
    let w = graph.addConstant(
      Tensor(generator.weights(shape.reduce(1, *)), shape: shape), name: "w")
    if isOnTheRight {
      let x = graph.addInput("x", TensorType(.float32, Shape([1, shape[shape.count - 2]])))
      graph.addOutput(try graph.addNode(MatrixMultiply(), [x, w])[0], name: "y")
    } else {
      graph.addOutput(w, name: "w")
    }
    for (bits, size) in [(3, 32), (4, 32), (5, 7)] {
      let settings = both(bits) { ($0.granularity, $0.clips) = (.block(size), bits == 4) }
      try expectEqual(graph, w, settings, memory: 1 << 16, "\(bits) bits by \(size)")
    }
  }

  /// Weights of 16 bits, also those that are widened or moved before anything computes with them.
  @Test(arguments: Seed.fixedAndFresh) func sourcesOfOtherFormsAreTheSameWeights(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(64 * 96)
    for dataType in [DataType.float16, .bfloat16, .float32] {
      let tensor = try Tensor(floats: weights, as: dataType, shape: [64, 96])
      let sources = [
        Constant(tensor), try Constant(tensor).transformed(by: .permute([1, 0])),
        try Constant(tensor).transformed(by: .reshape([32, 192])),
        try Constant(tensor).transformed(by: .cast(.float32)).transformed(by: .permute([1, 0])),
        try Constant(tensor).transformed(by: .permute([1, 0])).transformed(by: .cast(.float32)),
        try Constant(tensor).transformed(by: .cast(.float32)).transformed(
          by: .scale(axis: 1, factors: (0..<96).map { Float($0 + 1) })),
        try #require(try Constant(sifting: tensor)),
      ]
      for source in sources where dataType != .float32 || source.transforms.first != .cast(.float32) {
        var graph = Graph()
        let w = graph.addConstant(source, name: "w")
        graph.addOutput(w, name: "w")
        try expectEqual(
          graph, w, both(4) { $0.granularity = .block(32) }, memory: 1 << 20,
          "\(source.type) \(source.transforms)")
        // What is stored is real numbers of the type of the source.
        let (changed, _) = try WeightCompression(both(4) { $0.granularity = .block(32) }.0).apply(to: graph)
        let constant = try #require(changed[w].constant)
        let (codes, parameters) = try WeightSubject.integers(w, in: changed)
        let groups = Tensor.parameterIndices(parameters.granularity, of: constant.shape)
        let numbers = codes.indices.map { Float(codes[$0]) * parameters.scales[groups($0)] }
        #expect(
          try constant.materialize()
            == Tensor(floats: numbers, as: constant.type.dataType, shape: constant.shape))
      }
    }
  }

  @Test func whatIsNoNumberOrTooLargeIsRefused() throws {
    for (type, number) in [
      (DataType.float32, Float.nan), (.float32, .infinity), (.float32, .greatestFiniteMagnitude),
      (.float16, 65504), (.bfloat16, -.infinity),
    ] {
      var weights = [Float](repeating: 1, count: 128)
      weights[77] = number
      var graph = Graph()
      graph.addOutput(
        graph.addConstant(
          try Tensor(floats: weights, as: type, shape: [2, 64], saturates: false), name: "w"),
        name: "w")
      let error = #expect(throws: ModelError.self) {
        try WeightCompression(both(4) { ($0.granularity, $0.clips) = (.block(32), false) }.0).apply(to: graph)
      }
      #expect(error?.location.tensor == "w", "\(number)")
    }
  }
}
