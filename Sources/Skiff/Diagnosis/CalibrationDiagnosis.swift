import SkiffBinary
import SkiffIR

/// What is wrong with samples that a model is to be calibrated on.
///
/// Findings say what can be known of samples and graph alone: whether samples are *right* only their owner knows.
public struct CalibrationDiagnosis: Sendable {
  /// What was noticed; empty if nothing.
  public let findings: [Finding]
  /// The inputs of real numbers, as far as the samples are finite.
  public let inputs: [InputStatistics]
  /// The number of runs on samples.
  public let runCount: Int

  /// The most values that one kind of finding names.
  private static let limit = 8

  /// Runs the model, simplified as it is when it is quantized, on all samples.
  ///
  /// - Parameter progress: Told of each run.
  /// - Throws: Whatever reading samples for the model or running it throws.
  public init(
    of model: Model, samples: Samples, progress: WorkProgress.Observer? = nil
  ) throws(ModelError) {
    let runs = try model.separateRuns(of: samples)
    runCount = runs.count
    var findings = Self.repeated(runs)
    let broken = try Self.notFinite(runs)
    guard broken.isEmpty else {
      self.findings = findings + broken
      inputs = []
      return
    }
    inputs = try Self.statistics(of: runs, for: model.source)
    for input in inputs { findings += Self.findings(of: input) }
    var prepared = model
    try prepared.prepare()
    var watch = SampleWatch(prepared.graph)
    try watch.run(prepared.reordered(runs).map(prepared.graph.accepting), progress)
    findings += Self.valueFindings(of: watch, runs.count)
    findings += try Self.normalization(of: model.source, runs, inputs)
    self.findings = findings
  }

  /// Samples that are there more than once.
  private static func repeated(_ runs: [[String: Tensor]]) -> [Finding] {
    var findings: [Finding] = []
    if runs.count == 1 {
      findings.append(
        Finding(.tooFewSamples, "there is one sample", remedy: "take a hundred or more that differ"))
    }
    let different = Set(
      runs.map { run in
        Digest(of: run.sorted { $0.key < $1.key }.flatMap { Digest(of: $0.value.bytes).bytes })
      }
    ).count
    if different <= runs.count * 9 / 10, runs.count > 1 {
      findings.append(
        Finding(
          .repeatedSamples, "only \(different) of \(runs.count) samples differ",
          remedy: "take samples that differ: what is there twice tells nothing more"))
    }
    return findings
  }

  /// The first element of each input that is no finite number.
  private static func notFinite(_ runs: [[String: Tensor]]) throws(ModelError) -> [Finding] {
    var found: [String: Finding] = [:]
    for (number, run) in runs.enumerated() {
      for (name, tensor) in run where tensor.dataType.isFloatingPoint && found[name] == nil {
        guard let element = try tensor.doubles().first(where: { !$0.isFinite }) else { continue }
        found[name] = Finding(
          .notFinite, at: name, "sample \(number) has an element that is \(element)",
          remedy: "repair or remove the sample; nothing else was looked at")
      }
    }
    return found.sorted { $0.key < $1.key }.map(\.value)
  }

  private static func statistics(
    of runs: [[String: Tensor]], for graph: Graph
  ) throws(ModelError) -> [InputStatistics] {
    var inputs: [InputStatistics] = []
    for id in graph.inputs {
      let tensors = runs.compactMap { $0[graph[id].name] }
      guard let first = tensors.first, first.dataType.isFloatingPoint else { continue }
      inputs.append(
        try InputStatistics(name: graph[id].name, tensors, hasChannelsFirst: graph.hasChannelsFirst))
    }
    return inputs
  }

  private static func findings(of input: InputStatistics) -> [Finding] {
    let constant = input.channels.indices.filter { input.channels[$0].isConstant }
    guard let first = constant.first else { return [] }
    if constant.count == input.channels.count, Set(input.channels.map(\.least)).count == 1 {
      return [
        Finding(
          .constantInput, at: input.name,
          "all samples are \(input.channels[first].least.shortText) throughout",
          remedy: "check how they are made: nothing can be calibrated on them")
      ]
    }
    // Single features are often constant; half of them are not.
    guard input.axis != nil, input.channels.count <= 4 || constant.count * 2 > input.channels.count else {
      return []
    }
    let names = constant.prefix(limit).map(String.init).joined(separator: ", ")
    return [
      Finding(
        .constantChannel, at: input.name,
        "\(constant.count) of \(input.channels.count) channels are the same number in all samples (\(names)\(constant.count > limit ? ", ..." : ""))",
        remedy: "check how samples are read, or take some in which these channels vary")
    ]
  }

