import SkiffBinary
import SkiffIR

/// A graph that waits until the import of a body inside of it is done.
struct BodyFrame {
  /// What was built of it so far.
  var graph: Graph
  /// The values of it that the body uses, and the body's inputs that stand for them.
  var captures: [(outer: ValueID, inner: ValueID)] = []
}

extension NodeImport {
  /// A graph among the attributes.
  mutating func bodySource(_ name: String) throws(ModelError) -> ONNXGraph {
    guard case .graph(let source)? = try anyValue(name) else {
      throw ModelError(.malformed, "expected a graph", at: Location(attribute: name))
    }
    return source
  }

  /// Imports a graph inside of the node as a graph of its own.
  ///
  /// - Parameter types: The types of its inputs, nil where they are not known.
  /// - Returns: The graph, with inputs for what it captures behind its own, and the values that it captures.
  mutating func body(
    _ source: ONNXGraph, _ types: [TensorType?]
  ) throws(ModelError) -> (graph: Graph, captures: [ValueID]) {
    // A body whose values change their sizes is imported several times, and all inside of it with it.
    guard scopes.depth < limits.depth, frames.count < Subgraph.mostDepth else {
      throw ModelError(.limitExceeded, "graphs nest deeper than \(min(limits.depth, Subgraph.mostDepth))")
    }
    guard source.inputs.count == types.count else {
      throw ModelError(.malformed, "\(types.count) values for the \(source.inputs.count) inputs of a body")
    }
    frames.append(BodyFrame(graph: graph))
    graph = Graph(name: source.name)
    scopes.open(.body)
    for (input, type) in zip(source.inputs, types) {
      let value = graph.addInput(input.name, type ?? TensorType(.float32, []))
      graph.setType(of: value, to: type)
      guard scopes.define(input.name, value) else {
        throw ModelError(.malformed, "two inputs have this name", at: Location(tensor: input.name))
      }
    }
    for (index, value) in try results(of: source).enumerated() {
      // Outputs may repeat a name; those of a body are told apart by their order.
      graph.addOutput(value, name: "\(index)")
    }
    scopes.close()
    let frame = frames.removeLast()
    let body = graph
    graph = frame.graph
    try body.verify()
    return (body, frame.captures.map(\.outer))
  }

  /// Imports a graph inside of the node into the graph that the node is in.
  mutating func branch(_ source: ONNXGraph) throws(ModelError) -> [ValueID] {
    guard scopes.depth < limits.depth else {
      throw ModelError(.limitExceeded, "graphs nest deeper than \(limits.depth)")
    }
    scopes.open(.branch)
    let results = try results(of: source)
    scopes.close()
    return results
  }

  /// Imports the nodes of a graph inside of the node; gives the values of its outputs.
  private mutating func results(of source: ONNXGraph) throws(ModelError) -> [ValueID] {
    let outer = (node, index, version, inputs, usedAttributes)
    try importInitializers(of: source)
    try importNodes(source.nodes)
    var results: [ValueID] = []
    for output in source.outputs {
      guard let value = try value(named: output.name) else {
        throw ModelError(.malformed, "the output is never computed", at: Location(tensor: output.name))
      }
      results.append(value)
    }
    (node, index, version, inputs, usedAttributes) = outer
    return results
  }

  /// A value of a graph some bodies further out, as the present body sees it: as an input, or as a constant of its own.
  mutating func captured(
    _ value: ValueID, named name: String, from bodies: Int
  ) throws(ModelError) -> ValueID {
    var value = value
    for level in frames.count - bodies..<frames.count {
      let outer = frames[level].graph[value]
      if let known = frames[level].captures.first(where: { $0.outer == value }) {
        value = known.inner
        continue
      }
      let inner = modifyBody(at: level + 1) { graph in
        if let constant = outer.constant { return graph.addConstant(constant, name: name) }
        let input = graph.addInput(graph.unusedInputName(name), outer.type ?? TensorType(.float32, []))
        graph.setType(of: input, to: outer.type)
        return input
      }
      if outer.constant == nil { frames[level].captures.append((value, inner)) }
      value = inner
    }
    return value
  }

  /// Changes the graph at a level: the first is the model's, the last the one that is built now.
  private mutating func modifyBody(at level: Int, _ change: (inout Graph) -> ValueID) -> ValueID {
    level == frames.count ? change(&graph) : change(&frames[level].graph)
  }
}

extension Graph {
  /// The name, or one made of it that no input has.
  fileprivate func unusedInputName(_ name: String) -> String {
    let taken = Set(inputs.map { self[$0].name })
    var (candidate, number) = (name, 1)
    while taken.contains(candidate) {
      candidate = "\(name)#\(number)"
      number += 1
    }
    return candidate
  }
}
