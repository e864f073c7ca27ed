import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Pruned weights are those that a plain sort finds, the others are not touched.
@Suite struct WeightPruningTests {
  private typealias Settings = WeightCompression.Settings

  /// What is left when the least parts, first ones first, become zero.
  private func pruned(_ parts: [(score: Double, places: [Int])], of weights: [Float], _ count: Int) -> [Float]
  {
    var left = weights
    let order = parts.indices.sorted { (parts[$0].score, $0) < (parts[$1].score, $1) }
    for part in order.prefix(count) { for place in parts[part].places { left[place] = 0 } }
    return left
  }

  private func elements(_ weights: [Float]) -> [(score: Double, places: [Int])] {
    weights.enumerated().map { (Double(abs($1)), [$0]) }
  }

  /// Weights of which many are equal in size, if `hasTies`.
  private func weights(_ count: Int, hasTies: Bool, _ generator: inout SeededGenerator) -> [Float] {
    let weights = generator.weights(count)
    return hasTies ? weights.map { ($0 * 8).rounded() / 8 } : weights
  }

  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func theLeastElementsGo(seed: Seed, hasTies: Bool) throws {
    var generator = SeededGenerator(seed)
    for sparsity in [0, 0.01, 0.25, 0.5, 0.501, 0.77, 0.999, 1] {
      let weights = weights(7 * 19, hasTies: hasTies, &generator)
      let subject = try WeightSubject.dense(Tensor(weights, shape: [7, 19]))
      let count = Int((133 * sparsity).rounded())
      #expect(
        try subject.changed(.pruning(sparsity)) == pruned(elements(weights), of: weights, count),
        "\(sparsity)")
    }
  }

  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func theLeastElementsOfAllTensorsGo(seed: Seed, hasTies: Bool) throws {
    var generator = SeededGenerator(seed)
    for sparsity in [0.001, 0.1, 0.5, 0.83] {
      let sizes = [[3, 8], [9, 8], [8, 5]]
      let tensors = sizes.map { weights($0[0] * $0[1], hasTies: hasTies, &generator) }
      var subject = WeightSubject(input: [1, 8])
      try subject.add(FullyConnected(), Tensor(tensors[0], shape: sizes[0]))
      try subject.add(FullyConnected(), Tensor(tensors[1].map { $0 * 2 }, shape: sizes[1]))
      try subject.add(MatrixMultiply(), Tensor(tensors[2], shape: sizes[2]))
      let (graph, changes) = try subject.compressed(.pruning(sparsity) { $0.scope = .global })
      // A matrix on the right counts row by row of its outputs.
      let transposed = (0..<40).map { tensors[2][$0 % 8 * 5 + $0 / 8] }
      let all = tensors[0] + tensors[1].map { $0 * 2 } + transposed
      let expected = pruned(elements(all), of: all, Int((Double(all.count) * sparsity).rounded()))
      let last = try WeightSubject.elements(subject.weights[2], in: graph)
      let found =
        try WeightSubject.elements(subject.weights[0], in: graph)
        + WeightSubject.elements(subject.weights[1], in: graph) + (0..<40).map { last[$0 % 8 * 5 + $0 / 8] }
      #expect(found == expected, "\(sparsity)")
      #expect(changes.map(\.zeros).reduce(0, +) == expected.count { $0 == 0 })
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func equalWeightsGoOneByOne(seed: Seed) throws {
    var subject = WeightSubject(input: [1, 10])
    for _ in 0..<2 {
      try subject.add(FullyConnected(), Tensor([Float](repeating: -2, count: 50), shape: [5, 10]))
    }
    let (graph, _) = try subject.compressed(.pruning(0.6) { $0.scope = .global })
    let zeros = try subject.weights.map { try WeightSubject.elements($0, in: graph).count { $0 == 0 } }
    #expect(zeros == [50, 10])
  }

  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func ofEachRunTheGreatestStay(seed: Seed, hasTies: Bool) throws {
    var generator = SeededGenerator(seed)
    for (keep, of) in [(2, 4), (1, 4), (0, 3), (4, 8), (1, 100)] {
      let (rows, columns) = (5, 18)
      let weights = weights(rows * columns, hasTies: hasTies, &generator)
      var expected = weights
      for row in 0..<rows {
        for first in stride(from: 0, to: columns, by: of) {
          let run = (first..<min(first + of, columns)).map { row * columns + $0 }
          let order = run.sorted { (-abs(weights[$0]), $0) < (-abs(weights[$1]), $1) }
          for place in order.dropFirst(keep) { expected[place] = 0 }
        }
      }
      let subject = try WeightSubject.dense(Tensor(weights, shape: [rows, columns]))
      let settings = Settings.pruning(0.5) { $0.pattern = .structured(keep: keep, of: of) }
      #expect(try subject.changed(settings) == expected, "\(keep) of \(of)")
    }
  }

  @Test(arguments: Seed.fixedAndFresh, [WeightPruning.Scope.tensor, .global])
  func theLeastBlocksGo(seed: Seed, scope: WeightPruning.Scope) throws {
    var generator = SeededGenerator(seed)
    for size in [1, 4, 7, 18, 1000] {
      let (rows, columns) = (6, 18)
      // Also such small ones that their squares are no numbers of single precision.
      let scale: Float = size == 7 ? 1e-30 : 1
      let weights = generator.weights(rows * columns).map { $0 * scale }
      var blocks: [(score: Double, places: [Int])] = []
      for row in 0..<rows {
        for first in stride(from: 0, to: columns, by: size) {
          let places = (first..<min(first + size, columns)).map { row * columns + $0 }
          let squares = places.reduce(0.0) { $0 + Double(weights[$1]) * Double(weights[$1]) }
          blocks.append((squares / Double(places.count), places))
        }
      }
      let subject = try WeightSubject.dense(Tensor(weights, shape: [rows, columns]))
      let settings = Settings.pruning(0.4) { ($0.pattern, $0.scope) = (.block(size), scope) }
      let count = Int((Double(blocks.count) * 0.4).rounded())
      #expect(try subject.changed(settings) == pruned(blocks, of: weights, count), "blocks of \(size)")
    }
  }

  /// What little of the input reaches is the first to go, whatever its weights.
  @Test(arguments: Seed.fixedAndFresh) func importanceCountsTheInputs(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let (rows, columns, count) = (6, 10, 40)
    let weights = generator.weights(rows * columns)
    let samples = generator.correlated(count, columns: columns)
    let subject = try WeightSubject.dense(Tensor(weights, shape: [rows, columns]), samples: count)
    let settings = Settings.pruning(0.5).with { $0.importance = .inputs }
    let found = try subject.changed(settings, samples: [Tensor(samples, shape: [count, columns])])
    let squares = (0..<columns).map { column in
      (0..<count).reduce(0.0) {
        $0 + Double(samples[$1 * columns + column]) * Double(samples[$1 * columns + column])
      }
    }
    let scores = weights.indices.map { Double(abs(weights[$0])) * squares[$0 % columns].squareRoot() }
    let gone = weights.indices.filter { found[$0] == 0 }
    #expect(gone.count == 30)
    #expect(weights.indices.allSatisfy { found[$0] == 0 || found[$0] == weights[$0] })
    let (most, least) = (
      gone.map { scores[$0] }.max() ?? 0,
      weights.indices.filter { found[$0] != 0 }.map { scores[$0] }.min() ?? 0
    )
    #expect(most <= least * 1.00001)
  }
}
