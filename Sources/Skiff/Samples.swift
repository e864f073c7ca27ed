import SkiffBinary
import SkiffIR
import SkiffNumPy

/// Arrays that a model is run on: for calibration, for comparison, or for their results.
///
/// The first axis counts samples. Arrays of a file are mapped, so that large sets take no memory.
public struct Samples: Sendable {
  /// The arrays by the names of the model's inputs; an array without a name belongs to the only input.
  let arrays: [(name: String?, tensor: Tensor)]
  let file: String?

  /// Reads a `.npz` file (arrays by the names of the inputs) or a `.npy` file (the array of the only input).
  public init(contentsOf path: String, limits: Limits = .standard) throws(ModelError) {
    file = path
    arrays = try locating(Location(file: path)) { () throws(ModelError) in
      let region = try ByteRegion(mapping: path, limits: limits)
      guard Archive.recognizes(region) else {
        return [(nil, try Tensor(NumPyArray(parsing: region, limits: limits)))]
      }
      var tensors: [(String?, Tensor)] = []
      for (name, array) in try NumPyArchive(mapping: path, limits: limits).arrays() {
        tensors.append((name, try Tensor(array)))
      }
      // What NumPy calls an array that was saved without a name.
      if tensors.count == 1, tensors[0].0 == "arr_0" { tensors[0].0 = nil }
      return tensors
    }
  }

