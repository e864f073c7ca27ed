extension Model {
  /// Keeps the first samples with the outputs that the model gives for them; a `.skiff` file carries them, and
  /// ``verifyContents()`` runs them.
  public mutating func keepExamples(_ count: Int, of samples: Samples) throws(ModelError) {
    var copy = self
    try copy.prepare()
    var session = SessionCache(PlanCache(copy.graph))
    var examples: [EdgeExample] = []
    for run in try copy.reordered(Array(separateRuns(of: samples).prefix(count))) {
      let inputs = try copy.graph.accepting(run)
      let outputs = try session.run(inputs)
      examples.append(
        EdgeExample(
          inputs: copy.graph.inputs.compactMap { inputs[copy.graph[$0].name] },
          outputs: copy.graph.outputs.compactMap { outputs[$0.name] }))
    }
    copy.examples = examples
    self = copy
  }

  /// Runs the examples: integers must come out as they are, real numbers within 1e-5 of their range, since another
  /// processor can add them up in another order.
  ///
  /// - Throws: ``ModelError/Code/checkFailed`` naming the example and the output.
  func verifyExamples() throws(ModelError) {
    var session = SessionCache(PlanCache(graph))
    for (number, example) in examples.enumerated() {
      try locating(Location(attribute: "example \(number)")) { () throws(ModelError) in
        var inputs: [String: Tensor] = [:]
        for (id, tensor) in zip(graph.inputs, example.inputs) { inputs[graph[id].name] = tensor }
        let outputs = try session.run(inputs)
        for (output, expected) in zip(graph.outputs, example.outputs) {
          guard let found = outputs[output.name] else { continue }
          var metrics = OutputMetrics(name: output.name)
          try metrics.add(reference: expected, candidate: found)
          let isExact = !expected.dataType.isFloatingPoint
          guard metrics.relativeError <= (isExact ? 0 : 1e-5) else {
            throw ModelError(
              .checkFailed, "differs from what the file says it gives: \(metrics.summary)",
              at: Location(tensor: output.name))
          }
        }
      }
    }
  }
}
