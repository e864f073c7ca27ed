import SkiffBinary
import SkiffIR

/// Runs a plan; the memory it works in and the states of the graph are kept between runs. Not for several threads at once.
public final class Session {
  /// What is run.
  public let plan: Plan
  private let arena: Arena
  private var bodies = BodySessions()
  private var states: [ValueID: Tensor]
  /// The results of steps with a direct kernel, from their first run on: they are always in the same places.
  private var places: [Places?]

  private struct Places {
    let results: [Tensor]
    let targets: [UnsafeMutableRawBufferPointer]
  }

  /// Creates a session and its memory.
  public init(_ plan: Plan) {
    self.plan = plan
    arena = Arena(byteCount: plan.arenaByteCount)
    states = plan.initialStates
    places = Array(repeating: nil, count: plan.steps.count)
  }

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
    let crew = Crew(threads: plan.steps.map(\.parts).max() ?? 1)
    defer { crew.end() }
    var values = plan.constants.merging(states) { $1 }
    for id in graph.inputs {
      values[id] = try input(id, from: inputs)
      if let tensor = values[id] { try observer?(id, tensor) }
    }
    if let name = inputs.keys.sorted().first(where: { name in
      !graph.inputs.contains { graph[$0].name == name }
    }) {
      throw ModelError(.invalidArgument, "there is no such input", at: Location(tensor: name))
    }
    for (index, step) in plan.steps.enumerated() {
      try locating(graph[step.node].location) { () throws(ModelError) in
        let results = try run(index, step, values, crew)
        for (value, result) in zip(step.outputs, results) {
          values[value] = result
          try observer?(value, result)
        }
      }
      for value in step.released { values[value] = nil }
    }
    // The arena is overwritten by the next run, so that what leaves it is copied.
    var outputs: [String: Tensor] = [:]
    for output in graph.outputs {
      guard let tensor = values[output.value] else {
        throw ModelError(.invalidGraph, "output '\(output.name)' is never computed")
      }
      outputs[output.name] = try copy(of: tensor)
    }
    var next = states
    for state in graph.states {
      guard let tensor = values[state.next], tensor.shape == plan.initialStates[state.value]?.shape else {
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

  private func run(
    _ index: Int, _ step: Plan.Step, _ values: [ValueID: Tensor], _ crew: Crew
  ) throws(ModelError) -> [Tensor] {
    let inputs = step.inputs.map { id in id.flatMap { values[$0] } }
    switch step.kernel {
    case .reference(let kernel): return try outsideOfArena(checked(kernel.evaluate(inputs), step))
    case .prepared(let kernel): return try outsideOfArena(checked(kernel.run(inputs), step))
    case .direct(let kernel):
      let places = try places(of: index, step)
      let scratch = arena.memory(step.scratch)
      withPointers(to: inputs[...], []) {
        crew.run(
          .init(kernel: kernel, inputs: $0, outputs: places.targets, scratch: scratch, parts: step.parts))
      }
      return places.results
    case .control(let kernel):
      let results = try kernel.evaluate(inputs) { subgraph, tensors throws(ModelError) in
        try bodies.run(subgraph, tensors, like: plan)
      }
      var sized: [Tensor] = []
      for (result, type) in zip(results, step.types) { sized.append(try self.sized(result, as: type)) }
      return try outsideOfArena(checked(sized, step))
    }
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

  private func places(of index: Int, _ step: Plan.Step) throws(ModelError) -> Places {
    if let known = places[index] { return known }
    var results: [Tensor] = []
    var targets: [UnsafeMutableRawBufferPointer] = []
    for (offset, type) in zip(step.offsets, step.types) {
      guard let type, let shape = type.shape.fixed, let count = type.shape.elementCount,
        let byteCount = type.dataType.byteCount(elements: count)
      else { throw ModelError(.invalidGraph, "sizes must be known") }
      targets.append(arena.memory(offset..<offset + byteCount))
      results.append(
        try Tensor(
          type.dataType, shape: shape, quantization: type.quantization,
          bytes: arena.region(offset..<offset + byteCount)))
    }
    let made = Places(results: results, targets: targets)
    places[index] = made
    return made
  }

  /// Calls `body` with pointers to all operands, which stay valid during the call.
  private func withPointers(
    to inputs: ArraySlice<Tensor?>, _ pointers: [UnsafeRawBufferPointer?],
    _ body: ([UnsafeRawBufferPointer?]) -> Void
  ) {
    guard let first = inputs.first else { return body(pointers) }
    guard let tensor = first else { return withPointers(to: inputs.dropFirst(), pointers + [nil], body) }
    tensor.bytes.withBytes { withPointers(to: inputs.dropFirst(), pointers + [$0], body) }
  }
}