  /// Creates samples from tensors by the names of the inputs, each with the samples along its first axis.
  public init(_ tensors: [String: Tensor]) {
    file = nil
    arrays = tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  init(_ arrays: [(name: String?, tensor: Tensor)], file: String?) {
    (self.arrays, self.file) = (arrays, file)
  }

  /// The digest of all names, types, sizes and elements.
  var digest: Digest {
    let parts = arrays.map { name, tensor in
      Array("\(name ?? "")\n\(tensor.type)\n".utf8) + Digest(of: tensor.bytes).bytes
    }
    return Digest(of: parts.flatMap(\.self))
  }

  /// Gives back the memory that holds the arrays of a file until they are read again.
  func releasePages() {
    for (_, tensor) in arrays { tensor.bytes.releasePages() }
  }

  /// The inputs of one run after the other: as many samples at a time as the first axis of the inputs says.
  ///
  /// - Parameter openCount: The samples of a run where the first axis is not fixed; those left at the end are not run. Nil for all,
  ///   or where another input fixes its first axis an equal part in each of the runs that it is for.
  /// - Throws: ``ModelError/Code/invalidArgument`` naming an array that is missing, superfluous, or of another type,
  ///   shape or number of samples.
  public func runs(for graph: Graph, openCount: Int? = 1) throws(ModelError) -> [[String: Tensor]] {
    try locating(Location(file: file)) { () throws(ModelError) in
      try makeRuns(for: graph, openCount: openCount)
    }
  }

  private func makeRuns(for graph: Graph, openCount: Int?) throws(ModelError) -> [[String: Tensor]] {
    var byName: [String: Tensor] = [:]
    for (name, tensor) in arrays {
      guard let name = name ?? (graph.inputs.count == 1 ? graph[graph.inputs[0]].name : nil) else {
        throw ModelError(.invalidArgument, "a single array for a model with \(graph.inputs.count) inputs")
      }
      guard graph.inputs.contains(where: { graph[$0].name == name }) else {
        let names = graph.inputs.map { "'\(graph[$0].name)'" }.joined(separator: ", ")
        throw ModelError(
          .invalidArgument, "the model has no such input; its inputs are \(names)", at: Location(tensor: name)
        )
      }
      byName[name] = tensor
    }
    let fixedRuns = graph.inputs.compactMap { id in
      byName[graph[id].name].flatMap { Self.fixedRuns(of: $0, for: graph[id].type) }
    }.max()
    var count: Int?
    var perInput: [(name: String, tensors: [Tensor])] = []
    for id in graph.inputs {
      let name = graph[id].name
      let tensors = try locating(Location(tensor: name)) { () throws(ModelError) in
        guard let tensor = byName[name] else {
          throw ModelError(.invalidArgument, "there is no array for this input")
        }
        let all = tensor.shape.first ?? 0
        let runs = fixedRuns.flatMap { all % $0 == 0 ? $0 : nil } ?? 1
        return try Self.split(tensor, for: graph[id].type, openCount: openCount ?? all / runs)
      }
      // One number without axes is meant for all runs.
      let isShared = byName[name]?.rank == 0
      guard count == nil || count == tensors.count || isShared else {
        throw ModelError(
          .invalidArgument, "\(tensors.count) runs, but \(count ?? 0) of the inputs before",
          at: Location(tensor: name))
      }
      guard !tensors.isEmpty else {
        throw ModelError(.invalidArgument, "there are no samples", at: Location(tensor: name))
      }
      if !isShared { count = tensors.count }
      perInput.append((name, tensors))
    }
    return (0..<(count ?? 1)).map { run in
      Dictionary(
        uniqueKeysWithValues: perInput.map { ($0.name, $0.tensors[$0.tensors.count == 1 ? 0 : run]) })
    }
  }

  /// How many runs a tensor is for, at least 1; nil if the type leaves that open.
  private static func fixedRuns(of tensor: Tensor, for type: TensorType?) -> Int? {
    guard let type, let count = tensor.shape.first else { return nil }
    guard let first = type.shape.dimensions.first else { return max(1, count) }
    return first.fixed.map { $0 > 0 ? max(1, count / $0) : 1 }
  }

  /// The tensor cut along its first axis into tensors of the wanted type.
  ///
  /// - Parameter openCount: Their sizes along the first axis where the type does not fix it.
  private static func split(
    _ tensor: Tensor, for type: TensorType?, openCount: Int
  ) throws(ModelError) -> [Tensor] {
    guard var type else { throw ModelError(.unsupported, "the type of the input is not known") }
    // They are quantized when they are run.
    if type.quantization != nil, tensor.dataType.isFloatingPoint {
      type = TensorType(tensor.dataType, type.shape)
    }
    // Real numbers of another width are rounded to the input's.
    if type.dataType.isFloatingPoint, tensor.dataType.isFloatingPoint, type.dataType != tensor.dataType {
      return try split(tensor, for: TensorType(tensor.dataType, type.shape), openCount: openCount)
        .map { sample throws(ModelError) in try sample.cast(to: type.dataType) }
    }
    if type.rank == 0, tensor.rank == 0, tensor.dataType == type.dataType { return [tensor] }
    if type.rank == 0, tensor.rank == 1, tensor.dataType == type.dataType {
      return try split(
        tensor.reshaped(to: tensor.shape + [1]), for: TensorType(type.dataType, [1, 1]),
        openCount: 1
      ).map { sample throws(ModelError) in try sample.reshaped(to: []) }
    }
    let size = type.rank == 0 ? 0 : type.shape[0].fixed ?? openCount
    guard type.rank > 0, tensor.dataType == type.dataType, tensor.rank == type.rank,
      Shape([size] + tensor.shape.dropFirst()).isCompatible(with: type.shape)
    else { throw ModelError(.invalidArgument, "expected samples of \(type), found \(tensor.type)") }
    guard tensor.shape[0] > 0 else { throw ModelError(.invalidArgument, "there are no samples") }
    guard size > 0, tensor.shape[0] % size == 0 || type.shape[0].fixed == nil else {
      throw ModelError(.invalidArgument, "\(tensor.shape[0]) samples do not divide into runs of \(size)")
    }
    let runs = tensor.shape[0] / size
    let byteCount = tensor.shape[0] == 0 ? 0 : tensor.bytes.count / tensor.shape[0] * size
    var result: [Tensor] = []
    for run in 0..<runs {
      result.append(
        try Tensor(
          tensor.dataType, shape: [size] + tensor.shape.dropFirst(),
          bytes: tensor.bytes.slice(offset: run * byteCount, count: byteCount)))
    }
    return result
  }
}
