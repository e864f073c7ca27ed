import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Biases that are corrected by what batch normalizations say of inputs, without samples.
@Suite struct NormalizationBiasTests {
  private static let omission = " (no normalization tells its inputs)"

  /// What a compression made of a network.
  private struct Outcome {
    let model: Model
    let report: CompressionReport

    /// The biases of all products, in order.
    var biases: [[Float]] {
      get throws {
        let graph = model.graph
        return try graph.nodeIDs.compactMap { id in
          let node = graph[id]
          guard node.operator is Convolution || node.operator is FullyConnected, node.inputs.count > 2,
            let bias = node.inputs[2].flatMap({ graph[$0].constant })
          else { return nil }
          return try bias.materialize().floats()
        }
      }
    }

    /// How many tensors' inputs no normalization tells.
    var omitted: Int {
      report.weights.count { $0.coding.hasSuffix(NormalizationBiasTests.omission) }
    }
  }

  /// All weights but those of the first product, whose inputs are those of the network.
  private func compressed(
    _ network: Graph, _ samples: [Tensor] = [], correcting correction: String, equalizes: Bool = false
  ) throws -> Outcome {
    var model = try Model(network)
    let text = """
      skiff: 1
      steps:
      \(equalizes ? "- equalize: {}" : "")
      - weights: {integers: {bits: 3, per: tensor}, least: 1, correct-bias: \(correction), names: {n1: keep}}
      """
    let recipe = try Recipe(yaml: text, name: "test")
    #expect(recipe.needsSamples == (correction == "true"))
    var inputs: Samples?
    if recipe.needsSamples {
      let shape = [samples.count] + samples[0].shape.dropFirst()
      inputs = Samples(["x": Tensor(try samples.flatMap { try $0.floats() }, shape: shape)])
    }
    let report = try model.compress(recipe.compression(on: inputs))
    return Outcome(model: model, report: report)
  }

  /// The mean of each channel of the output over all samples and places.
  private func means(_ graph: Graph, _ samples: [Tensor]) throws -> [Double] {
    let session = Session(try Plan(graph))
    var means: [Double] = []
    for sample in samples {
      let output = try #require(session.run(["x": sample])["y0"])
      let (elements, each) = (try output.floats(), output.shape[2] * output.shape[3])
      means = means.isEmpty ? [Double](repeating: 0, count: output.shape[1]) : means
      for (index, element) in elements.enumerated() {
        means[index / each] += Double(element) / Double(each * samples.count)
      }
    }
    return means
  }

