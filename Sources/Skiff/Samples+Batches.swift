import SkiffBinary
import SkiffIR

extension Samples {
  /// The inputs of one run after the other.
  ///
  /// - Parameter size: How many samples a run takes where their number is open, fewer in the last one if so many are left; nil for
  ///   all of them.
  func batches(of size: Int?, for graph: Graph) throws(ModelError) -> [[String: Tensor]] {
    guard let size else { return try runs(for: graph, openCount: nil) }
    guard size > 0 else { throw ModelError(.invalidArgument, "batches of \(size) samples") }
    let open = Set(graph.inputs.filter(graph.hasOpenFirstAxis).map { graph[$0].name })
    guard !open.isEmpty else {
      let fixed = graph.inputs.compactMap { graph[$0].type?.shape.dimensions.first?.fixed }
      guard fixed.allSatisfy({ $0 == size }) else {
        throw ModelError(.invalidArgument, "the model takes \(fixed[0]) samples at a time, not \(size)")
      }
      return try runs(for: graph)
    }
    let counted = arrays.filter { name, _ in name.map(open.contains) ?? true }
    let counts = Set(counted.compactMap(\.tensor.shape.first))
    guard counts.count < 2 else {
      let numbers = counts.sorted().map(String.init).joined(separator: " and ")
      throw ModelError(
        .invalidArgument, "the inputs have \(numbers) samples, which are no batches", at: Location(file: file)
      )
    }
    guard let count = counts.first, count > 0 else {
      throw ModelError(.invalidArgument, "there are no samples", at: Location(file: file))
    }
    let rest = count % size
    // States are those of runs of one size, and a number without axes is meant for all runs.
    let canRest = graph.states.isEmpty && counted.count == arrays.count(where: { $0.tensor.rank > 0 })
    guard rest == 0 || canRest else {
      throw ModelError(
        .invalidArgument, "\(count) samples do not divide into batches of \(size)", at: Location(file: file))
    }
    let whole = count < size ? [] : try runs(for: graph, openCount: size)
    return rest == 0 ? whole : whole + (try part(count - rest..<count).runs(for: graph, openCount: rest))
  }
}

extension Graph {
  /// Whether an input has a first axis whose size is open.
  func hasOpenFirstAxis(_ input: ValueID) -> Bool {
    self[input].type?.shape.dimensions.first.map { $0.fixed == nil } ?? false
  }

  /// An error of a run that took all samples at once, with what can be done about it.
  func explaining(_ error: ModelError, of shapes: [String: [Int]]) -> ModelError {
    let counts = inputs.filter(hasOpenFirstAxis).compactMap { shapes[self[$0].name]?.first }
    guard let count = counts.max(), count > 1 else { return error }
    var error = error
    error.notes.append("all \(count) samples were run at once; a batch size of 1 runs one after the other")
    return error
  }

  /// The axis along which the results of runs follow each other, by the names of the outputs: the one whose size is another when a
  /// run takes twice as many samples, and the first one where their number is fixed.
  ///
  /// - Parameter shapes: The sizes of the inputs of a run.
  /// - Throws: ``ModelError/Code/unsupported`` naming an output that is of the same size, of another along several axes, or of one
  ///   that only the run tells.
  func sampleAxes(of shapes: [String: [Int]]) throws(ModelError) -> [String: Int] {
    let open = inputs.filter(hasOpenFirstAxis).map { self[$0].name }
    guard !open.isEmpty else { return [:] }
    var (single, double, twice) = (self, self, shapes)
    for name in open { twice[name]?[0] *= 2 }
    try single.setInputShapes(shapes)
    // A network that takes no more samples in a run says nothing of where they are counted.
    guard (try? double.setInputShapes(twice)) != nil else { return [:] }
    var axes: [String: Int] = [:]
    for output in outputs {
      guard let one = single[output.value].type?.shape, let two = double[output.value].type?.shape,
        one.rank == two.rank
      else { continue }
      let changed = (0..<one.rank).filter { one[$0] != two[$0] }
      let isKnown = one.isFixed && two.isFixed
      guard isKnown, changed.count == 1 else {
        throw ModelError(
          .unsupported, "no axis of it counts samples, which have to be run all at once",
          at: Location(tensor: output.name))
      }
      axes[output.name] = changed[0]
    }
    return axes
  }
}
