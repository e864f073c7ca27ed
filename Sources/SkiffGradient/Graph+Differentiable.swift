import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension Graph {
  /// Replaces each node between some values whose operator has no rule by the expression that it is lowered to.
  ///
  /// - Parameter kept: Values that stay although nothing uses them yet.
  /// - Returns: Where the values are now that were such a node's results.
  /// - Throws: ``ModelError/Code/unsupported`` with each node that is left without a rule, and ``ModelError/Code/invalidArgument``
  ///   for a value whose sizes are not fixed.
  mutating func makeDifferentiable(
    from outputs: [ValueID], to values: [ValueID], keeping kept: [ValueID]
  ) throws(ModelError) -> (outputs: [ValueID], values: [ValueID]) {
    // As outputs of the graph, they follow what takes their place.
    let count = self.outputs.count
    for value in outputs + values + kept { addOutput(value, name: "") }
    func current(_ graph: Graph) -> (outputs: [ValueID], values: [ValueID]) {
      let all = graph.outputs[count...].map(\.value)
      return (
        Array(all.prefix(outputs.count)), Array(all.dropFirst(outputs.count).prefix(values.count))
      )
    }
    // An expression can have operators that are lowered themselves.
    for _ in 0..<4 {
      let now = current(self)
      let path = DependencePath(in: self, from: now.outputs, to: now.values)
      var lowered: Set<ValueID> = []
      for id in path.nodes where self[id].operator.isLoweredForGradients {
        try checkWeightsAreNotDifferentiated(id, path)
        lowered.formUnion(self[id].outputs)
      }
      guard !lowered.isEmpty else { break }
      let onPath = lowered
      let target = LoweringTarget { node, _ in !node.outputs.contains(where: onPath.contains) }
      var report = PassReport()
      let before = revision
      try RewritePass(UnrollRecurrent(for: target), ExpandEinsum(), Lower(for: target)).run(
        on: &self, report: &report)
      guard revision != before, !report.changes.isEmpty else { break }
    }
    let now = current(self)
    removeOutputs(after: count)
    try checkRules(DependencePath(in: self, from: now.outputs, to: now.values))
    return now
  }

  /// The steps of a recurrent operator are said with weights of their own, which are not the values that are asked for any more.
  private func checkWeightsAreNotDifferentiated(
    _ id: NodeID, _ path: DependencePath
  ) throws(ModelError) {
    let node = self[id]
    guard node.operator is any RecurrentOperator else { return }
    for (index, input) in node.inputs.enumerated() {
      guard let input, path.values.contains(input), self[input].constant != nil else { continue }
      throw ModelError(
        .unsupported,
        "there is no derivative with respect to the constant operand \(index) of a recurrent operator",
        at: node.location)
    }
  }

  private func checkRules(_ path: DependencePath) throws(ModelError) {
    var missing: [NodeID] = []
    for id in path.nodes where !(self[id].operator is any GradientRule) { missing.append(id) }
    guard let first = missing.first else {
      for value in path.values.sorted() { _ = try differentiableType(of: value) }
      return
    }
    throw ModelError(
      .unsupported,
      missing.count == 1
        ? "there is no derivative of \(type(of: self[first].operator).name)"
        : "there is no derivative of \(missing.count) operators, of which this is the first",
      at: self[first].location,
      notes: missing.dropFirst().map { "nor of \(type(of: self[$0].operator).name): \(self[$0].location)" })
  }
}

extension Operator {
  /// Whether the derivative is that of the operators it is lowered to.
  ///
  /// Conversions to integers would be lowered to steps, whose derivative of zero is of no use to anyone: they are refused.
  fileprivate var isLoweredForGradients: Bool {
    switch self {
    case is any GradientRule, is QuantizeLinear, is DynamicQuantizeLinear, is RequantizeLinear: false
    default: true
    }
  }
}
