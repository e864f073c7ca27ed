import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffPasses

/// What makes a model smaller: steps, one after the other.
public struct Compression: Sendable {
  /// One thing that is done.
  public enum Step: Hashable, Sendable {
    /// Channels, neurons, heads and recurrent units are removed.
    case channels(ChannelPruning)
    /// Residual branches are removed.
    case layers(LayerPruning)
    /// Products become smaller ones.
    case lowRank(LowRankApproximation)
    /// Channels get ranges alike, so that one scale suits all weights of a layer.
    case equalize(CrossLayerEqualization)
    /// Channels are rotated, so that large ones spread over all.
    case rotate(ChannelRotation)
    /// Ranges of channels move from values into weights, or back.
    case smooth(ChannelSmoothing)
    /// Weights become zero, few different ones, or short.
    case weights(WeightCompression)
    /// int8 quantization: weights and activations become integers that the graph computes with. Weights that a step before
    /// made integers, symmetric and with a scale for each output, stay those.
    case int8(RangeEstimation, Int8Quantization)
  }

  let steps: [Step]
  let samples: Samples?
  /// The compression as text, for the provenance of a file.
  public let description: String
  /// Where results that memory should not hold stand until they are written; nil: where the system has files that nobody keeps.
  public var scratchFolder: String?

  /// Creates a compression.
  ///
  /// - Parameters:
  ///   - samples: What the model is run on by steps that look at its values.
  ///   - description: The compression as text.
  public init(_ steps: [Step], samples: Samples? = nil, description: String) {
    (self.steps, self.samples, self.description) = (steps, samples, description)
  }

  /// Quantization to int8: weights per channel, activations per tensor, ranges from samples.
  ///
  /// - Parameters:
  ///   - samples: What ranges are taken from; not needed for dynamic activations.
  ///   - estimation: How ranges are found; by default as ``Int8Quantization/usualEstimation`` says.
  public static func int8(
    calibratedOn samples: Samples?, estimation: RangeEstimation? = nil,
    quantization: Int8Quantization = Int8Quantization()
  ) -> Compression {
    let estimation = estimation ?? quantization.usualEstimation
    let description =
      switch quantization.activations {
      case .int8: "int8 (\(quantization.hasSymmetricActivations ? "symmetric, " : "")\(estimation))"
      case .int16: "int8 with int16 activations (\(estimation))"
      case .dynamic: "int8 (dynamic)"
      }
    return Compression([.int8(estimation, quantization)], samples: samples, description: description)
  }
}

extension Model {
  /// Compresses the model; what fails leaves it as it was.
  ///
  /// - Parameter progress: Told of each run on samples.
  /// - Throws: ``ModelError/Code/invalidArgument`` also if a step takes samples and there are none.
  @discardableResult
  public mutating func compress(
    _ compression: Compression, progress: WorkProgress.Observer? = nil
  ) throws(ModelError) -> CompressionReport {
    var copy = self
    var report = CompressionReport()
    let (inputs, labels) = try compression.separatingLabels()
    let runs = try inputs.map(separateRuns) ?? []
    let computesWithIntegers = compression.steps.contains {
      if case .int8(_, let quantization) = $0 { quantization.activations != .dynamic } else { false }
    }
    if computesWithIntegers { try copy.arrange() } else { try copy.prepare() }
    // Weights of 16 bits are weights to every step, also where an operator widens them.
    var widening = PassReport()
    try Pipeline(unconditional: RewritePass(RealizeConstants(keepsIntegers: true)))
      .run(on: &copy.graph, report: &widening)
    try Pipeline(unconditional: RewritePass(RealizeHybridProducts())).run(on: &copy.graph, report: &widening)
    report.bytesBefore = copy.graph.constantByteCount
    var normalized = try copy.normalizedOutputs(for: compression)
    for (index, step) in compression.steps.enumerated() {
      do throws(ModelError) {
        switch step {
        case .channels(let pruning):
          let samples = try copy.reordered(runs).map(copy.graph.accepting)
          let classes = pruning.labels.flatMap { labels[$0] }
          let (graph, pruned) = try pruning.apply(to: copy.graph, samples: samples, classes: classes)
          copy.graph = graph
          report.channels.append(pruned)
        case .layers(let pruning):
          let samples = try copy.reordered(runs).map(copy.graph.accepting)
          let (graph, pruned) = try pruning.apply(to: copy.graph, samples: samples)
          copy.graph = graph
          report.layers.append(pruned)
        case .lowRank(let approximation):
          let samples = try copy.reordered(runs).map(copy.graph.accepting)
          let (graph, changes) = try approximation.apply(to: copy.graph, samples: samples)
          copy.graph = graph
          report.lowRanks += changes
        case .equalize(let equalization):
          let (graph, groups, factors) = try equalization.apply(to: copy.graph)
          copy.graph = graph
          normalized.divide(by: factors)
          report.equalizedGroups += groups
        case .rotate(let rotation):
          let (graph, rotated) = try rotation.apply(to: copy.graph)
          copy.graph = graph
          report.rotation.rotations += rotated.rotations
          report.rotation.obstacles += rotated.obstacles
        case .smooth(let smoothing):
          let samples = try copy.reordered(runs).map(copy.graph.accepting)
          let (graph, values) = try smoothing.apply(to: copy.graph, samples: samples)
          copy.graph = graph
          report.smoothedValues += values
        case .weights(let weights):
          let classes = weights.labels.flatMap { labels[$0] }
          try copy.compress(weights, runs, classes, normalized, compression.scratchFolder, &report)
        case .int8(_, let quantization) where quantization.activations == .dynamic:
          try copy.quantizeDynamically(quantization, runs, &report)
        case .int8(let estimation, let quantization):
          report.activations = quantization.activations
          try copy.quantize(quantization, estimation, runs, &report, progress)
        }
      } catch {
        var located = error
        if compression.steps.count > 1 {
          located.notes.append("this is step \(index + 1) of '\(compression.description)'")
        }
        throw located
      }
      if step.changesChannels { normalized = NormalizedOutputs() }
    }
    copy.recipe.append(compression.description)
    copy.isCompressed = true
    copy.calibrationDigest = compression.samples?.digest
    compression.samples?.releasePages()
    copy.examples = []
    self = copy
    report.bytesAfter = graph.constantByteCount
    return report
  }

