import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The channels that stay are those without which a loss changes the most, as runs with each of them scaled say.
@Suite struct TaylorRankingTests {
  private static let (features, hidden, classes, rows) = (5, 8, 4, 6)

  /// A layer with a rectifier, a scale for each of its neurons, and a layer of classes.
  private struct Network {
    var graph = Graph()
    let second: ValueID
    let samples: [[String: Tensor]]
    private let first: Tensor
    private let weights: [Float]

    init(seed: UInt64, softmax: Bool, sizes: [Float]) throws {
      var generator = SeededGenerator(Seed(seed))
      let x = graph.addInput("x", TensorType(.float32, [rows, features]))
      first = Tensor(generator.floats(hidden * features), shape: [hidden, features])
      // What a neuron makes is used as strongly as its size says.
      let drawn = generator.floats(classes * hidden)
      weights = drawn.enumerated().map { $1 * sizes[$0 % hidden] }
      var dense = FullyConnected()
      dense.activation = .relu
      let inner = try graph.add(dense, x, graph.addConstant(first))
      second = graph.addConstant(Tensor(weights, shape: [classes, hidden]))
      let logits = try graph.add(FullyConnected(), inner, second)
      graph.addOutput(softmax ? try graph.add(Softmax(), logits) : logits, name: "y")
      samples = (0..<5).map { _ in ["x": Tensor(generator.floats(rows * features), shape: [rows, features])] }
    }

    /// The logits of a run with what one neuron makes scaled.
    func logits(_ sample: Int, _ neuron: Int, scaled factor: Double) throws -> [[Double]] {
      let x = try #require(samples[sample]["x"]).doubles()
      let w = try first.doubles()
      return (0..<rows).map { row in
        let inner = (0..<hidden).map { unit -> Double in
          let sum = (0..<features).reduce(0.0) { $0 + x[row * features + $1] * w[unit * features + $1] }
          return max(0, sum) * (unit == neuron ? factor : 1)
        }
        return (0..<classes).map { output in
          inner.indices.reduce(0.0) { $0 + inner[$1] * Double(weights[output * hidden + $1]) }
        }
      }
    }

    /// The neurons that are left of half of them.
    func kept(labels: [Int]?) throws -> [Int] {
      var pruning = ChannelPruning(.eachGroup(0.5))
      pruning.ranking = .taylor
      if labels != nil { pruning.labels = "labels" }
      let plan = try pruning.plan(for: graph, samples: samples, classes: labels)
      return try #require(plan.kept.first { $0.key.value == second && $0.key.axis == 1 }?.value)
    }
  }

  private static func probabilities(_ logits: [Double]) -> [Double] {
    let powers = logits.map { exp($0 - (logits.max() ?? 0)) }
    return powers.map { $0 / powers.reduce(0, +) }
  }

  private static func greatest(_ scores: [Double]) -> [Int] {
    Array(scores.indices.sorted { scores[$0] > scores[$1] }.prefix(hidden / 2)).sorted()
  }

  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func labelsTellTheLoss(seed: Seed, softmax: Bool) throws {
    let network = try Network(seed: seed.value, softmax: softmax, sizes: [1, 2, 1, 3, 2, 1, 3, 1])
    var generator = SeededGenerator(seed)
    let labels = (0..<5 * Self.rows).map { _ in Int.random(in: 0..<Self.classes, using: &generator) }
    func loss(_ sample: Int, _ neuron: Int, _ factor: Double) throws -> Double {
      try network.logits(sample, neuron, scaled: factor).enumerated().reduce(0.0) { sum, row in
        sum - log(Self.probabilities(row.element)[labels[sample * Self.rows + row.offset]])
      }
    }
    let scores = try (0..<Self.hidden).map { neuron in
      try (0..<5).reduce(0.0) { sum, sample in
        let slope = try (loss(sample, neuron, 1.001) - loss(sample, neuron, 0.999)) / 0.002
        return sum + slope * slope
      }
    }
    #expect(try network.kept(labels: labels) == Self.greatest(scores))
  }

  /// Without labels the curvature counts: of the divergence behind a softmax, of the squared error else.
  @Test(arguments: [Seed(0x5eed), Seed(3), Seed(4)], [false, true])
  func curvatureTellsTheLoss(seed: Seed, softmax: Bool) throws {
    // So far apart that estimates do not change the order.
    let network = try Network(
      seed: seed.value, softmax: softmax, sizes: [0.02, 3, 0.05, 1, 0.03, 2, 1.5, 0.04])
    let scores = try (0..<Self.hidden).map { neuron in
      try (0..<5).reduce(0.0) { sum, sample in
        let (up, down) = (
          try network.logits(sample, neuron, scaled: 1.001), try network.logits(sample, neuron, scaled: 0.999)
        )
        let at = try network.logits(sample, neuron, scaled: 1)
        return sum
          + at.indices.reduce(0.0) { sum, row in
            let slopes = zip(up[row], down[row]).map { ($0 - $1) / 0.002 }
            guard softmax else { return sum + slopes.reduce(0) { $0 + $1 * $1 } }
            let p = Self.probabilities(at[row])
            let mean = zip(p, slopes).reduce(0.0) { $0 + $1.0 * $1.1 }
            return sum + zip(p, slopes).reduce(0.0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
          }
      }
    }
    #expect(try network.kept(labels: nil) == Self.greatest(scores))
  }

  @Test func itIsTheSameEveryTime() throws {
    let network = try Network(seed: 9, softmax: true, sizes: [1, 1, 1, 1, 1, 1, 1, 1])
    #expect(try network.kept(labels: nil) == network.kept(labels: nil))
  }

  @Test func labelsThatDoNotFitAreRefused() throws {
    let network = try Network(seed: 9, softmax: true, sizes: [1, 1, 1, 1, 1, 1, 1, 1])
    for labels in [[0, 1], [Int](repeating: 4, count: 30), [Int](repeating: 0, count: 31)] {
      #expect(throws: ModelError.self) { try network.kept(labels: labels) }
    }
    var pruning = ChannelPruning(.eachGroup(0.5))
    pruning.labels = "labels"
    #expect(throws: ModelError.self) { try pruning.plan(for: network.graph, classes: [0]) }
    pruning.ranking = .taylor
    #expect(throws: ModelError.self) { try pruning.plan(for: network.graph, samples: network.samples) }
  }
}
