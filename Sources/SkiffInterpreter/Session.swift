import SkiffBinary
import SkiffIR

/// Runs a plan; the memory it works in and the states of the graph are kept between runs. Not for several threads at once.
public final class Session {
  /// What is run.
  public let plan: Plan
  private let arena: Arena
  private let crew: Crew
  private var bodies = BodySessions()
  private var states: [ValueID: Tensor]
  /// The values that are in the same place in every run: constants, and what direct kernels have computed once.
  private var lasting: [ValueID: Tensor]
  /// What steps with a direct kernel and lasting operands do, from their first run on.
  private var jobs: [Crew.Job?]

  /// Creates a session and its memory.
  public init(_ plan: Plan) {
    self.plan = plan
    arena = Arena(byteCount: plan.arenaByteCount)
    crew = Crew(threads: plan.steps.map(\.parts).max() ?? 1)
    states = plan.initialStates
    lasting = plan.constants
    jobs = Array(repeating: nil, count: plan.steps.count)
  }

  deinit { crew.end() }

  /// Makes the states of the graph what they are before the first run.
  public func reset() { states = plan.initialStates }

  /// The outputs by name for inputs by name.
  ///
  /// - Parameter observer: Sees each value as it is computed, inputs first; the tensor's bytes are valid only
  ///   during the call.
  /// - Throws: ``ModelError/Code/invalidArgument`` for a missing or superfluous input or one of another type,
  ///   and whatever a kernel throws, with its node.
  public func run(
    _ inputs: [String: Tensor], observer: ((ValueID, Tensor) throws(ModelError) -> Void)? = nil
  ) throws(ModelError) -> [String: Tensor] {
    let graph = plan.graph
    var passing = states
    for id in graph.inputs {
      let tensor = try input(id, from: inputs)
      passing[id] = tensor
      try observer?(id, tensor)
    }
    if let name = inputs.keys.sorted().first(where: { name in
      !graph.inputs.contains { graph[$0].name == name }
    }) {
      throw ModelError(.invalidArgument, "there is no such input", at: Location(tensor: name))
    }
    for (index, step) in plan.steps.enumerated() {
      if observer == nil, let job = jobs[index] {
        crew.run(job)
        continue
      }
      try locating(graph[step.node].location) { () throws(ModelError) in
        try run(index, step, &passing)
        guard let observer else { return }
        for value in step.outputs { try observer(value, known(value, passing)) }
      }
      for value in step.released { passing[value] = nil }
    }
    // The arena is overwritten by the next run, so that what leaves it is copied.
    var outputs: [String: Tensor] = [:]
    for output in graph.outputs {
      outputs[output.name] = try copy(of: known(output.value, passing))
    }
    var next = states
    for state in graph.states {
      let tensor = try known(state.next, passing)
      guard tensor.shape == plan.initialStates[state.value]?.shape else {
        throw ModelError(
          .invalidGraph, "what is left of a state has another shape",
          at: Location(tensor: graph[state.value].name))
      }
      next[state.value] = try copy(of: tensor)
    }
    states = next
    return outputs
  }

  private func copy(of tensor: Tensor) throws(ModelError) -> Tensor {
    try Tensor(
      tensor.dataType, shape: tensor.shape, quantization: tensor.quantization,
      bytes: tensor.bytes.withBytes { source in
        ByteRegion(count: source.count) { $0.copyMemory(from: source) }
      })
  }

  private func input(_ id: ValueID, from inputs: [String: Tensor]) throws(ModelError) -> Tensor {
    let value = plan.graph[id]
    let place = Location(tensor: value.name)
    guard let tensor = inputs[value.name] else {
      throw ModelError(.invalidArgument, "the input is missing", at: place)
    }
    guard let type = value.type, tensor.dataType == type.dataType, type.shape.fixed == tensor.shape else {
      throw ModelError(
        .invalidArgument, "expected \(value.type?.description ?? "?"), found \(tensor.type)", at: place)
    }
    return tensor.quantized(with: type.quantization)
  }