  private mutating func compress(
    _ weights: WeightCompression, _ runs: [[String: Tensor]], _ classes: [Int]?,
    _ normalized: NormalizedOutputs,
    _ scratchFolder: String?, _ report: inout CompressionReport
  ) throws(ModelError) {
    let samples = try reordered(runs).map(graph.accepting)
    let (changed, changes) = try weights.apply(
      to: graph, samples: samples, classes: classes, normalized: normalized, scratchFolder: scratchFolder)
    graph = changed
    report.weights += changes
    report.weightsInside = max(
      report.weightsInside, WeightTensor.countInside(graph, least: weights.leastCount))
  }

  private mutating func quantizeDynamically(
    _ quantization: Int8Quantization, _ runs: [[String: Tensor]], _ report: inout CompressionReport
  ) throws(ModelError) {
    // Where no sizes are found, kernels that need to know them are not taken.
    let runs = runs.isEmpty ? (try? CheckInputs(seededFor: source))?.runs ?? [] : runs
    let shapes = try reordered(Array(runs.prefix(1))).first?.mapValues(\.shape)
    let (quantized, quantization) = try quantization.applyDynamically(to: graph, inputShapes: shapes ?? [:])
    graph = quantized
    report.activations = .dynamic
    report.quantizedNodes += quantization.quantizedNodes
    report.floatNodes += quantization.floatNodes
  }

  private mutating func quantize(
    _ quantization: Int8Quantization, _ estimation: RangeEstimation, _ runs: [[String: Tensor]],
    _ report: inout CompressionReport, _ progress: WorkProgress.Observer?
  ) throws(ModelError) {
    var lowering = PassReport()
    try Pipeline(unconditional: RewritePass(RealizeConstants())).run(on: &graph, report: &lowering)
    for pipeline in passes.applied(to: [.canonical]) { try pipeline.run(on: &graph, report: &lowering) }
    try Pipeline.lowering(for: quantization.activations == .int16 ? .int16 : .int8)
      .run(on: &graph, report: &lowering)
    let calibration = try Calibration(
      graph, samples: reordered(runs).map(graph.accepting), estimation: estimation,
      isSymmetric: quantization.hasSymmetricActivations,
      progress: { progress?(WorkProgress(step: "calibrating", completed: $0, total: runs.count)) })
    let (quantized, quantization) = try quantization.apply(to: graph, calibration: calibration)
    graph = quantized
    warnings += quantization.warnings
    report.quantizedNodes += quantization.quantizedNodes
    report.otherNodes += quantization.otherNodes
    report.floatNodes += quantization.floatNodes
    report.sampleCount = calibration.sampleCount
  }

