import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// What is chosen by the Fisher information of weights.
@Suite struct FisherInformationTests {
  // MARK: What it chooses

  /// `y = v · (w · x)` with a diagonal `v`, whose Fisher information needs no estimate: vᵢ² times the mean of xⱼ² for wᵢⱼ.
  private struct Product {
    var graph = Graph()
    let rows: [Float] = [0.1, 2, 0.5]
    let weights: [Float] = [0.9, -0.4, 0.3, 0.05, -0.8, 0.7, -0.1, 0.2, 0.6, -0.3, 1.1, -0.55]
    let samples: [Tensor]
    let fisher: [Double]

    init() throws {
      var random = SeededGenerator(Seed(7))
      samples = (0..<6).map { _ in
        Tensor(random.floats(4).enumerated().map { $1 * Float($0 + 1) }, shape: [1, 4])
      }
      let x = graph.addInput("x", TensorType(.float32, [1, 4]))
      let first = graph.addConstant(Tensor(weights, shape: [3, 4]), name: "w")
      let inner = try graph.add(FullyConnected(), x, first)
      var diagonal = [Float](repeating: 0, count: 9)
      for row in 0..<3 { diagonal[4 * row] = rows[row] }
      let second = graph.addConstant(Tensor(diagonal, shape: [3, 3]), name: "v")
      graph.addOutput(try graph.add(FullyConnected(), inner, second), name: "y0")
      let squares = try samples.map { try $0.doubles().map { $0 * $0 } }
      let rows = rows
      fisher = (0..<12).map { index in
        squares.reduce(0) { $0 + $1[index % 4] } / 6 * Double(rows[index / 4]) * Double(rows[index / 4])
      }
    }

    func changed(_ settings: WeightCompression.Settings) throws -> [Float] {
      var compression = WeightCompression(nil, exceptions: [.names("w"): settings])
      compression.leastCount = 1
      let changed = try compression.apply(to: graph, samples: samples.map { ["x": $0] }).graph
      let id = try #require(changed.constantIDs.first { changed[$0].name == "w" })
      return try WeightSubject.elements(id, in: changed)
    }

    func error(_ changed: [Float]) -> Double {
      changed.indices.reduce(0) {
        $0 + fisher[$1] * Double(changed[$1] - weights[$1]) * Double(changed[$1] - weights[$1])
      }
    }
  }

  @Test func theDiagonalOfAProductIsExact() throws {
    let product = try Product()
    let weight = try #require(WeightTensor.all(in: product.graph, least: 1).first { $0.name == "w" })
    let found = try FisherInformation(
      of: [weight], in: product.graph, samples: product.samples.map { ["x": $0] }, labels: nil)
    let own = try #require(found.diagonals[weight.value])
    #expect(zip(own, product.fisher).allSatisfy { abs($0 - $1) <= 1e-5 * $1 }, "\(own) \(product.fisher)")
  }