  /// What the statistics of the first normalizations tell.
  private static func normalization(
    of graph: Graph, _ runs: [[String: Tensor]], _ inputs: [InputStatistics]
  ) throws(ModelError) -> [Finding] {
    let runs = try runs.prefix(32).map(graph.accepting)
    guard let check = NormalizationCheck(graph) else { return [] }
    let mismatch = try check.mismatch(runs)
    let described = inputs.map { "'\($0.name)' is \($0.description)" }.joined(separator: "; ")
    var findings: [Finding] = []
    if mismatch > 3 {
      findings.append(
        Finding(
          .normalization,
          "what comes to the first normalizations is not as their statistics from training say (\(mismatch.shortText) apart, below 1 is usual): \(described)",
          remedy:
            "check the scale and the mean that samples get before the model: 0 to 255, 0 to 1 or -1 to 1"))
    }
    for input in inputs where input.axis != nil && input.channels.count == 3 && mismatch > 0.1 {
      guard let axis = input.axis, axis == (graph.hasChannelsFirst ? 1 : 3) else { continue }
      let reversed = try runs.map { run throws(ModelError) in
        var run = run
        run[input.name] = try run[input.name].map { tensor throws(ModelError) in
          try tensor.reversed(along: axis)
        }
        return run
      }
      let other = try check.mismatch(reversed)
      guard other < mismatch / 2 else { continue }
      findings.append(
        Finding(
          .channelOrder, at: input.name,
          "with its three channels in reverse the first normalizations get what their statistics say better (\(other.shortText) apart instead of \(mismatch.shortText))",
          remedy: "check whether samples are RGB or BGR"))
    }
    return findings
  }

  private static func valueFindings(of watch: SampleWatch, _ runCount: Int) -> [Finding] {
    let (graph, values) = (watch.graph, watch.values)
    var findings: [Finding] = []
    if let broken = watch.notFinite {
      findings.append(
        Finding(
          .notFinite, at: watch.name(of: broken.value),
          "sample \(broken.run) makes an element infinite or not a number",
          remedy: "check the range of the samples; ranges cannot be found with this one"))
    }
    let outliers = values.compactMap { id in
      watch.records[id]?.outlierRatio.flatMap { $0 >= 4 ? (id, $0) : nil }
    }.sorted { $0.1 > $1.1 }
    findings += outliers.prefix(limit).map { id, ratio in
      Finding(
        .outlier, at: watch.name(of: id),
        "very few elements reach \(ratio.shortText) times as far as all others (\((watch.records[id]?.usualReach ?? 0).shortText))",
        remedy: "remove samples that are wrong, or calibrate with a percentile instead of min-max")
    }
    if outliers.count > limit {
      findings.append(
        Finding(.outlier, "\(outliers.count - limit) more values have outliers", remedy: "see above"))
    }
    // What is computed of what never changes never changes either: the first of them is named.
    let constant = values.filter { id in
      guard let record = watch.records[id], let range = record.range, record.count > 1 else { return false }
      return range.extent == 0 && graph[id].producer != nil
    }
    let first = constant.filter { id in
      !(graph.producer(of: id)?.inputs.contains { $0.map(constant.contains) ?? false } ?? false)
    }
    findings += first.prefix(limit).map { id in
      Finding(
        .constantValue, at: watch.name(of: id),
        "every element is \(Double(watch.records[id]?.range?.lowerBound ?? 0).shortText) in all samples",
        remedy: "take samples that reach it, or check their normalization: no range can be found for it")
    }
    let ranged = values.filter { (watch.records[$0]?.range?.extent ?? 0) > 0 }
    let growing = ranged.filter { (watch.records[$0]?.growth ?? 0) > 0.1 }
    if runCount > 1, growing.count * 5 > ranged.count {
      findings.append(
        Finding(
          .tooFewSamples,
          "the ranges of \(growing.count) of \(ranged.count) values still grow by more than 10 % in the second half of \(runCount) samples",
          remedy: "take more samples, in random order"))
    }
    for (name, classes) in watch.classes.sorted(by: { $0.key < $1.key }) {
      guard classes.rows >= 8, classes.seen.count == 1, let only = classes.seen.first else { continue }
      findings.append(
        Finding(
          .oneClass, at: name, "all \(classes.rows) rows have their greatest element at \(only)",
          remedy: "take samples of all classes, or check their normalization"))
    }
    return findings
  }
}

extension Tensor {
  /// The elements with an axis in reverse.
  fileprivate func reversed(along axis: Int) throws(ModelError) -> Tensor {
    var strides = Tensor.strides(of: shape)
    let start = strides[axis] * (shape[axis] - 1)
    strides[axis] = -strides[axis]
    return try gathered(sizes: shape, strides: strides, start: max(0, start))
  }
}
