import SkiffIR

extension Graph {
  /// The graph in which constants along one axis, as biases and scales are, belong to one use each: those that only have
  /// equal elements must not tie what they are added to. Identifiers stay the same.
  func untyingVectors() -> Graph {
    var result = self
    for id in nodeIDs {
      var inputs = result[id].inputs
      for (index, input) in inputs.enumerated() {
        guard let input, result[input].users.count > 1, let constant = result[input].constant,
          constant.shape.count(where: { $0 != 1 }) <= 1
        else { continue }
        inputs[index] = result.addConstant(constant, name: result[input].name)
        result.setNode(id, to: result[id].operator, inputs: inputs)
      }
    }
    return result
  }
}
