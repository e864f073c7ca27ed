import SkiffBinary
import SkiffIR

/// Which input and output of the candidate belongs to which of the reference.
struct Interface {
  let inputs: [(reference: String, candidate: String)]
  let outputs: [(reference: String, candidate: String)]

  init(_ reference: Graph, _ candidate: Graph) {
    inputs = Self.match(
      reference.inputs.map { reference[$0].name }, candidate.inputs.map { candidate[$0].name })
    outputs = Self.match(reference.outputs.map(\.name), candidate.outputs.map(\.name))
  }

  private static func match(_ a: [String], _ b: [String]) -> [(reference: String, candidate: String)] {
    Set(a) == Set(b) ? a.map { ($0, $0) } : Array(zip(a, b)).map { ($0, $1) }
  }

  /// The candidate's inputs by its own names, reordered.
  func inputs(
    from run: [String: Tensor], orders: [String: [Int]], candidate: Graph
  ) throws(ModelError) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (reference, name) in inputs {
      guard var tensor = run[reference] else { continue }
      if let order = orders[name] { tensor = try tensor.permuted(by: order) }
      result[name] = tensor
    }
    return try candidate.accepting(result)
  }

  /// The sizes of the reference's inputs where they are open and the candidate fixes them, by name.
  func fixedSizes(_ reference: Graph, _ candidate: Graph) -> [String: [Int]] {
    func shape(_ name: String, _ graph: Graph) -> Shape? {
      graph.inputs.first { graph[$0].name == name }.flatMap { graph[$0].type?.shape }
    }
    let orders = orders(reference, candidate)
    var sizes: [String: [Int]] = [:]
    for pair in inputs {
      guard let open = shape(pair.reference, reference), !open.isFixed,
        let fixed = shape(pair.candidate, candidate)?.fixed, fixed.count == open.rank
      else { continue }
      sizes[pair.reference] = orders[pair.candidate]?.inverted.map { fixed[$0] } ?? fixed
    }
    return sizes
  }

  /// The number of samples of a run that the candidate fixes where the reference leaves it open; nil if both leave it open.
  func fixedBatchSize(_ reference: Graph, _ candidate: Graph) -> Int? {
    for pair in inputs {
      guard let input = reference.inputs.first(where: { reference[$0].name == pair.reference }),
        reference.hasOpenFirstAxis(input),
        let other = candidate.inputs.first(where: { candidate[$0].name == pair.candidate }),
        let size = candidate[other].type?.shape.dimensions.first?.fixed
      else { continue }
      return size
    }
    return nil
  }

  /// How the axes of the candidate's inputs and outputs are ordered where only that explains their sizes: channels last
  /// instead of first, or first instead of last.
  func orders(_ reference: Graph, _ candidate: Graph) -> [String: [Int]] {
    func shapes(_ graph: Graph) -> [String: Shape] {
      let values =
        graph.inputs.map { (graph[$0].name, graph[$0].type?.shape) }
        + graph.outputs.map { ($0.name, graph[$0.value].type?.shape) }
      return Dictionary(values.compactMap { name, shape in shape.map { (name, $0) } }) { first, _ in first }
    }
    let (expected, found) = (shapes(reference), shapes(candidate))
    var orders: [String: [Int]] = [:]
    for pair in inputs + outputs {
      guard let a = expected[pair.reference], let b = found[pair.candidate], a.rank == b.rank, a.rank >= 3,
        !a.isCompatible(with: b)
      else { continue }
      let spatial = Array(1..<a.rank)
      orders[pair.candidate] = [
        [0] + spatial.dropFirst() + [1], [0, a.rank - 1] + spatial.dropLast(),
      ].first { order in Shape(order.map { a[$0] }).isCompatible(with: b) }
    }
    return orders
  }
}