  /// The tensor of a value that was computed.
  private func known(_ value: ValueID, _ passing: [ValueID: Tensor]) throws(ModelError) -> Tensor {
    guard let tensor = passing[value] ?? lasting[value] else {
      throw ModelError(.invalidGraph, "it is never computed", at: Location(tensor: plan.graph[value].name))
    }
    return tensor
  }

  /// Computes the results of a step, which are then lasting or among the passing values.
  private func run(
    _ index: Int, _ step: Plan.Step, _ passing: inout [ValueID: Tensor]
  ) throws(ModelError) {
    let inputs = step.inputs.map { id in id.flatMap { passing[$0] ?? lasting[$0] } }
    let results: [Tensor]
    switch step.kernel {
    case .direct(let kernel):
      let job = try job(index, step, kernel, inputs, passing)
      return withExtendedLifetime(inputs) { crew.run(job) }
    case .reference(let kernel): results = try checked(kernel.evaluate(inputs), step)
    case .prepared(let kernel): results = try checked(kernel.run(inputs), step)
    case .control(let kernel):
      let values = try kernel.evaluate(inputs) { subgraph, tensors throws(ModelError) in
        try bodies.run(subgraph, tensors, like: plan)
      }
      var sized: [Tensor] = []
      for (value, type) in zip(values, step.types) { sized.append(try self.sized(value, as: type)) }
      results = try checked(sized, step)
    }
    for (value, result) in zip(step.outputs, try outsideOfArena(results)) { passing[value] = result }
  }

  /// What a step with a direct kernel does; kept if its operands are lasting, as its results are.
  private func job(
    _ index: Int, _ step: Plan.Step, _ kernel: any DirectKernel, _ inputs: [Tensor?],
    _ passing: [ValueID: Tensor]
  ) throws(ModelError) -> Crew.Job {
    if let known = jobs[index] { return known }
    var targets: [UnsafeMutableRawBufferPointer] = []
    for (place, value) in step.outputs.enumerated() {
      guard let type = step.types[place], let shape = type.shape.fixed, let count = type.shape.elementCount,
        let byteCount = type.dataType.byteCount(elements: count)
      else { throw ModelError(.invalidGraph, "sizes must be known") }
      let range = step.offsets[place]..<step.offsets[place] + byteCount
      targets.append(arena.memory(range))
      lasting[value] = try Tensor(
        type.dataType, shape: shape, quantization: type.quantization, bytes: arena.region(range))
    }
    let job = Crew.Job(
      kernel: kernel, inputs: inputs.map { $0?.bytes.memory }, outputs: targets,
      scratch: arena.memory(step.scratch), parts: step.parts)
    if step.inputs.allSatisfy({ $0.flatMap { passing[$0] } == nil }) { jobs[index] = job }
    return job
  }

  /// A result of a graph that never ran has no elements, and only the plan knows the other sizes.
  private func sized(_ result: Tensor, as type: TensorType?) throws(ModelError) -> Tensor {
    guard result.count == 0, let type, type.rank == result.rank else { return result }
    let sizes = zip(type.shape.dimensions, result.shape).map { $0.fixed ?? $1 }
    return sizes.contains(0) ? try result.reshaped(to: sizes) : result
  }

  /// The results, which must be of the types that the plan was made for: direct kernels rely on the sizes of their
  /// operands.
  private func checked(_ results: [Tensor], _ step: Plan.Step) throws(ModelError) -> [Tensor] {
    for (result, type) in zip(results, step.types) {
      guard let type else { continue }
      guard result.dataType == type.dataType, type.shape.isCompatible(with: Shape(result.shape)) else {
        throw ModelError(.invalidGraph, "a result is \(result.type), but recorded as \(type)")
      }
    }
    return results
  }

  /// Copies results that are an operand's own bytes, as those of Reshape are: its place in the arena is given to
  /// others after the last step that reads the operand itself.
  private func outsideOfArena(_ results: [Tensor]) throws(ModelError) -> [Tensor] {
    var copies = results
    for (index, result) in results.enumerated() where arena.holds(result.bytes) {
      copies[index] = try copy(of: result)
    }
    return copies
  }
}
