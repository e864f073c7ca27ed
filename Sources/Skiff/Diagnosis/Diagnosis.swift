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
    let pairs = ValuePairs(reference, candidate, pair.interface, orders: pair.orders)
    let records = try pair.records(pairs, progress)
    var sized = candidate
    if let first = runs.first {
      let inputs = try pair.interface.inputs(from: first, orders: pair.orders, candidate: candidate)
      try sized.setInputShapes(inputs.mapValues(\.shape))
    }
    let flow = NoiseFlow(candidate, records)
    let alone = try pair.noiseAlone(pairs, records, flow, progress)
    let roundings = try pair.roundingDifferences(progress)
    let names = SourceNames(reference)
    let rows = try candidate.nodeIDs.enumerated().map { index, id throws(ModelError) in
      let partner = candidate[id].outputs.first.flatMap { pairs.partners[$0]?.value }
      return try DiagnosedOperator(
        candidate[id], at: index, recipeName: names.name(of: candidate[id], computing: partner), in: sized,
        records, flow, alone: alone[id], rounding: roundings[id])
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
      runs = try separateRuns(of: samples)
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
    _ pairs: ValuePairs, _ progress: WorkProgress.Observer?
  ) throws(ModelError) -> [ValueID: ValueRecord] {
    var records: [ValueID: ValueRecord] = [:]
    // Outputs go by the names that the reference's callers know.
    var names: [ValueID: String] = [:]
    for pair in interface.outputs {
      guard let output = candidate.outputs.first(where: { $0.name == pair.candidate }) else { continue }
      names[output.value] = names[output.value] ?? pair.reference
    }
    var (first, second) = (SessionCache(PlanCache(reference)), SessionCache(PlanCache(candidate)))
    for (number, run) in runs.enumerated() {
      var kept: [ValueID: Tensor] = [:]
      _ = try first.run(reference.accepting(run)) { id, tensor throws(ModelError) in
        if pairs.wanted.contains(id) { kept[id] = try tensor.copied() }
      }
      let inputs = try interface.inputs(from: run, orders: orders, candidate: candidate)
      _ = try second.run(inputs) { id, tensor throws(ModelError) in
        guard let partner = pairs.partners[id], let expected = kept[partner.value] else { return }
        var record = records.removeValue(forKey: id) ?? ValueRecord(name: names[id] ?? candidate[id].name)
        try record.add(reference: expected, candidate: tensor, orders: partner.order)
        records[id] = record
      }
      progress?(WorkProgress(step: "diagnosing", completed: number + 1, total: runs.count))
    }
    return records.filter { $0.value.metrics.count > 0 || $0.value.metrics.incomparableCount > 0 }
  }
}

extension SideBySide {
  /// The noise of each node of the candidate beside what the reference computes of the same operands.
  ///
  /// Left out are nodes whose part of the reference cannot be told, see ``Counterpart``.
  fileprivate func noiseAlone(
    _ pairs: ValuePairs, _ records: [ValueID: ValueRecord], _ flow: NoiseFlow,
    _ progress: WorkProgress.Observer?
  ) throws(ModelError) -> [NodeID: Double] {
    var parts: [(node: NodeID, output: ValueID, part: Counterpart, sessions: SessionCache)] = []
    func isUsable(_ value: ValueID) -> Bool { records[value] != nil && !flow.rescaled.contains(value) }
    for id in candidate.nodeIDs {
      let node = candidate[id]
      // From further back noise would come along.
      let isBehindRescaled = node.inputs.contains { $0.map(flow.rescaled.contains) ?? false }
      guard let output = node.outputs.first, node.outputs.count == 1, isUsable(output), !isBehindRescaled,
        let part = Counterpart(
          of: output, computedBy: node, in: candidate, reference, pairs, isUsable: isUsable)
      else { continue }
      parts.append((id, output, part, SessionCache(PlanCache(part.graph))))
    }
    let wanted = Set(parts.flatMap { $0.part.operands + [$0.output] })
    var metrics: [NodeID: OutputMetrics] = [:]
    var sessions = SessionCache(PlanCache(candidate))
    for (number, run) in runs.enumerated() {
      var kept: [ValueID: Tensor] = [:]
      let inputs = try interface.inputs(from: run, orders: orders, candidate: candidate)
      _ = try sessions.run(inputs) { id, tensor throws(ModelError) in
        guard wanted.contains(id), let record = records[id] else { return }
        let real = try tensor.dequantizedIfNeeded()
        if let order = record.order {
          kept[id] = try real.permuted(by: order.inverted)
        } else {
          kept[id] = try real.copied()
        }
      }
      for index in parts.indices {
        let (node, output, part) = (parts[index].node, parts[index].output, parts[index].part)
        var operands: [String: Tensor] = [:]
        for (place, operand) in part.operands.enumerated() {
          guard let tensor = kept[operand], let type = part.graph[part.graph.inputs[place]].type else {
            continue
          }
          operands["\(place)"] = type.isQuantized ? tensor : try tensor.cast(to: type.dataType)
        }
        guard let found = kept[output],
          let expected = try parts[index].sessions.run(part.graph.accepting(operands))["result"],
          expected.shape == found.shape
        else { continue }
        try metrics[node, default: OutputMetrics(name: "")].add(reference: expected, candidate: found)
      }
      progress?(WorkProgress(step: "diagnosing operators", completed: number + 1, total: runs.count))
    }
    return metrics.compactMapValues { metrics in
      metrics.incomparableCount > 0
        ? .infinity : metrics.count == 0 ? nil : noiseRatio(ofDecibels: metrics.signalToNoise)
    }
  }
}

/// The names of a source's nodes, by which recipes know them.
private struct SourceNames {
  private let graph: Graph
  private let names: Set<String>

  init(_ graph: Graph) {
    self.graph = graph
    names = Set(
      graph.nodeIDs.flatMap { [graph[$0].name] + graph[$0].origins.map(\.name) }.filter { !$0.isEmpty })
  }

  /// The node's own name if the source has it, else that of the source's node that computes the value; nil if it has none.
  func name(of node: Node, computing value: ValueID?) -> String? {
    let own = [node.name] + node.origins.map(\.name)
    if let name = own.first(where: names.contains) { return name }
    guard let producer = value.flatMap({ graph.producer(of: $0) }) else { return nil }
    return ([producer.name] + producer.origins.map(\.name)).first { !$0.isEmpty }
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
