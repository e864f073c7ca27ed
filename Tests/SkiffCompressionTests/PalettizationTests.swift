import SkiffCompression
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct PalettizationTests {
  private typealias Settings = WeightCompression.Settings

  /// Weights of 8 digits, so that no two of them share a place of the clustering.
  private func shortWeights(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
    generator.weights(count).map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
  }

  @Test(arguments: Seed.fixedAndFresh, 1...8)
  func eachWeightBecomesTheNearestOfFew(seed: Seed, bits: Int) throws {
    var generator = SeededGenerator(seed)
    var weights = generator.weights(20 * 31)
    for index in stride(from: 0, to: 620, by: 9) { weights[index] = index % 2 == 0 ? 0 : -0.0 }
    let found = try WeightSubject.dense(Tensor(weights, shape: [20, 31])).changed(.palette(bits))
    let table = Set(found)
    #expect(table.count <= 1 << bits)
    for (weight, palette) in zip(weights, found) {
      if weight == 0 { #expect(palette == 0) }
      let least = table.map { abs($0 - weight) }.min() ?? 0
      #expect(abs(palette - weight) <= least, "\(weight) became \(palette)")
    }
  }

  @Test(arguments: Seed.fixedAndFresh, [1, 2, 4, 6])
  func eachNumberIsTheMeanOfItsWeights(seed: Seed, bits: Int) throws {
    var generator = SeededGenerator(seed)
    let weights = shortWeights(400, &generator).map { $0 == 0 ? 1 : $0 }
    let found = try WeightSubject.dense(Tensor(weights, shape: [20, 20])).changed(.palette(bits))
    let clusters = Dictionary(grouping: weights.indices) { found[$0] }
    #expect(clusters.count == 1 << bits)
    for (number, places) in clusters {
      let mean = places.reduce(0.0) { $0 + Double(weights[$1]) } / Double(places.count)
      #expect(
        abs(Double(number) - mean) <= abs(mean) * 1e-6,
        "\(number) stands for \(places.count) weights around \(mean)")
    }
  }

  /// No other choice of neighbours has a smaller error.
  @Test(arguments: Seed.fixedAndFresh, [1, 2]) func theErrorIsTheLeast(seed: Seed, bits: Int) throws {
    var generator = SeededGenerator(seed)
    for _ in 0..<10 {
      let weights = shortWeights(14, &generator).map { $0 == 0 ? 1 : $0 }.sorted()
      let found = try WeightSubject.dense(Tensor(weights, shape: [2, 7])).changed(.palette(bits))
      #expect(squaredError(weights, found) <= least(weights[...], 1 << bits) * 1.000001 + 1e-12)
    }
  }

  /// The least error of so many clusters, by trying all.
  private func least(_ weights: ArraySlice<Float>, _ clusters: Int) -> Double {
    func error(_ cluster: ArraySlice<Float>) -> Double {
      let mean = cluster.reduce(0.0) { $0 + Double($1) } / Double(max(1, cluster.count))
      return cluster.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    }
    guard clusters > 1 else { return error(weights) }
    return weights.indices.map { error(weights[$0...]) + least(weights[..<$0], clusters - 1) }.min() ?? 0
  }

  @Test(arguments: Seed.fixedAndFresh) func weightsThatAreFewEnoughStay(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    // Pairs that differ in their last digit.
    let few: [Float] = (1...8).flatMap { [Float($0), Float($0).nextUp] }
    let weights = (0..<300).map { _ in few.randomElement(using: &generator) ?? 0 }
    let subject = try WeightSubject.dense(Tensor(weights, shape: [10, 30]))
    #expect(try subject.changed(.palette(4)) == weights)
    let (graph, changes) = try subject.compressed(.palette(4))
    #expect(changes.map(\.signalToNoise) == [.infinity])
    // What a palette was made of is made of it again.
    var again = WeightCompression(.palette(4))
    again.leastCount = 1
    #expect(try WeightSubject.elements(subject.weights[0], in: again.apply(to: graph).graph) == weights)
  }

  @Test(arguments: Seed.fixedAndFresh, [1, 3, 7, 50]) func rowsHaveTablesOfTheirOwn(seed: Seed, rows: Int)
    throws
  {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(10 * 64)
    let found = try WeightSubject.dense(Tensor(weights, shape: [10, 64])).changed(.palette(2, rows: rows))
    for first in stride(from: 0, to: 10, by: rows) {
      let places = first * 64..<min(first + rows, 10) * 64
      let alone = try WeightSubject.dense(Tensor(Array(weights[places]), shape: [places.count / 64, 64]))
      #expect(try alone.changed(.palette(2)) == Array(found[places]))
      #expect(Set(found[places]).count == 4)
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func importanceCountsTheInputs(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(30 * 12)
    let values = generator.correlated(50, columns: 12)
    let samples = Tensor(values, shape: [50, 12])
    let subject = try WeightSubject.dense(Tensor(weights, shape: [30, 12]), samples: 50)
    let squares = (0..<12).map { column in
      stride(from: column, to: 600, by: 12).reduce(Float(0)) { $0 + values[$1] * values[$1] }
    }
    let plain = try subject.changed(.palette(3))
    let aware = try subject.changed(.palette(3).with { $0.importance = .inputs }, samples: [samples])
    #expect(
      squaredError(weights, aware, importance: squares) < squaredError(weights, plain, importance: squares))
  }
}
