import SkiffBinary
import SkiffIR

/// Lays out a graph as the tables of the schema, and writes its constants on the way.
enum EdgeGraphWriter {
  /// The graph as a `Graph`.
  static func object(
    of graph: Graph, _ segments: inout EdgeSegmentWriter, _ pool: inout EdgeTypePool,
    _ file: inout OutputFile
  ) throws(ModelError) -> FlatObject {
    var numbers: [ValueID: Int] = [:]
    func value(_ id: ValueID) -> FlatObject {
      numbers[id] = numbers.count
      var object = FlatObject("Value", ["type": .integer(pool.number(of: graph[id].type))])
      object["name"] = .nonEmpty(graph[id].name)
      return object
    }
    var object = FlatObject("Graph")
    object["name"] = .nonEmpty(graph.name)
    object["inputs"] = .nonEmpty(graph.inputs.map(value))
    var constants: [FlatObject] = []
    for id in graph.constantIDs {
      guard let constant = graph[id].constant else { continue }
      numbers[id] = numbers.count
      constants.append(
        try locating(Location(tensor: graph[id].name)) { () throws(ModelError) in
          try self.constant(constant, as: "Constant", name: graph[id].name, &segments, &pool, &file)
        })
    }
    object["constants"] = .nonEmpty(constants)
    var states: [FlatObject] = []
    for state in graph.states {
      guard let initial = graph[state.value].initialState else { continue }
      numbers[state.value] = numbers.count
      states.append(
        try constant(initial, as: "State", name: graph[state.value].name, &segments, &pool, &file))
    }
    var nodes: [FlatObject] = []
    for id in graph.nodeIDs {
      let node = graph[id]
      var object = try self.node(node, &segments, &pool, &file)
      object["operands"] = .nonEmpty(node.inputs.map { $0.flatMap { numbers[$0] } ?? -1 })
      object["results"] = .nonEmpty(node.outputs.map(value))
      nodes.append(object)
    }
    object["nodes"] = .nonEmpty(nodes)
    for (index, state) in graph.states.enumerated() {
      states[index]["next"] = .integer(numbers[state.next] ?? 0)
    }
    object["states"] = .nonEmpty(states)
    object["outputs"] = .nonEmpty(
      graph.outputs.map { output in
        var object = FlatObject("Output", ["value": .integer(numbers[output.value] ?? 0)])
        object["name"] = .nonEmpty(output.name)
        return object
      })
    return object
  }

  private static func constant(
    _ constant: Constant, as table: String, name: String, _ segments: inout EdgeSegmentWriter,
    _ pool: inout EdgeTypePool,
    _ file: inout OutputFile
  ) throws(ModelError) -> FlatObject {
    var object = try segments.object(writing: constant, as: table, &pool, &file)
    object["name"] = .nonEmpty(name)
    return object
  }

  /// A `Node` without operands and results.
  private static func node(
    _ node: Node, _ segments: inout EdgeSegmentWriter, _ pool: inout EdgeTypePool, _ file: inout OutputFile
  ) throws(ModelError) -> FlatObject {
    func objects(_ attributes: [(name: String, value: AttributeValue)]) throws(ModelError) -> [FlatObject] {
      var objects: [FlatObject] = []
      for (name, value) in attributes {
        objects.append(
          try value.edgeAttribute(name) { subgraph throws(ModelError) in
            try self.object(of: subgraph.graph, &segments, &pool, &file)
          })
      }
      return objects
    }
    var object = FlatObject("Node", ["operator": .string(type(of: node.operator).name)])
    object["name"] = .nonEmpty(node.name)
    object["attributes"] = .nonEmpty(try objects(node.operator.changedAttributes))
    let foreign = (node.operator as? ForeignOperator)?.foreignAttributes ?? []
    object["foreign"] = .nonEmpty(try objects(foreign.map { ($0.name, $0.value) }))
    object["origins"] = .nonEmpty(node.origins.map(\.edgeObject))
    return object
  }
}
