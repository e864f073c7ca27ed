import SkiffBinary

extension Graph {
  /// Checks every rule of a graph: order, identifiers, uses, types, names, quantization.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` at the first rule that is broken.
  public func verify() throws(ModelError) {
    try verifyInterface()
    var defined = Set(inputs)
    defined.formUnion(constantIDs)
    defined.formUnion(states.map(\.value))
    var useCounts: [ValueID: Int] = [:]
    for id in nodeIDs {
      guard contains(id) else { throw ModelError(.invalidGraph, "a removed node is still listed") }
      let node = self[id]
      try locating(node.location) { () throws(ModelError) in
        for case let input? in node.inputs {
          guard contains(input) else { throw ModelError(.invalidGraph, "an input was removed") }
          guard defined.contains(input) else {
            throw ModelError(.invalidGraph, "uses '\(self[input].name)' before it is computed")
          }
          useCounts[input, default: 0] += 1
        }
        guard node.outputs.count == node.operator.outputCount else {
          throw ModelError(
            .invalidGraph, "has \(node.outputs.count) results, its operator \(node.operator.outputCount)")
        }
        for (index, output) in node.outputs.enumerated() {
          guard contains(output), case .result(of: id, index: index) = self[output].definition,
            defined.insert(output).inserted
          else { throw ModelError(.invalidGraph, "result \(index) is not its own") }
        }
        try verifyTypes(of: node)
      }
    }
    guard nodeIDs.count == nodeTable.count(where: { $0 != nil }) else {
      throw ModelError(.invalidGraph, "a node is missing from the order")
    }
    for value in valueIDs where self[value].users.count != useCounts[value, default: 0] {
      throw ModelError(.invalidGraph, "its uses are miscounted", at: Location(tensor: self[value].name))
    }
    for output in outputs where !defined.contains(output.value) {
      throw ModelError(.invalidGraph, "output '\(output.name)' is never computed")
    }
    try verifyStates(defined)
    try verifyQuantization()
  }

  private func verifyStates(_ defined: Set<ValueID>) throws(ModelError) {
    guard states.count == valueTable.count(where: { $0?.initialState != nil }),
      Set(states.map(\.value)).count == states.count
    else { throw ModelError(.invalidGraph, "a state is missing from the list") }
    for state in states {
      guard contains(state.value), self[state.value].initialState != nil, defined.contains(state.next) else {
        throw ModelError(.invalidGraph, "a state or what a run leaves of it was removed")
      }
      try locating(Location(tensor: self[state.value].name)) { () throws(ModelError) in
        guard let type = self[state.value].type, type.shape.isFixed else {
          throw ModelError(.invalidGraph, "a state whose sizes are not fixed")
        }
        guard let next = self[state.next].type else { return }
        guard next.dataType == type.dataType, next.quantization == type.quantization,
          next.shape.isCompatible(with: type.shape)
        else { throw ModelError(.invalidGraph, "a state \(type) of which a run leaves \(next)") }
      }
    }
  }

  private func verifyInterface() throws(ModelError) {
    var names: Set<String> = []
    for input in inputs {
      guard contains(input), self[input].isInput else {
        throw ModelError(.invalidGraph, "an input was removed")
      }
      guard names.insert(self[input].name).inserted else {
        throw ModelError(.invalidGraph, "two inputs are named '\(self[input].name)'")
      }
    }
    names = []
    for output in outputs {
      guard contains(output.value) else {
        throw ModelError(.invalidGraph, "output '\(output.name)' returns a removed value")
      }
      guard names.insert(output.name).inserted else {
        throw ModelError(.invalidGraph, "two outputs are named '\(output.name)'")
      }
    }
  }

  private func verifyTypes(of node: Node) throws(ModelError) {
    let recorded = node.outputs.map { self[$0].type }
    let inferred = try infer(node, known: recorded)
    for (index, (recorded, result)) in zip(recorded, inferred).enumerated() {
      guard let recorded, let type = result.type else { continue }
      guard recorded.dataType == type.dataType, recorded.shape.isCompatible(with: type.shape) else {
        throw ModelError(
          .invalidGraph, "result \(index) is recorded as \(recorded), but inference says \(type)")
      }
    }
  }

  /// Checks that the quantization parameters of every value fit its type.
  package func verifyQuantization() throws(ModelError) {
    for value in valueIDs {
      guard let type = self[value].type, let parameters = type.quantization else { continue }
      try locating(Location(tensor: self[value].name)) { () throws(ModelError) in
        try parameters.verify(dataType: type.dataType, shape: type.shape)
      }
    }
  }
}

extension Shape {
  /// Whether one tensor could have both shapes: equal ranks, and no two different fixed sizes on an axis.
  package func isCompatible(with other: Shape) -> Bool {
    rank == other.rank
      && zip(dimensions, other.dimensions).allSatisfy { a, b in
        guard let a = a.fixed, let b = b.fixed else { return true }
        return a == b
      }
  }
}
