import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// Where a compressed model loses what its source computes, operator by operator, and what to do about it.
///
/// ```swift
/// let diagnosis = try source.diagnosis(of: compressed, samples: samples)
/// for row in diagnosis.costliest.prefix(5) { print(row.name, row.advice) }
/// ```
public struct Diagnosis: Sendable {
  /// The operators of the compressed graph, in its order.
  public let operators: [DiagnosedOperator]
  /// How far the outputs are from the source's.
  public let outputs: [OutputMetrics]
  /// The number of runs.
  public let runCount: Int

  /// The operators, those first that add the most noise.
  public var costliest: [DiagnosedOperator] {
    operators.enumerated().sorted { a, b in
      (-(a.element.noiseAdded ?? -1), a.offset) < (-(b.element.noiseAdded ?? -1), b.offset)
    }.map(\.element)
  }

  /// The number of operators whose result stands for a value of the source.
  public var comparedCount: Int { operators.count { $0.signalToNoise != nil } }

  /// Runs both graphs side by side.
  ///
  /// - Parameters:
  ///   - runs: The inputs of the reference by name, of one run after the other.
  ///   - orders: How the axes of the candidate's inputs and outputs are ordered that differ from the reference's, by
  ///     name; nil finds from the sizes where one has the channels first and the other last.
  ///   - progress: Told of each run.
  /// - Throws: ``ModelError/Code/checkFailed`` if the graphs have not as many inputs and outputs.
  public init(
    reference: Graph, candidate: Graph, runs: [[String: Tensor]], orders: [String: [Int]]? = nil,
    progress: WorkProgress.Observer? = nil
  ) throws(ModelError) {
    let pair = try SideBySide(reference: reference, candidate: candidate, runs: runs, orders: orders)
    let records = try pair.records(progress)
    var sized = candidate
    if let first = runs.first {
      let inputs = try pair.interface.inputs(from: first, orders: pair.orders, candidate: candidate)
      try sized.setInputShapes(inputs.mapValues(\.shape))
    }
    let flow = NoiseFlow(candidate, records)
    let rows = try candidate.nodeIDs.enumerated().map { index, id throws(ModelError) in
      try DiagnosedOperator(candidate[id], at: index, in: sized, records, flow)
    }
    let total = rows.reduce(0) { $0 + ($1.noiseAdded ?? 0) }
    operators = zip(rows, candidate.nodeIDs).map { row, id in
      var row = row
      row.advice = row.findings(of: candidate[id], in: candidate, records, totalNoise: total)
      return row
    }
    outputs = pair.interface.outputs.compactMap { output in
      candidate.outputs.first { $0.name == output.candidate }.flatMap { records[$0.value]?.metrics }
    }
    runCount = runs.count
  }
}

extension Model {
  /// Where a compressed model loses what this one, its source, computes.
  ///
  /// - Parameters:
  ///   - samples: What both are run on; nil takes seeded random inputs, which say less.
  ///   - limit: The most runs.
  ///   - progress: Told of each run.
  public func diagnosis(
    of compressed: Model, samples: Samples? = nil, limit: Int = 16, progress: WorkProgress.Observer? = nil
  ) throws(ModelError) -> Diagnosis {
    let runs: [[String: Tensor]]
    if let samples {
      runs = try samples.runs(for: source)
    } else {
      runs = try CheckInputs(seededFor: source).runs
    }
    return try Diagnosis(
      reference: source, candidate: compressed.graph, runs: Array(runs.prefix(limit)), progress: progress)
  }
}

extension SideBySide {
  /// What was seen of each value of the candidate that stands for one of the reference.
  fileprivate func records(
    _ progress: WorkProgress.Observer?
  ) throws(ModelError) -> [ValueID: ValueRecord] {
    let pairs = ValuePairs(reference, candidate, interface, orders: orders)
    var records: [ValueID: ValueRecord] = [:]
    var (first, second) = (SessionCache(PlanCache(reference)), SessionCache(PlanCache(candidate)))
    for (number, run) in runs.enumerated() {
      var kept: [ValueID: Tensor] = [:]
      _ = try first.run(reference.accepting(run)) { id, tensor throws(ModelError) in
        if pairs.wanted.contains(id) { kept[id] = try tensor.copied() }
      }
      let inputs = try interface.inputs(from: run, orders: orders, candidate: candidate)
      _ = try second.run(inputs) { id, tensor throws(ModelError) in
        guard let partner = pairs.partners[id], let expected = kept[partner.value] else { return }
        var record = records.removeValue(forKey: id) ?? ValueRecord(name: candidate[id].name)
        try record.add(reference: expected, candidate: tensor, order: partner.order)
        records[id] = record
      }
      progress?(WorkProgress(step: "diagnosing", completed: number + 1, total: runs.count))
    }
    return records.filter { $0.value.metrics.count > 0 || $0.value.metrics.incomparableCount > 0 }
  }
}

extension Tensor {
  /// The tensor in memory of its own.
  func copied() throws(ModelError) -> Tensor {
    let copy = bytes.withBytes { source in
      ByteRegion(count: source.count) { $0.copyMemory(from: source) }
    }
    return try Tensor(dataType, shape: shape, quantization: quantization, bytes: copy)
  }
}
