import SkiffBinary
import SkiffIR
import SkiffOperators

/// The removal of whole residual branches: where what a branch computes is added to what it started from, only the latter
/// is left.
public struct LayerPruning: Hashable, Sendable {
  /// The share of the multiplications that may be left; branches are removed until no more are, or none can go.
  public var multiplications: Double
  /// The greatest share that a branch which is removed may have in the energy of the sum.
  public var largestShare = Double.infinity
  /// Additions whose branches stay, by their name or that of a node of the source which they compute.
  public var excludedNodes: Set<String> = []

  /// Creates a pruning down to a share of the multiplications.
  public init(multiplications: Double) { self.multiplications = multiplications }

  /// A branch that was, or can be, removed.
  public struct Branch: Sendable {
    /// The addition at its end.
    public let location: Location
    /// The mean square of what the branch adds on the samples, divided by that of the sum.
    public let share: Double
  }

  /// What a pruning did.
  public struct Report: Sendable {
    /// The branches that were removed, in the order in which they were.
    public internal(set) var removed: [Branch] = []
    /// The branches that were left.
    public internal(set) var left: [Branch] = []
    /// The products that the graph added up before; sizes that are not fixed count as those of the first sample.
    public let multiplicationsBefore: Double
    /// The products that it adds up now.
    public internal(set) var multiplicationsAfter: Double
  }

  /// The graph without branches: those first that add the least for each multiplication.
  ///
  /// - Parameter samples: The inputs by name of one run after the other, which say how much a branch adds.
  /// - Throws: ``ModelError/Code/invalidArgument`` if there are no samples, if a share is not from 0 to 1, and for an
  ///   excluded node that the graph does not have.
  public func apply(
    to graph: Graph, samples: [[String: Tensor]]
  ) throws(ModelError) -> (graph: Graph, report: Report) {
    guard (0...1).contains(multiplications), largestShare >= 0 else {
      throw ModelError(.invalidArgument, "shares are from 0 to 1")
    }
    guard let shapes = samples.first?.mapValues(\.shape) else {
      throw ModelError(.invalidArgument, "there are no samples that say how much a layer adds")
    }
    let excluded = try graph.nodes(named: excludedNodes)
    let residuals = graph.residuals().filter { !excluded.contains($0.addition) }
    let shares = try shares(of: residuals, in: graph, samples)
    var result = graph
    var sized = graph
    try sized.setInputShapes(shapes)
    let before = MultiplicationCount(sized).total
    var report = Report(multiplicationsBefore: before, multiplicationsAfter: before)
    var candidates = Array(zip(residuals, shares))
    while report.multiplicationsAfter > multiplications * before {
      var best: (index: Int, price: Double, sized: Graph, count: Double)?
      for (index, (residual, share)) in candidates.enumerated()
      where share <= largestShare && sized.contains(residual.addition) {
        let without = try sized.bypassing(residual)
        let count = MultiplicationCount(without).total
        let price = share / (report.multiplicationsAfter - count)
        if count < report.multiplicationsAfter, price < best?.price ?? .infinity {
          best = (index, price, without, count)
        }
      }
      guard let best else { break }
      let (residual, share) = candidates.remove(at: best.index)
      result = try result.bypassing(residual)
      sized = best.sized
      report.multiplicationsAfter = best.count
      report.removed.append(Branch(location: graph[residual.addition].location, share: share))
    }
    report.left = candidates.filter { result.contains($0.0.addition) }.map {
      Branch(location: graph[$0.0.addition].location, share: $0.1)
    }
    try result.verify()
    return (result, report)
  }

  /// The energy of what each branch adds, relative to that of the sum.
  private func shares(
    of residuals: [Residual], in graph: Graph, _ samples: [[String: Tensor]]
  ) throws(ModelError) -> [Double] {
    let wanted = Set(residuals.flatMap { [$0.branch, graph[$0.addition].outputs[0]] })
    var energies: [ValueID: Double] = [:]
    func watch(_ id: ValueID, _ tensor: Tensor) throws(ModelError) {
      guard wanted.contains(id) else { return }
      energies[id, default: 0] += try tensor.floats().reduce(0) { $0 + Double($1) * Double($1) }
    }
    let sessions = SampleSessions(graph)
    for sample in samples { try sessions.run(sample, observer: watch) }
    return residuals.map { residual in
      let sum = energies[graph[residual.addition].outputs[0]] ?? 0
      return sum > 0 ? (energies[residual.branch] ?? 0) / sum : 0
    }
  }
}

/// An addition to a value of what was computed from it.
struct Residual {
  let addition: NodeID
  /// The value that both start from.
  let trunk: Int
  /// What is added to it.
  let branch: ValueID
}

extension Graph {
  /// The additions of values to what was computed from them, of the same type.
  func residuals() -> [Residual] {
    nodeIDs.compactMap { id in
      let node = self[id]
      guard node.operator is Add, let a = node.inputs[0], let b = node.inputs[1] else { return nil }
      for (trunk, branch) in [(a, b), (b, a)]
      where self[trunk].constant == nil && self[branch].producer != nil {
        let type = self[trunk].type
        guard type == self[branch].type, type == self[node.outputs[0]].type, type?.dataType == .float32,
          depends(branch, on: trunk)
        else { continue }
        return Residual(addition: id, trunk: trunk == a ? 0 : 1, branch: branch)
      }
      return nil
    }
  }

  /// Whether a value is computed from another one.
  private func depends(_ value: ValueID, on other: ValueID) -> Bool {
    var seen: Set<ValueID> = [value]
    var pending = [value]
    while let next = pending.popLast() {
      if next == other { return true }
      for case let input? in producer(of: next)?.inputs ?? [] where seen.insert(input).inserted {
        pending.append(input)
      }
    }
    return false
  }

  /// The graph in which the trunk of a residual stands for the sum.
  fileprivate func bypassing(_ residual: Residual) throws(ModelError) -> Graph {
    var result = self
    let node = result[residual.addition]
    guard let trunk = node.inputs[residual.trunk], let addition = node.operator as? Add else { return self }
    // The addition stays as the clamp that it also was.
    let clamp = addition.activation.standalone
    result.setNode(residual.addition, to: clamp ?? Identity(), inputs: [trunk])
    if clamp == nil, !result.isOutput(node.outputs[0]) {
      result.replaceUses(of: node.outputs[0], with: trunk)
    }
    result.removeUnused()
    return result
  }
}

extension FusedActivation {
  /// The clamp as an operator of its own; nil if there is none.
  fileprivate var standalone: (any Operator)? {
    guard self != .none else { return nil }
    if self == .relu { return Relu() }
    var clip = Clip()
    (clip.minimum, clip.maximum) = (lowerBound, upperBound)
    return clip
  }
}