  /// Simplifies the graph and stores it with its channels last, as every format that Skiff writes wants it; once. What
  /// the model rounds to integers itself computes with integers from then on.
  public mutating func prepare() throws(ModelError) {
    guard !isPrepared else { return }
    var copy = self
    let adopted = try copy.arrange()
    if !adopted.isEmpty, try !copy.computeWithIntegers(), adopted[RealizeIntegerProducts.name] ?? 0 > 0 {
      // Products of integers would be those of real numbers for nothing.
      copy = self
      try copy.arrange(adoptsQuantization: false)
    }
    self = copy
  }

  /// Computes with integers between the values that the graph rounds to integers.
  ///
  /// - Returns: Whether any operator does.
  private mutating func computeWithIntegers() throws(ModelError) -> Bool {
    guard graph.nodeIDs.contains(where: { graph[$0].operator is Quantize }) else { return false }
    var lowering = PassReport()
    try Pipeline.lowering(for: .int8).run(on: &graph, report: &lowering)
    // Where no sizes are found, kernels that need to know them are not taken.
    let example = try? CheckInputs(seededFor: graph).runs.first
    let (quantized, report) = try Int8Quantization().apply(
      to: graph, inputShapes: example?.mapValues(\.shape) ?? [:])
    graph = quantized
    // Conversions that stood between are gone.
    try Pipeline(
      unconditional: RewritePass(RemoveIdentities(), MergeReshapes(), AbsorbTransposition()),
      MergeEqualNodes()
    ).run(on: &graph, report: &lowering)
    transpositions = graph.remaining(of: transpositions)
    recipe.append("int8 as in the source")
    examples = []
    return report.quantizedNodes > 0
  }

  /// Simplifies the graph and stores it with its channels last; once.
  ///
  /// - Parameter adoptsQuantization: Whether what ONNX says of the rounding to integers becomes that of the graph.
  /// - Returns: What was done to adopt it, by the name of the rewrite.
  @discardableResult
  private mutating func arrange(adoptsQuantization: Bool = true) throws(ModelError) -> [String: Int] {
    guard !isPrepared else { return [:] }
    var report = PassReport()
    if adoptsQuantization {
      try Pipeline(
        unconditional: RewritePass(RealizeIntegerProducts(), HoistDequantization(), AdoptQuantization())
      ).run(on: &graph, report: &report)
    }
    let adopted = report.changes
    let layout = Pipeline.channelsLast(changesInterface: changesInterfaceLayout)
    for pipeline in passes.applied(to: [.canonical, layout]) {
      try pipeline.run(on: &graph, report: &report)
    }
    interfaceOrders.merge(report.interfaceOrders) { $1 }
    if !report.interfaceOrders.isEmpty { examples = [] }
    warnings += report.warnings
    transpositions = report.transpositions.filter(graph.contains)
    isPrepared = true
    return adopted
  }

  /// Runs whose inputs are ordered as the graph wants them now.
  func reordered(_ runs: [[String: Tensor]]) throws(ModelError) -> [[String: Tensor]] {
    guard !interfaceOrders.isEmpty else { return runs }
    var result: [[String: Tensor]] = []
    for run in runs {
      var reordered = run
      for (name, tensor) in run {
        if let order = interfaceOrders[name] { reordered[name] = try tensor.permuted(by: order) }
      }
      result.append(reordered)
    }
    return result
  }
}

extension Graph {
  /// Whether the transposition is still there: later passes can have absorbed it.
  func contains(_ transposition: Transposition) -> Bool {
    nodeIDs.contains { id in
      guard let transpose = `operator`(of: id, as: Transpose.self), let input = self[id].inputs[0] else {
        return false
      }
      return transpose.permutation == transposition.permutation && self[input].name == transposition.value
    }
  }

  /// The transpositions that are still there, by their permutations, since quantization renames values.
  fileprivate func remaining(of transpositions: [Transposition]) -> [Transposition] {
    var permutations = nodeIDs.compactMap { `operator`(of: $0, as: Transpose.self)?.permutation }
    return transpositions.filter { transposition in
      guard let index = permutations.firstIndex(of: transposition.permutation) else { return false }
      permutations.remove(at: index)
      return true
    }
  }

  /// The bytes that the constants take.
  public var constantByteCount: Int {
    constantIDs.reduce(0) { sum, id in
      guard let constant = self[id].constant else { return sum }
      if case .blocked(let blocks) = constant.encoding, constant.transforms.isEmpty {
        return sum + constant.bytes.count + blocks.scales.byteCount + (blocks.zeroPoints?.byteCount ?? 0)
      }
      let type = (constant.widened?.narrow ?? constant).type
      guard let count = type.shape.elementCount else { return sum }
      return sum + (type.dataType.byteCount(elements: count) ?? 0)
    }
  }
}
