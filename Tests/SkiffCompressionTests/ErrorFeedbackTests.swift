import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// What samples are looked at for: errors that make up for each other, and biases that take what is left on average.
@Suite struct ErrorFeedbackTests {
  private typealias Settings = WeightCompression.Settings

  /// A product with inputs that depend on each other.
  struct Subject: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (inout SeededGenerator) throws -> (WeightSubject, [Tensor])
  }

  static let subjects = [
    Subject(testDescription: "FullyConnected") { generator in
      let matrix = Tensor(generator.weights(12 * 20), shape: [12, 20])
      let subject = try WeightSubject.dense(matrix, bias: generator.floats(12), samples: 30)
      return (subject, (0..<3).map { _ in Tensor(generator.correlated(30, columns: 20), shape: [30, 20]) })
    },
    Subject(testDescription: "MatrixMultiply") { generator in
      var subject = WeightSubject(input: [2, 40, 16])
      try subject.add(MatrixMultiply(), Tensor(generator.weights(16 * 9), shape: [16, 9]))
      return (subject, [Tensor(generator.correlated(80, columns: 16), shape: [2, 40, 16])])
    },
    Subject(testDescription: "Convolution") { generator in
      var convolution = Convolution()
      (convolution.layout, convolution.padding) = (.last, .sameUpper)
      (convolution.strides, convolution.dilations) = ([2, 1], [1, 2])
      var subject = WeightSubject(input: [2, 9, 8, 3])
      let weights = Tensor(generator.weights(8 * 3 * 2 * 3), shape: [8, 3, 2, 3])
      try subject.add(convolution, weights, bias: generator.floats(8))
      let images = (0..<2).map { _ in generator.correlated(144, columns: 3) }
      return (subject, images.map { Tensor(smooth($0, width: 8), shape: [2, 9, 8, 3]) })
    },
    Subject(testDescription: "depthwise Convolution") { generator in
      try grouped(&generator, groups: 12, weights: [24, 3, 3, 1], layout: .last)
    },
    Subject(testDescription: "grouped Convolution") { generator in
      try grouped(&generator, groups: 2, weights: [6, 2, 3, 3], layout: .last)
    },
    Subject(testDescription: "Convolution, channels first") { generator in
      try grouped(&generator, groups: 2, weights: [6, 3, 2, 3], layout: .first)
    },
    Subject(testDescription: "MatrixMultiply, transposed") { generator in
      var subject = WeightSubject(input: [2, 40, 16])
      var product = MatrixMultiply()
      product.transposesB = true
      try subject.add(product, Tensor(generator.weights(9 * 16), shape: [9, 16]))
      return (subject, [Tensor(generator.correlated(80, columns: 16), shape: [2, 40, 16])])
    },
  ]

  /// A convolution in groups, of images whose points are like those beside them.
  private static func grouped(
    _ generator: inout SeededGenerator, groups: Int, weights: [Int], layout: ChannelLayout
  ) throws -> (WeightSubject, [Tensor]) {
    var convolution = Convolution()
    (convolution.layout, convolution.groups) = (layout, groups)
    convolution.pads = [1, 0, 2, 1]
    let channels = groups * weights[layout == .last ? 3 : 1]
    var subject = WeightSubject(input: layout == .last ? [2, 9, 8, channels] : [2, channels, 9, 8])
    let bias = generator.floats(weights[0])
    try subject.add(convolution, Tensor(generator.weights(weights.reduce(1, *)), shape: weights), bias: bias)
    let images = try (0..<2).map { _ in
      let points = generator.correlated(144, columns: channels)
      let image = Tensor(smooth(points, width: 8, channels: channels), shape: [2, 9, 8, channels])
      return try layout == .last ? image : image.permuted(by: [0, 3, 1, 2])
    }
    return (subject, images)
  }

  /// Points that are like those beside and above them, as points of images are.
  private static func smooth(_ points: [Float], width: Int, channels: Int = 3) -> [Float] {
    var smooth = points
    for index in points.indices {
      if index >= channels { smooth[index] += 0.7 * smooth[index - channels] }
      if index >= channels * width {
        smooth[index] += 0.5 * (smooth[index - channels * width] - smooth[index - channels])
      }
    }
    return smooth
  }

  static let seeds = (1...6).map { Seed(UInt64($0)) }

  @Test(arguments: subjects, seeds) func feedbackLowersTheErrorOfTheOutputs(subject: Subject, seed: Seed)
    throws
  {
    var generator = SeededGenerator(seed)
    let (network, samples) = try subject.make(&generator)
    for settings in [
      Settings.integers(4), .integers(3) { $0.granularity = .tensor },
      .integers(3) { $0.granularity = .block(8) },
      .integers(3) { $0.isSymmetric = false }, .palette(3), .pruning(0.5),
      .pruning(0.5) { $0.pattern = .structured(keep: 2, of: 4) },
      .pruning(0.3).with { $0.coding = Settings.integers(4).coding },
    ] {
      let plain = try network.outputError(settings, samples: samples)
      let aware = try network.outputError(settings.with { $0.usesFeedback = true }, samples: samples)
      #expect(aware < plain, "\(settings): \(aware) \(plain)")
    }
  }

  /// What moments say that other weights do to the outputs is what they do.
  @Test(arguments: subjects, seeds) func momentsGiveTheErrorOfTheOutputs(subject: Subject, seed: Seed) throws
  {
    var generator = SeededGenerator(seed)
    let (network, samples) = try subject.make(&generator)
    let weight = try #require(WeightTensor.all(in: network.graph, least: 1).first)
    let all = try InputMoments.all(of: [weight], in: network.graph, samples: samples.map { ["x": $0] })
    let moments = try #require(all[weight.value])
    let difference = generator.floats(weight.rows * weight.columns)
    try expectError(of: difference, weight, network, samples, by: moments)
  }

  /// Expects what moments say of other weights to be what these do to the outputs.
  private func expectError(
    of difference: [Float], _ weight: WeightTensor, _ network: WeightSubject, _ samples: [Tensor],
    by moments: InputMoments
  ) throws {
    var changed = network.graph
    let matrix = zip(try weight.matrix(in: changed), difference).map { $0 + $1 }
    changed.setConstant(weight.value, to: Constant(try weight.tensor(matrix)))
    let error = try zip(
      WeightSubject.results(of: network.graph, samples), WeightSubject.results(of: changed, samples)
    ).reduce(0.0) { $0 + squaredError($1.0, $1.1) }
    #expect(abs(moments.outputError(difference) - error) <= 1e-4 * error)
  }

  /// Columns beyond a limit are divided: moments tell the error of changes inside of a part.
  @Test(arguments: Seed.fixedAndFresh) func manyColumnsHaveMomentsInParts(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let network = try WeightSubject.dense(
      Tensor(generator.weights(6 * 96), shape: [6, 96]), bias: generator.floats(6), samples: 30)
    let samples = [Tensor(generator.correlated(30, columns: 96), shape: [30, 96])]
    let weight = try #require(WeightTensor.all(in: network.graph, least: 1).first)
    let all = try InputMoments.all(
      of: [weight], in: network.graph, samples: samples.map { ["x": $0] }, limit: 40)
    let moments = try #require(all[weight.value])
    #expect(moments.parts == 3 && moments.size == 32)
    for part in 0..<3 {
      let difference = (0..<6 * 96).map { index in
        index % 96 / 32 == part ? Float.random(in: -1...1, using: &generator) : 0
      }
      try expectError(of: difference, weight, network, samples, by: moments)
    }
  }

  @Test func feedbackAndBiasesTakeManyColumns() throws {
    var generator = SeededGenerator(Seed(3))
    let columns = 2560
    let network = try WeightSubject.dense(
      Tensor(generator.weights(4 * columns), shape: [4, columns]), bias: generator.floats(4), samples: 60)
    let samples = [Tensor(generator.correlated(60, columns: columns), shape: [60, columns])]
    let settings = Settings.integers(3)
    let plain = try network.outputError(settings, samples: samples)
    let fed = try network.outputError(settings.with { $0.usesFeedback = true }, samples: samples)
    let corrected = try network.outputError(settings.with { $0.biasCorrection = .samples }, samples: samples)
    #expect(fed < 0.8 * plain && corrected < plain, "\(plain) \(fed) \(corrected)")
  }

  /// What feedback chooses is still what the coding allows.
  @Test(arguments: subjects, Seed.fixedAndFresh) func feedbackKeepsZerosAndTables(
    subject: Subject, seed: Seed
  ) throws {
    var generator = SeededGenerator(seed)
    let (network, samples) = try subject.make(&generator)
    let pruned = try network.changed(.pruning(0.5))
    for coding in [Settings.integers(4), .palette(3)] {
      let settings = coding.with { $0.pruning = Settings.pruning(0.5).pruning }
      let plain = try network.changed(settings)
      let aware = try network.changed(settings.with { $0.usesFeedback = true }, samples: samples)
      #expect(zip(pruned, aware).allSatisfy { $0 != 0 || $1 == 0 })
      if case .palette = settings.coding { #expect(Set(aware).isSubset(of: Set(plain))) }
    }
  }

  @Test(
    arguments: subjects.filter {
      $0.testDescription.hasSuffix("Convolution") || $0.testDescription == "FullyConnected"
    },
    Seed.fixedAndFresh)
  func correctedBiasesLeaveNoErrorOnAverage(subject: Subject, seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let (network, samples) = try subject.make(&generator)
    let plain = [Settings.integers(3), .palette(2), .pruning(0.7), Settings { $0.coding = .bfloat16 }]
    for settings in plain + plain.map({ $0.with { $0.usesFeedback = true } }) {
      let settings = settings.with { $0.biasCorrection = .samples }
      let (changed, _) = try network.compressed(settings, samples: samples)
      let outputs = try #require(changed[network.weights[0]].type?.shape.fixed)[0]
      let original = try WeightSubject.results(of: network.graph, samples).flatMap(\.self)
      let found = try WeightSubject.results(of: changed, samples).flatMap(\.self)
      for output in 0..<outputs {
        let places = stride(from: output, to: original.count, by: outputs)
        let errors = places.map { Double(found[$0]) - Double(original[$0]) }
        let mean = errors.reduce(0, +) / Double(errors.count)
        let magnitude = places.reduce(0.0) { max($0, Double(abs(original[$1]))) }
        #expect(abs(mean) <= 1e-5 * magnitude, "\(settings): \(mean) of \(magnitude)")
      }
    }
  }

  /// Columns that no sample reaches, and samples that are all alike.
  @Test(arguments: Seed.fixedAndFresh) func samplesThatSayLittleDoNoHarm(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let matrix = Tensor(generator.weights(8 * 16), shape: [8, 16])
    let subject = try WeightSubject.dense(matrix, bias: generator.floats(8), samples: 4)
    let half = (0..<64).map { $0 % 2 == 0 ? Float(0) : 1 }
    for values in [
      [Float](repeating: 0, count: 64), [Float](repeating: 1, count: 64), half, half.map { $0 * 1e-30 },
    ] {
      let settings = Settings.integers(4).with {
        ($0.usesFeedback, $0.importance, $0.biasCorrection) = (true, .inputs, .samples)
      }
      let samples = [Tensor(values, shape: [4, 16])]
      let (graph, _) = try subject.compressed(settings, samples: samples)
      let found = try WeightSubject.elements(subject.weights[0], in: graph)
      #expect(found.allSatisfy { $0.isFinite })
      let outputs = try WeightSubject.results(of: graph, samples)[0]
      let original = try WeightSubject.results(of: subject.graph, samples)[0]
      #expect(zip(outputs, original).allSatisfy { abs($0 - $1) < 1e-4 * (1 + abs($1)) })
    }
  }
}