  private func norm(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// Where statistics hold, what normalizations tell is what samples show.
  @Test(arguments: Seed.fixedAndFresh) func correctionsAreThoseOfSamples(seed: Seed) throws {
    let network = try NormalizedNetwork.ofEveryShape(seed)
    try expectAlike(network)
  }

  /// Equalized channels are distributed otherwise than the source says.
  @Test(arguments: Seed.fixedAndFresh) func correctionsFollowEqualizedChannels(seed: Seed) throws {
    let network = try NormalizedNetwork.ofEveryShape(seed, clamp: Relu())
    try expectAlike(network, groups: 5)
  }

  /// - Parameter groups: How many groups of layers are equalized first.
  private func expectAlike(_ network: NormalizedNetwork, groups: Int = 0) throws {
    let outcomes = try ["false", "normalization", "true"].map {
      try compressed(network.graph, network.samples, correcting: $0, equalizes: groups > 0)
    }
    #expect(outcomes[1].report.equalizedGroups == groups)
    #expect(outcomes[1].omitted == 0 && outcomes[1].report.weights.count == 11)
    let biases = try outcomes.map { try $0.biases.map { $0.map(Double.init) } }
    // Padding and sums of dependent parts can be told less well: each is better than nothing, and all together are near.
    var (squaredError, squaredChange) = (0.0, 0.0)
    for index in biases[0].indices.dropFirst() {
      let (error, change) = (
        norm(biases[1][index], biases[2][index]), norm(biases[2][index], biases[0][index])
      )
      #expect(error < change, "\(index): \(biases[0][index]) \(biases[1][index]) \(biases[2][index])")
      squaredError += error * error
      squaredChange += change * change
    }
    #expect(squaredError < 0.25 * 0.25 * squaredChange)
  }

  /// Errors of the weights of one product behind a normalization add next to nothing to its outputs on average.
  @Test(arguments: [0, 1, 2, 3], Seed.fixedAndFresh)
  func outputsAreRightOnAverage(clamp: Int, seed: Seed) throws {
    let clamps: [any Operator] = [
      Clip(minimum: 0, maximum: 6), Relu(), HardSwish(), Clip(minimum: -0.5, maximum: nil),
    ]
    var network = NormalizedNetwork(seed)
    let x = try network.add(clamps[clamp], network.normalized(network.product(network.input, 8, window: 3)))
    network.return(try network.normalized(network.product(x, 8, window: 3)))
    let wanted = try means(network.graph, network.samples)
    let errors = try ["false", "normalization"].map {
      norm(try means(compressed(network.graph, correcting: $0).model.graph, network.samples), wanted)
    }
    // What is left is that elements of 100 samples are not quite normally distributed.
    #expect(errors[1] < 0.1 * errors[0], "\(errors)")
  }

  /// What normalizations do not tell: greatest elements, channels that something else scaled, inputs of the network, and a graph
  /// that says nothing of its origins.
  @Test func otherBiasesStay() throws {
    var network = try NormalizedNetwork.ofEveryShape(Seed(3))
    let known = try compressed(network.graph, correcting: "normalization")
    #expect(known.omitted == 0)
    var bare = network.graph
    for id in bare.nodeIDs { bare.setOrigins(of: id, to: []) }
    #expect(try compressed(bare, correcting: "normalization").omitted == 11)
    let x = try network.normalized(network.product(network.input, 4))
    var pool = MaxPool()
    (pool.size, pool.strides) = ([2, 2], [1, 1])
    let scaled = try network.scaled(network.normalized(network.product(network.input, 4)), by: [1, 2, 3, 4])
    for value in [try network.add(pool, x), scaled, try network.add(Sigmoid(), x)] {
      network.return(try network.product(value, 4))
    }
    let outcome = try compressed(network.graph, correcting: "normalization")
    #expect(outcome.report.weights.count == 11 + 5 && outcome.omitted == 5, "\(outcome.report)")
  }

  /// What was rotated is distributed otherwise, and so can be what was compressed before.
  @Test func whatWasChangedIsNotWhatTheSourceSays() throws {
    let network = try NormalizedNetwork.ofEveryShape(Seed(3))
    var settings = WeightCompression.Settings()
    (settings.coding, settings.biasCorrection) = (.integers(WeightQuantization()), .normalization)
    let weights = Compression.Step.weights(WeightCompression(settings))
    var model = try Model(network.graph)
    let report = try model.compress(Compression([.rotate(ChannelRotation()), weights], description: "test"))
    #expect(
      !report.weights.isEmpty
        && report.weights.allSatisfy { $0.coding.hasSuffix(NormalizationBiasTests.omission) })
    var twice = try Model(network.graph)
    try twice.compress(Compression([.equalize(CrossLayerEqualization())], description: "first"))
    let second = try twice.compress(Compression([weights], description: "second"))
    #expect(
      !second.weights.isEmpty
        && second.weights.allSatisfy { $0.coding.hasSuffix(NormalizationBiasTests.omission) })
  }

  private static let folder = "mlperf-tiny/training/visual_wake_words/trained_models/"

  /// Of a MobileNet of Keras all but the first product, whose inputs are pictures; nothing of the file in which TensorFlow took the
  /// normalizations into weights.
  @Test(
    .needsModels([folder + "vww_96.h5", folder + "vww_96_float.tflite"]),
    arguments: [("vww_96.h5", 1), ("vww_96_float.tflite", 28)])
  func normalizationsOfFilesTell(file: String, omitted: Int) throws {
    var model = try Model(contentsOf: RealModel.path(Self.folder + file))
    let recipe = try Recipe(
      yaml: "skiff: 1\nsteps: [weights: {integers: {bits: 4}, least: 1, correct-bias: normalization}]",
      name: "")
    let report = try model.compress(recipe.compression(on: nil))
    #expect(report.weights.count == 28)
    #expect(Outcome(model: model, report: report).omitted == omitted, "\(report)")
  }
}
