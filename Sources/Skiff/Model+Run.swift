import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffOperators

extension Model {
  /// The outputs for samples, in the order of the graph: the results of all runs one after the other along the axis that counts
  /// samples. Real numbers are quantized for an input that takes integers for them.
  ///
  /// - Parameters:
  ///   - batchSize: How many samples a run takes where their number is open, at least 1; nil for all of them, whatever the open
  ///     axis is. What the last run is left with is fewer. A model with states takes one after the other unless told.
  ///   - usesReferenceKernels: Whether every operator runs in the plainest way.
  public func outputs(
    for samples: Samples, batchSize: Int? = nil, usesReferenceKernels: Bool = false
  ) throws(ModelError) -> [(name: String, tensor: Tensor)] {
    let runs = try samples.batches(of: batchSize ?? (graph.states.isEmpty ? nil : 1), for: graph)
    let axes = runs.count > 1 ? try graph.sampleAxes(of: runs[0].mapValues(\.shape)) : [:]
    var sessions = SessionCache(
      PlanCache(graph, threads: 1, usesReferenceKernels: usesReferenceKernels))
    var results: [String: [Tensor]] = [:]
    for samples in runs {
      let run = try graph.accepting(samples)
      do throws(ModelError) {
        for (name, tensor) in try sessions.run(run) { results[name, default: []].append(tensor) }
      } catch {
        throw batchSize == nil ? graph.explaining(error, of: run.mapValues(\.shape)) : error
      }
    }
    var outputs: [(name: String, tensor: Tensor)] = []
    for output in graph.outputs {
      let tensor = try Tensor(
        joining: results[output.name] ?? [], along: axes[output.name] ?? 0, name: output.name)
      outputs.append((output.name, tensor))
    }
    return outputs
  }

  /// Runs this model and another on the same inputs, reordered where one has the channels first and the other last.
  ///
  /// - Parameters:
  ///   - samples: What is run; nil takes seeded random inputs, of the other model's sizes where only that fixes them.
  ///   - batchSize: How many samples a run takes where their number is open in both; nil for all of them.
  public func comparison(
    with other: Model, samples: Samples? = nil, batchSize: Int? = nil, watchedRuns: Int = 0,
    progress: WorkProgress.Observer? = nil
  ) throws(ModelError) -> Comparison {
    let runs: [[String: Tensor]]
    if let samples {
      runs = try self.runs(of: samples, batchSize, beside: other.graph)
    } else {
      var fixed = graph
      try fixed.setInputShapes(Interface(graph, other.graph).fixedSizes(graph, other.graph))
      runs = try CheckInputs(seededFor: fixed).runs
    }
    do throws(ModelError) {
      return try Comparison(
        reference: graph, candidate: other.graph, runs: runs, watchedRuns: watchedRuns, progress: progress)
    } catch {
      throw samples == nil || batchSize != nil
        ? error : graph.explaining(error, of: runs[0].mapValues(\.shape))
    }
  }

  /// The inputs of one run after the other for this model and another, which can fix how many samples a run takes.
  private func runs(
    of samples: Samples, _ batchSize: Int?, beside other: Graph
  ) throws(ModelError) -> [[String: Tensor]] {
    let fixed = Interface(graph, other).fixedBatchSize(graph, other)
    if let fixed, let batchSize, fixed != batchSize {
      throw ModelError(.invalidArgument, "the candidate takes \(fixed) samples at a time, not \(batchSize)")
    }
    let isStateful = !graph.states.isEmpty || !other.states.isEmpty
    let runs = try samples.batches(of: fixed ?? batchSize ?? (isStateful ? 1 : nil), for: graph)
    guard fixed == nil || Set(runs.map { $0.mapValues(\.shape) }).count == 1 else {
      throw ModelError(
        .invalidArgument,
        "\(samples.count) samples do not divide into the batches of \(fixed ?? 0) of the candidate"
      )
    }
    return runs
  }

  /// Verifies what reading leaves alone: that every constant can be read, its digest where the format has one, and
  /// that the examples come out.
  public func verifyContents() throws(ModelError) {
    if format == .skiff {
      try locating(Location(file: path)) { () throws(ModelError) in
        _ = try EdgeImporter.check(ByteRegion(mapping: path), catalog: .standard)
      }
    }
    for id in graph.constantIDs {
      try locating(Location(file: path, tensor: graph[id].name)) { () throws(ModelError) in
        try graph[id].constant?.verifyContents()
        graph[id].constant?.bytes.releasePages()
      }
    }
    try locating(Location(file: path)) { () throws(ModelError) in try verifyExamples() }
  }
}

extension Samples {
  /// Writes tensors as a `.npz` file, which appears whole or not at all.
  public static func write(_ tensors: [(name: String, tensor: Tensor)], to path: String) throws(ModelError) {
    var arrays: [(name: String, array: NumPyArray)] = []
    for (name, tensor) in tensors { arrays.append((name, try NumPyArray(tensor))) }
    try NumPyArchive.write(arrays, to: path)
  }
}

extension Tensor {
  /// The tensors one after the other along an axis; all have one type but for that axis.
  init(joining tensors: [Tensor], along axis: Int, name: String) throws(ModelError) {
    guard axis > 0, let rank = tensors.first?.rank, axis < rank else {
      try self.init(joining: tensors, name: name)
      return
    }
    let order = [axis] + (0..<rank).filter { $0 != axis }
    var moved: [Tensor] = []
    for tensor in tensors { moved.append(try tensor.permuted(by: order)) }
    self = try Tensor(joining: moved, name: name).permuted(
      by: (0..<rank).compactMap { order.firstIndex(of: $0) })
  }

  /// The tensors one after the other along the first axis; all have one type but for that axis.
  init(joining tensors: [Tensor], name: String) throws(ModelError) {
    guard let first = tensors.first else {
      throw ModelError(.invalidArgument, "there are no samples", at: Location(tensor: name))
    }
    guard tensors.count > 1 else {
      self = first
      return
    }
    guard first.rank > 0, tensors.allSatisfy({ $0.shape.dropFirst() == first.shape.dropFirst() }) else {
      throw ModelError(
        .unsupported, "the results of the runs have shapes that do not join", at: Location(tensor: name))
    }
    let count = tensors.reduce(0) { $0 + $1.bytes.count }
    let bytes = ByteRegion(count: count) { target in
      var offset = 0
      for tensor in tensors {
        tensor.bytes.withBytes { source in
          UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + source.count]).copyMemory(
            from: source)
        }
        offset += tensor.bytes.count
      }
    }
    try self.init(
      first.dataType, shape: [tensors.reduce(0) { $0 + $1.shape[0] }] + first.shape.dropFirst(),
      quantization: first.quantization, bytes: bytes)
  }
}
