import SkiffInterpreter

/// How long runs of a model take.
public struct Timing: Sendable {
  /// The seconds of each run, in order.
  public let seconds: [Double]
  /// The share of the time that goes to each node of one more run, the largest first.
  public let nodes: [(node: Node, share: Double)]

  /// The share of the time that goes to each operator, the largest first.
  public var operators: [(name: String, count: Int, share: Double)] {
    Dictionary(grouping: nodes) { type(of: $0.node.operator).name }
      .map { ($0.key, $0.value.count, $0.value.reduce(0) { $0 + $1.share }) }
      .sorted { ($1.share, $0.name) < ($0.share, $1.name) }
  }

  /// The seconds of the middle run.
  public var median: Double { seconds.sorted()[seconds.count / 2] }
  /// The seconds of the fastest run.
  public var least: Double { seconds.min() ?? 0 }
}

extension Model {
  /// Times runs on one input, after a run that is not timed.
  ///
  /// The model runs as it would after being written: simplified, with its channels last.
  ///
  /// - Parameters:
  ///   - runs: How many runs.
  ///   - threads: In how many threads.
  ///   - samples: The first of them is the input; random numbers if nil, of which an open first axis counts one.
  /// - Throws: ``ModelError/Code/invalidArgument`` if other sizes of an input are open, beside what runs throw.
  public func timing(runs: Int, threads: Int = 1, samples: Samples? = nil) throws(ModelError) -> Timing {
    var copy = self
    try copy.prepare()
    let sample = try samples?.separateRuns(for: copy.graph).first
    var shapes = sample?.mapValues(\.shape) ?? [:]
    if sample == nil {
      for id in copy.graph.inputs {
        guard let dimensions = copy.graph[id].type?.shape.dimensions, dimensions.first?.fixed == nil,
          case let rest = dimensions.dropFirst().compactMap(\.fixed), rest.count + 1 == dimensions.count
        else { continue }
        shapes[copy.graph[id].name] = [1] + rest
      }
    }
    let plan = try Plan(copy.graph, inputShapes: shapes, threads: threads)
    var generator = SeededInputs(seed: 1)
    let inputs = if let sample { sample } else { try generator.next(for: plan.graph) }
    let session = Session(plan)
    _ = try session.run(inputs)
    let clock = ContinuousClock()
    var seconds: [Double] = []
    for _ in 0..<max(1, runs) {
      let start = clock.now
      _ = try session.run(inputs)
      seconds.append((clock.now - start) / .seconds(1))
    }
    return Timing(seconds: seconds, nodes: try shares(session, inputs))
  }

  /// One run more, watched node by node.
  private func shares(
    _ session: Session, _ inputs: [String: Tensor]
  ) throws(ModelError) -> [(node: Node, share: Double)] {
    let clock = ContinuousClock()
    let graph = session.plan.graph
    var last = clock.now
    var seconds: [(node: Node, share: Double)] = []
    _ = try session.run(inputs) { id, _ in
      let now = clock.now
      if let node = graph.producer(of: id) { seconds.append((node, (now - last) / .seconds(1))) }
      last = clock.now
    }
    let total = max(seconds.reduce(0) { $0 + $1.share }, .leastNonzeroMagnitude)
    return seconds.map { ($0.node, $0.share / total) }.sorted { $0.share > $1.share }
  }
}