  /// The table of two numbers is that of the best of all ways to divide the weights.
  @Test func tablesAreTheWeightedOptimum() throws {
    let product = try Product()
    let order = product.weights.indices.sorted { product.weights[$0] < product.weights[$1] }
    func mean(_ indices: ArraySlice<Int>) -> Double {
      indices.reduce(0) { $0 + product.fisher[$1] * Double(product.weights[$1]) }
        / indices.reduce(0) { $0 + product.fisher[$1] }
    }
    func error(_ indices: ArraySlice<Int>) -> Double {
      let mean = mean(indices)
      return indices.reduce(0) {
        $0 + product.fisher[$1] * (Double(product.weights[$1]) - mean) * (Double(product.weights[$1]) - mean)
      }
    }
    let split = try #require(
      (1..<order.count).min {
        error(order[..<$0]) + error(order[$0...]) < error(order[..<$1]) + error(order[$1...])
      })
    let table = Set(try product.changed(.palette(1).with { $0.importance = .fisher })).sorted()
    #expect(table.count == 2)
    for (number, expected) in zip(table, [mean(order[..<split]), mean(order[split...])]) {
      #expect(abs(Double(number) - expected) < 1e-5, "\(table)")
    }
    // Not what inputs alone say.
    let byInputs = Set(try product.changed(.palette(1).with { $0.importance = .inputs })).sorted()
    #expect(abs(byInputs[0] - table[0]) > 1e-3)
  }

  @Test func allThatChoosesLosesLess() throws {
    let product = try Product()
    let vectors = WeightCompression.Settings {
      var palettization = Palettization()
      (palettization.bits, palettization.vectorLength) = (1, 2)
      $0.coding = .palette(palettization)
    }
    for settings in [.palette(2), .palette(1), vectors, .integers(2) { $0.granularity = .tensor }] {
      let plain = try product.changed(settings)
      let aware = try product.changed(settings.with { $0.importance = .fisher })
      #expect(product.error(aware) < product.error(plain), "\(settings)")
    }
  }

  /// What becomes zero are the weights whose squares times the Fisher information are the least (optimal brain damage).
  @Test func zerosAreWhatCostsTheLeast() throws {
    let product = try Product()
    let costs = product.weights.indices.map {
      product.fisher[$0] * Double(product.weights[$0] * product.weights[$0])
    }
    let least = costs.indices.sorted { costs[$0] < costs[$1] }.prefix(6)
    let pruned = try product.changed(.pruning(0.5).with { $0.importance = .fisher })
    #expect(Set(pruned.indices.filter { pruned[$0] == 0 }) == Set(least))

    // In both tensors together: a weight of the second one costs the mean square of what it is multiplied with.
    let inner = try product.samples.map { sample in
      let x = try sample.doubles()
      return (0..<3).map { row in (0..<4).reduce(0.0) { $0 + x[$1] * Double(product.weights[4 * row + $1]) } }
    }
    let second = (0..<3).map { row in
      inner.reduce(0) { $0 + $1[row] * $1[row] } / 6 * Double(product.rows[row] * product.rows[row])
    }
    var compression = WeightCompression(
      .pruning(13.0 / 21) { $0.scope = .global }.with { $0.importance = .fisher })
    compression.leastCount = 1
    let both = try compression.apply(to: product.graph, samples: product.samples.map { ["x": $0] }).graph
    let zeros = try both.constantIDs.map { try WeightSubject.elements($0, in: both).map { $0 == 0 } }
    // Six of the diagonal's nine weights are zero already; seven others go.
    let all = (costs + second).sorted()
    #expect(zeros[0] == costs.map { $0 < all[7] })
    #expect([zeros[1][0], zeros[1][4], zeros[1][8]] == second.map { $0 < all[7] })
  }

  // MARK: Refusals

  private func error(_ text: String, _ compression: WeightCompression, classes: [Int]? = nil) throws
    -> ModelError
  {
    let graph = try Graph(text: text, catalog: .standard)
    let samples = [["x": Tensor([Float](repeating: 1, count: 9), shape: [3, 3])]]
    return try #require(
      #expect(throws: ModelError.self) {
        try compression.apply(to: graph, samples: samples, classes: classes)
      })
  }

  private static func compression(_ settings: WeightCompression.Settings) -> WeightCompression {
    var compression = WeightCompression(settings.with { $0.importance = .fisher })
    compression.leastCount = 1
    return compression
  }

  private static let dense = """
    graph @t (%x: f32[3,3]) -> (y: %y, z: %z) {
      %w = constant f32[4,3] = seeded(1)
      %v = constant f32[4,3] = seeded(2)
      %y = FullyConnected(%x, %w) : f32[3,4]
      %z = FullyConnected(%x, %v) : f32[3,4]
    }
    """

  @Test func operatorsWithoutDerivativesAreNamed() throws {
    let found = try error(
      """
      graph @t (%x: f32[3,3]) -> (y: %y) {
        %w = constant f32[3,3] = seeded(1)
        %a = FullyConnected(%x, %w) : f32[3,3]
        %y = Determinant(%a) : f32[] @ "area"
      }
      """, Self.compression(.palette(1)))
    #expect(found.code == .unsupported && found.location.node?.name == "area")
    #expect(found.message == "there is no derivative of Determinant")
  }

  @Test func labelsThatDoNotFitAreRefused() throws {
    var compression = Self.compression(.palette(1))
    #expect(try error(Self.dense, compression, classes: [0, 1, 2]).message.contains("not given"))
    compression.labels = "labels"
    #expect(try error(Self.dense, compression).message.contains("not given"))
    #expect(try error(Self.dense, compression, classes: [0, 1]).message.contains("and more rows"))
    #expect(try error(Self.dense, compression, classes: [0, 1, 2, 3]).message.contains("but 3 rows"))
    let wrong = try error(Self.dense, compression, classes: [0, 4, 1])
    #expect(wrong.message.contains("none of the 4 classes") && wrong.location.attribute == "label 1")
    compression.settings?.importance = .inputs
    #expect(try error(Self.dense, compression, classes: [0, 1, 2]).message.contains("only the importance"))
  }

  /// Labels are for the first output: weights of others are told apart, and not compared with those of the first.
  @Test func weightsWithoutInformationAreReported() throws {
    let graph = try Graph(text: Self.dense, catalog: .standard)
    let samples = [["x": Tensor((0..<9).map { Float($0) / 9 }, shape: [3, 3])]]
    var compression = Self.compression(.palette(1))
    compression.labels = "labels"
    let changes = try compression.apply(to: graph, samples: samples, classes: [0, 1, 2]).changes
    #expect(changes.map { $0.coding.contains("the loss does not depend on it") } == [false, true])
    compression = Self.compression(.pruning(0.5) { $0.scope = .global })
    compression.labels = "labels"
    let found = try error(Self.dense, compression, classes: [0, 1, 2])
    #expect(found.location.tensor == "v" && found.message.contains("does not depend"))
    compression.exceptions = [.names("v"): compression.settings?.with { $0.importance = .inputs }]
    #expect(try error(Self.dense, compression, classes: [0, 1, 2]).message.contains("different importance"))
  }

  @Test func derivativesThatAreNoNumbersAreRefused() throws {
    let graph = try Graph(text: Self.dense, catalog: .standard)
    let samples = [Float(1), 1e30].map {
      ["x": Tensor([Float](repeating: $0, count: 9), shape: [3, 3])]
    }
    _ = try Self.compression(.palette(1)).apply(to: graph, samples: samples)
    let infinite = samples + [["x": Tensor([Float](repeating: .infinity, count: 9), shape: [3, 3])]]
    let found = try #require(
      #expect(throws: ModelError.self) {
        try Self.compression(.palette(1)).apply(to: graph, samples: infinite)
      })
    #expect(found.location.tensor == "w" && found.location.attribute == "sample 2")
  }
}
