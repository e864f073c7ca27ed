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
  ///   - samples: The first of them is the input; random numbers if nil.
  public func timing(runs: Int, threads: Int = 1, samples: Samples? = nil) throws(ModelError) -> Timing {
    var copy = self
    try copy.prepare()
    var shapes: [String: [Int]] = [:]
    for id in copy.graph.inputs {
      let dimensions = copy.graph[id].type?.shape.dimensions ?? []
      shapes[copy.graph[id].name] = dimensions.enumerated().map { axis, dimension in
        dimension.fixed ?? (axis == 0 ? 1 : 0)
      }
    }
    let plan = try Plan(copy.graph, inputShapes: shapes, threads: threads)
    var generator = SeededInputs(seed: 1)
    let inputs: [String: Tensor]
    if let sample = try samples?.runs(for: plan.graph).first {
      inputs = sample
    } else {
      inputs = try generator.next(for: plan.graph)
    }
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
