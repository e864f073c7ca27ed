import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffPasses

/// What makes a model smaller.
public struct Compression: Sendable {
  let samples: Samples
  let estimation: RangeEstimation
  let quantization: Int8Quantization
  /// The compression as text, for the provenance of a file.
  public let description: String

  /// Static int8 quantization: weights per channel, activations per tensor, ranges from samples.
  ///
  /// - Parameter estimation: How ranges are found; by default one element of ten thousand may lie outside, so that
  ///   single outliers do not cost the others their precision.
  public static func int8(
    calibratedOn samples: Samples, estimation: RangeEstimation = .percentile(99.99),
    quantization: Int8Quantization = Int8Quantization()
  ) -> Compression {
    let name =
      switch estimation {
      case .minMax: "int8 (min-max)"
      case .percentile(let percentile): "int8 (percentile \(percentile))"
      }
    return Compression(
      samples: samples, estimation: estimation, quantization: quantization, description: name)
  }
}

/// What a compression did.
public struct CompressionReport: Sendable, CustomStringConvertible {
  /// The number of nodes that compute with integers.
  public let quantizedNodes: Int
  /// The nodes that stayed in floating point, with the reason.
  public let floatNodes: [QuantizationReport.FloatNode]
  /// The bytes of the constants before.
  public let bytesBefore: Int
  /// The bytes of the constants after.
  public let bytesAfter: Int
  /// The number of runs on samples.
  public let sampleCount: Int

  /// Some lines for people.
  public var description: String {
    let lines = [
      "\(quantizedNodes) operators in int8, \(floatNodes.count) in float, calibrated on \(sampleCount) samples",
      "weights: \(bytesBefore) bytes -> \(bytesAfter) bytes",
    ]
    return (lines + floatNodes.map { "float: \($0.location): \($0.reason)" }).joined(separator: "\n")
  }
}

extension Model {
  /// Compresses the model; what fails leaves it as it was.
  ///
  /// - Parameter progress: Told of each run on samples.
  @discardableResult
  public mutating func compress(
    _ compression: Compression, progress: WorkProgress.Observer? = nil
  ) throws(ModelError) -> CompressionReport {
    var copy = self
    let runs = try compression.samples.runs(for: source)
    try copy.arrange()
    var lowering = PassReport()
    try Pipeline(unconditional: RewritePass(RealizeConstants())).run(on: &copy.graph, report: &lowering)
    for pipeline in passes.applied(to: [.canonical]) { try pipeline.run(on: &copy.graph, report: &lowering) }
    try Pipeline.lowering(for: .int8).run(on: &copy.graph, report: &lowering)
    let calibration = try Calibration(
      copy.graph, samples: copy.reordered(runs).map(copy.graph.accepting), estimation: compression.estimation,
      progress: { progress?(WorkProgress(step: "calibrating", completed: $0, total: runs.count)) })
    let before = copy.graph.constantByteCount
    let (graph, report) = try compression.quantization.apply(to: copy.graph, calibration: calibration)
    copy.graph = graph
    copy.recipe.append(compression.description)
    copy.calibrationDigest = compression.samples.digest
    compression.samples.releasePages()
    copy.examples = []
    copy.warnings += report.warnings
    self = copy
    return CompressionReport(
      quantizedNodes: report.quantizedNodes, floatNodes: report.floatNodes, bytesBefore: before,
      bytesAfter: graph.constantByteCount, sampleCount: calibration.sampleCount)
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
  fileprivate func contains(_ transposition: Transposition) -> Bool {
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
      guard let type = self[id].type, let count = type.shape.elementCount else { return sum }
      return sum + (type.dataType.byteCount(elements: count) ?? 0)
    }
  }
}
