import SkiffBinary
import SkiffIR

/// Two graphs run side by side on the same inputs.
public struct Comparison: Sendable {
  /// One row for each output, in the order of the reference.
  public let outputs: [OutputMetrics]
  /// The same with the run that repeats samples, two at a time.
  let allOutputs: [OutputMetrics]
  /// One row for each value that both graphs name alike, in the order in which the candidate computes them; only if
  /// asked for.
  public let values: [OutputMetrics]
  /// The number of runs.
  public let runCount: Int
  /// The runs that were left out, since the reference refused them.
  let refusedRuns: [Int]

  /// Runs both graphs.
  ///
  /// Outputs are matched by name, or by position where the names differ; inputs likewise.
  ///
  /// - Parameters:
  ///   - orders: How the axes of the candidate's inputs and outputs are ordered that differ from the reference's, by
  ///     name; nil finds from the sizes where one has the channels first and the other last.
  ///   - watchedRuns: The number of runs in which values inside the graphs are compared too.
  ///   - plainRuns: The number of runs, from the first on, in which the reference runs in the plainest way, independent
  ///     of fast kernels. They take long.
  ///   - progress: Told of each run.
  public init(
    reference: Graph, candidate: Graph, runs: [[String: Tensor]], orders: [String: [Int]]? = nil,
    watchedRuns: Int = 0, plainRuns: Int = 1, progress: WorkProgress.Observer? = nil
  ) throws(ModelError) {
    let sideBySide = try SideBySide(
      reference: reference, candidate: candidate, runs: runs, orders: orders, watchedRuns: watchedRuns,
      plainRuns: plainRuns)
    self = try Self.all([sideBySide], progress)[0]
  }

  private init(_ metrics: RunMetrics, runCount: Int) {
    outputs = metrics.outputs
    var all = metrics
    all.join(RunMetrics(outputs: metrics.repeatedOutputs))
    allOutputs = all.outputs
    values = metrics.values
    refusedRuns = metrics.refusedRuns
    self.runCount = runCount - refusedRuns.count
  }

  /// The comparison of graphs that nothing is run on.
  static let none = Comparison(RunMetrics(), runCount: 0)

  /// Several comparisons, whose runs are shared among the processors.
  static func all(
    _ comparisons: [SideBySide], _ progress: WorkProgress.Observer?
  ) throws(ModelError) -> [Comparison] {
    let metrics = try SideBySide.metrics(of: comparisons, progress)
    return zip(metrics, comparisons).map { Comparison($0, runCount: $1.runs.count) }
  }

  /// The value with the lowest signal to noise ratio among the first to fall below `decibels`, with watched values.
  public func firstDivergence(below decibels: Double) -> OutputMetrics? {
    values.first { $0.signalToNoise < decibels || $0.incomparableCount > 0 }
  }
}

extension Graph {
  /// The inputs as the graph takes them: real numbers are quantized where it takes integers for them.
  func accepting(_ run: [String: Tensor]) throws(ModelError) -> [String: Tensor] {
    var result = run
    for id in inputs {
      guard let type = self[id].type, let parameters = type.quantization, let tensor = run[self[id].name],
        tensor.dataType.isFloatingPoint
      else { continue }
      result[self[id].name] = try tensor.quantized(as: type.dataType, parameters)
    }
    return result
  }
}
