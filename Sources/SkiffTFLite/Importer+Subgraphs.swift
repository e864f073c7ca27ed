import SkiffBinary
import SkiffIR
import SkiffOperators

/// How many operators may still be imported.
final class OperatorBudget {
  private var left = 1 << 18

  /// Takes one operator.
  func take() throws(ModelError) {
    left -= 1
    guard left >= 0 else { throw ModelError(.limitExceeded, "subgraphs run each other too often") }
  }
}

/// Subgraphs that operators refer to by number.
extension Importer {
  /// The deepest that subgraphs may refer to each other.
  private static let mostDepth = Subgraph.mostDepth

  /// The values of a subgraph's outputs, computed in this graph from values of its inputs.
  func inlined(_ index: Int, _ operands: [ValueID]) throws(ModelError) -> [ValueID] {
    let inner = try importer(of: index)
    try inner.checkOperands(operands.count)
    for (input, operand) in zip(inner.subgraph.inputs, operands) {
      try inner.setValue(of: input, to: operand)
    }
    // The other importer adds to this graph for a while.
    swap(&inner.graph, &graph)
    defer {
      swap(&inner.graph, &graph)
      warnings += inner.warnings
    }
    return try inner.results()
  }

  /// A subgraph as a graph of its own, for inputs of these types.
  func closed(_ index: Int, _ types: [TensorType?]) throws(ModelError) -> Graph {
    let inner = try importer(of: index)
    try inner.checkOperands(types.count)
    for (position, input) in inner.subgraph.inputs.enumerated() {
      let tensor = inner.subgraph.tensors[input]
      let type: TensorType =
        if let known = types[position] { known } else { try inner.resultType(of: tensor) }
      try inner.setValue(of: input, to: inner.graph.addInput(tensor.name, type))
    }
    for (position, value) in try inner.results().enumerated() {
      inner.graph.addOutput(value, name: "output_\(position)")
    }
    warnings += inner.warnings
    inner.graph.removeUnused()
    return inner.graph
  }

  private func importer(of index: Int) throws(ModelError) -> Importer {
    guard index > 0, model.subgraphs.indices.contains(index) else {
      throw ModelError(.malformed, "there is no subgraph \(index) to run")
    }
    guard depth < Self.mostDepth else {
      throw ModelError(.limitExceeded, "subgraphs run each other deeper than \(Self.mostDepth)")
    }
    let inner = Importer(model, model.subgraphs[index], Resources(isInitialization: true))
    inner.depth = depth + 1
    inner.budget = budget
    return inner
  }

  private func checkOperands(_ count: Int) throws(ModelError) {
    guard subgraph.inputs.count == count else {
      throw ModelError(.malformed, "\(count) operands for the \(subgraph.inputs.count) inputs of a subgraph")
    }
  }

  /// Imports all operators; the values of the outputs.
  private func results() throws(ModelError) -> [ValueID] {
    for number in subgraph.operators.indices { try importOperator(number) }
    guard !hasVariables else { throw ModelError(.unsupported, "a subgraph that remembers something") }
    var values: [ValueID] = []
    for output in subgraph.outputs { values.append(try value(of: output)) }
    return values
  }
}

extension OperatorReader {
  /// All operands, of which none is left out.
  private func allInputs() throws(ModelError) -> [ValueID] {
    var values: [ValueID] = []
    for index in item.inputs.indices { values.append(try input(index)) }
    return values
  }

  /// The results of a subgraph in the place of the operator.
  func inlined(_ index: Int) throws(ModelError) -> [ValueID] { try importer.inlined(index, allInputs()) }

  /// One of two subgraphs, which get the same operands.
  func branches() throws(ModelError) -> [ValueID] {
    let operands = try allInputs()
    let captures = Array(operands.dropFirst())
    let types = captures.map { importer.graph[$0].type }
    var node = If()
    node.thenBranch = Subgraph(try importer.closed(options.integer("then_subgraph_index"), types))
    node.elseBranch = Subgraph(try importer.closed(options.integer("else_subgraph_index"), types))
    node.thenCount = captures.count
    return try apply(node, [operands[0]] + captures + captures)
  }

  /// A subgraph that runs while another one says so; the loop's body computes both.
  func loop() throws(ModelError) -> [ValueID] {
    let carried = try allInputs()
    let (condition, body) = (options.integer("cond_subgraph_index"), options.integer("body_subgraph_index"))
    let first = try importer.condition(condition, carried)
    var types = carried.map { importer.graph[$0].type }
    for _ in 0...Limits.standard.rank {
      let graph = try importer.loopBody(condition, body, types)
      let next = try Loop.generalized(
        types, graph.outputs.dropFirst().map { graph[$0.value].type }[...])
      guard next != types else {
        var node = Loop()
        node.body = Subgraph(graph)
        node.carriedCount = carried.count
        return try apply(node, [nil, first] + carried.map(Optional.some))
      }
      types = next
    }
    throw ModelError(.unsupported, "the sizes of what a loop carries do not settle")
  }
}

extension Importer {
  /// Whether a loop goes on, as a subgraph says; one element without axes.
  fileprivate func condition(_ index: Int, _ carried: [ValueID]) throws(ModelError) -> ValueID {
    let results = try inlined(index, carried)
    guard results.count == 1 else { throw ModelError(.malformed, "\(results.count) conditions of a loop") }
    guard let shape = graph[results[0]].type?.shape, shape.rank > 0, shape.elementCount == 1 else {
      return results[0]
    }
    let none = graph.addConstant(try Tensor(integers: [], as: .int64, shape: [0]))
    return try graph.add(Reshape(), results[0], none)
  }

  /// The body of a loop: number of the iteration and condition, what is carried; then the condition and what is carried.
  fileprivate func loopBody(
    _ condition: Int, _ body: Int, _ types: [TensorType?]
  ) throws(ModelError) -> Graph {
    let inner = Importer(model, TFLiteModel.Subgraph(), Resources(isInitialization: true))
    inner.depth = depth
    inner.budget = budget
    _ = inner.graph.addInput("iteration", TensorType(.int64, .scalar))
    _ = inner.graph.addInput("condition", TensorType(.boolean, .scalar))
    var carried: [ValueID] = []
    for (index, type) in types.enumerated() {
      guard let type else { throw ModelError(.unsupported, "a loop carries a tensor of an unknown type") }
      carried.append(inner.graph.addInput("carried_\(index)", type))
    }
    let next = try inner.inlined(body, carried)
    guard next.count == types.count else {
      throw ModelError(.malformed, "\(next.count) results of a loop that carries \(types.count) tensors")
    }
    let again = try inner.condition(condition, next)
    for (index, value) in ([again] + next).enumerated() {
      inner.graph.addOutput(value, name: index == 0 ? "condition" : "next_\(index - 1)")
    }
    warnings += inner.warnings
    inner.graph.removeUnused()
    return inner.graph
  }
}
