import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// Two graphs run side by side on the same inputs.
public struct Comparison: Sendable {
  /// One row for each output, in the order of the reference.
  public private(set) var outputs: [OutputMetrics] = []
  /// One row for each value that both graphs name alike, in the order in which the candidate computes them; only if
  /// asked for.
  public private(set) var values: [OutputMetrics] = []
  /// The number of runs.
  public let runCount: Int

  /// Runs both graphs.
  ///
  /// Outputs are matched by name, or by position where the names differ; inputs likewise.
  ///
  /// - Parameters:
  ///   - orders: How the axes of the candidate's inputs and outputs are ordered that differ from the reference's, by
  ///     name; nil finds from the sizes where one has the channels first and the other last.
  ///   - watchedRuns: The number of runs, from the first on, in which values inside the graphs are compared too.
  ///   - plainRuns: The number of runs, from the first on, in which the reference runs in the plainest way, independent
  ///     of fast kernels. They take long.
  ///   - progress: Told of each run.
  public init(
    reference: Graph, candidate: Graph, runs: [[String: Tensor]], orders: [String: [Int]]? = nil,
    watchedRuns: Int = 0, plainRuns: Int = 1, progress: WorkProgress.Observer? = nil
  ) throws(ModelError) {
    guard reference.inputs.count == candidate.inputs.count, reference.outputs.count == candidate.outputs.count
    else {
      throw ModelError(
        .checkFailed,
        "\(candidate.inputs.count) inputs and \(candidate.outputs.count) outputs instead of "
          + "\(reference.inputs.count) and \(reference.outputs.count)")
    }
    let interface = Interface(reference, candidate)
    let orders = orders ?? interface.orders(reference, candidate)
    var plainSessions = SessionCache(reference, usesReferenceKernels: true)
    var sessions = SessionCache(reference, usesReferenceKernels: false)
    var candidateSessions = SessionCache(candidate, usesReferenceKernels: false)
    // What a session remembers it must have seen all runs for.
    let plainRuns = reference.states.isEmpty || plainRuns == 0 ? plainRuns : runs.count
    var metrics = interface.outputs.map { OutputMetrics(name: $0.reference) }
    var watched = WatchedValues(reference, candidate)
    for (number, run) in runs.enumerated() {
      let isWatched = number < watchedRuns
      let observer: ((ValueID, Tensor) -> Void)? = isWatched ? { watched.keep($0, $1) } : nil
      let accepted = try reference.accepting(run)
      let expected =
        number < plainRuns
        ? try plainSessions.run(accepted, observer: observer) : try sessions.run(accepted, observer: observer)
      let inputs = try interface.inputs(from: run, orders: orders, candidate: candidate)
      let found = try candidateSessions.run(
        inputs,
        observer: isWatched ? { (id, tensor) throws(ModelError) in try watched.compare(id, tensor) } : nil
      )
      for (index, pair) in interface.outputs.enumerated() {
        guard let a = expected[pair.reference], var b = found[pair.candidate] else { continue }
        if let order = orders[pair.candidate] { b = try b.dequantizedIfNeeded().permuted(by: order.inverted) }
        try metrics[index].add(reference: a, candidate: b)
      }
      progress?(WorkProgress(step: "comparing", completed: number + 1, total: runs.count))
    }
    outputs = metrics
    values = watched.metrics
    runCount = runs.count
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

/// Sessions of one graph by the sizes of the inputs.
struct SessionCache {
  private let graph: Graph
  private let usesReferenceKernels: Bool
  private var sessions: [[String: [Int]]: Session] = [:]

  init(_ graph: Graph, usesReferenceKernels: Bool) {
    self.graph = graph
    self.usesReferenceKernels = usesReferenceKernels
  }

  mutating func run(
    _ inputs: [String: Tensor], observer: ((ValueID, Tensor) throws(ModelError) -> Void)?
  ) throws(ModelError) -> [String: Tensor] {
    let shapes = inputs.mapValues(\.shape)
    let session: Session
    if let known = sessions[shapes] {
      session = known
    } else {
      session = Session(
        try Plan(
          graph, inputShapes: shapes, threads: Parallel.processorCount,
          usesReferenceKernels: usesReferenceKernels))
    }
    sessions[shapes] = session
    return try session.run(inputs, observer: observer)
  }
}

/// Values inside both graphs that have the same name.
private struct WatchedValues {
  private(set) var metrics: [OutputMetrics] = []
  private let reference: Graph
  private let candidate: Graph
  private let names: Set<String>
  /// Whether the reference has spatial operators with their channels first, which the candidate may have last.
  private let mayReorder: Bool
  private var kept: [String: Tensor] = [:]
  private var rows: [String: Int] = [:]

  init(_ reference: Graph, _ candidate: Graph) {
    self.reference = reference
    self.candidate = candidate
    // Outputs are compared on their own; their names can be those of other values inside.
    names = Self.uniqueNames(reference).intersection(Self.uniqueNames(candidate))
      .subtracting((reference.outputs + candidate.outputs).map(\.name))
    mayReorder = reference.nodeIDs.contains { id in
      (reference[id].operator as? any AxisAware)?.preferredOrder(rank: 4) != nil
    }
  }

  private static func uniqueNames(_ graph: Graph) -> Set<String> {
    var counts: [String: Int] = [:]
    for id in graph.valueIDs where graph[id].producer != nil { counts[graph[id].name, default: 0] += 1 }
    return Set(counts.filter { $0.value == 1 && !$0.key.isEmpty }.keys)
  }

  mutating func keep(_ id: ValueID, _ tensor: Tensor) {
    let name = reference[id].name
    guard names.contains(name), reference[id].producer != nil else { return }
    let copy = tensor.bytes.withBytes { source in
      ByteRegion(count: source.count) { $0.copyMemory(from: source) }
    }
    kept[name] = try? Tensor(
      tensor.dataType, shape: tensor.shape, quantization: tensor.quantization, bytes: copy)
  }

  /// Compares a value with its namesake; one whose channels moved to the end is moved back first.
  mutating func compare(_ id: ValueID, _ tensor: Tensor) throws(ModelError) {
    let name = candidate[id].name
    guard let expected = kept[name], candidate[id].producer != nil else { return }
    var found = tensor
    if mayReorder, found.rank >= 3, found.rank == expected.rank {
      let back = [0, found.rank - 1] + Array(1..<found.rank - 1)
      // Sizes that allow both orders do not tell which one it is.
      if found.shape == expected.shape, back.map({ found.shape[$0] }) == expected.shape { return }
      if found.shape != expected.shape { found = try found.dequantizedIfNeeded().permuted(by: back) }
    }
    guard found.shape == expected.shape else { return }
    let row: Int
    if let known = rows[name] {
      row = known
    } else {
      row = metrics.count
      metrics.append(OutputMetrics(name: name))
      rows[name] = row
    }
    try metrics[row].add(reference: expected, candidate: found)
  }
}

extension Tensor {
  /// The real numbers where the elements stand for some, else the elements as they are.
  fileprivate func dequantizedIfNeeded() throws(ModelError) -> Tensor {
    quantization == nil ? self : try dequantized()
  }
}

extension [Int] {
  /// The permutation that undoes this one.
  fileprivate var inverted: [Int] {
    var result = self
    for (index, axis) in enumerated() { result[axis] = index }
    return result
  }
}
