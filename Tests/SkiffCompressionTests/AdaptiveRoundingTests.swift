import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffTestSupport
import Testing

/// Weights that are rounded down or up as all of a row together change the outputs the least.
@Suite struct AdaptiveRoundingTests {
  private typealias Settings = WeightCompression.Settings

  private static func adaptive(_ bits: Int, _ change: (inout WeightQuantization) -> Void = { _ in })
    -> Settings
  {
    Settings.integers(bits, change).with { $0.roundsAdaptively = true }
  }

  @Test(arguments: ErrorFeedbackTests.subjects, ErrorFeedbackTests.seeds)
  func theErrorOfTheOutputsIsLower(subject: ErrorFeedbackTests.Subject, seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let (network, samples) = try subject.make(&generator)
    for settings in [
      Settings.integers(4), .integers(3) { $0.granularity = .tensor },
      .integers(3) { $0.granularity = .block(8) },
      .integers(3) { $0.isSymmetric = false }, .pruning(0.3).with { $0.coding = Settings.integers(4).coding },
    ] {
      let plain = try network.outputError(settings, samples: samples)
      let aware = try network.outputError(settings.with { $0.roundsAdaptively = true }, samples: samples)
      #expect(aware < plain, "\(settings): \(aware) \(plain)")
    }
  }

  /// Every weight is one of the two integers beside it, or at the end of the range; zeros of pruning stay.
  @Test(arguments: Seed.fixedAndFresh) func weightsGoDownOrUp(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let (network, samples) = try ErrorFeedbackTests.subjects[0].make(&generator)
    let original = try WeightSubject.elements(network.weights[0], in: network.graph)
    for settings in [Self.adaptive(3), Self.adaptive(4) { $0.isSymmetric = false }] {
      let (graph, _) = try network.compressed(settings, samples: samples)
      let (codes, parameters) = try WeightSubject.integers(network.weights[0], in: graph)
      let (least, most) = (try #require(codes.min()), try #require(codes.max()))
      for (index, weight) in original.enumerated() {
        let row = index / 20
        let exact = weight / parameters.scales[row] + Float(parameters.zeroPoints[row])
        let beside = [exact.rounded(.down), exact.rounded(.up)].map { min(max(Int($0), least), most) }
        #expect(beside.contains(codes[index]))
      }
    }
    let pruned = try network.changed(.pruning(0.5))
    let both = try network.changed(
      Self.adaptive(4).with { $0.pruning = Settings.pruning(0.5).pruning }, samples: samples)
    #expect(zip(pruned, both).allSatisfy { $0 != 0 || $1 == 0 })
  }

  /// Rows of few weights come near to the best of all ways to round them.
  @Test(arguments: Seed.fixedAndFresh) func fewWeightsAreRoundedNearlyTheBestWay(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let (rows, columns) = (12, 8)
    let matrix = generator.weights(rows * columns)
    let subject = try WeightSubject.dense(Tensor(matrix, shape: [rows, columns]), samples: 40)
    let sample = generator.correlated(40, columns: columns)
    let (graph, _) = try subject.compressed(
      Self.adaptive(3), samples: [Tensor(sample, shape: [40, columns])])
    let (_, parameters) = try WeightSubject.integers(subject.weights[0], in: graph)
    let found = try WeightSubject.elements(subject.weights[0], in: graph)
    func error(_ row: Int, _ weights: [Float]) -> Double {
      (0..<40).reduce(0.0) { sum, place in
        let value = (0..<columns).reduce(0.0) {
          $0 + Double(weights[$1] - matrix[row * columns + $1]) * Double(sample[place * columns + $1])
        }
        return sum + value * value
      }
    }
    var (least, ours) = (0.0, 0.0)
    for row in 0..<rows {
      let scale = parameters.scales[row]
      var best = Double.infinity
      for choice in 0..<1 << columns {
        let weights = (0..<columns).map { column in
          let below = (matrix[row * columns + column] / scale).rounded(.down)
          return min(max(below + Float(choice >> column & 1), -3), 3) * scale
        }
        best = min(best, error(row, weights))
      }
      least += best
      ours += error(row, Array(found[row * columns..<(row + 1) * columns]))
    }
    #expect(ours <= 1.5 * least, "\(ours) \(least)")
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    var generator = SeededGenerator(Seed(1))
    let (network, samples) = try ErrorFeedbackTests.subjects[0].make(&generator)
    for settings in [
      Settings.palette(3), .pruning(0.5), Settings { $0.coding = .float16 },
      Settings.integers(4).with { $0.usesFeedback = true },
    ] {
      let error = #expect(throws: ModelError.self) {
        try network.compressed(settings.with { $0.roundsAdaptively = true }, samples: samples)
      }
      #expect(error?.code == .invalidArgument)
    }
    #expect(WeightCompression(Self.adaptive(4)).needsSamples)
    #expect(throws: ModelError.self) { try network.compressed(Self.adaptive(4)) }
  }
}
