import SkiffBinary
import SkiffIR

/// Builds the graph of a file, value by value.
struct EdgeGraphBuilder {
  private let reader: EdgeReader
  private var graph = Graph()
  /// The values by number.
  private var values: [ValueID] = []

  init(_ reader: EdgeReader) { self.reader = reader }

  /// Builds a `Graph` and notes which segments its constants use.
  mutating func graph(_ table: FlatTable, usage: inout EdgeSegmentUsage) throws(ModelError) -> Graph {
    graph.name = try table.string("name") ?? ""
    for input in try table.tables("inputs") ?? [] {
      let id = graph.addInput(try input.string("name") ?? "", TensorType(.float32, []))
      graph.setType(of: id, to: try reader.type(input.integer("type")))
      values.append(id)
    }
    for constant in try table.tables("constants") ?? [] {
      let name = try constant.string("name") ?? ""
      try locating(Location(tensor: name)) { () throws(ModelError) in
        values.append(graph.addConstant(try reader.constant(constant, usage: &usage), name: name))
      }
    }
    let states = try table.tables("states") ?? []
    for state in states {
      let name = try state.string("name") ?? ""
      try locating(Location(tensor: name)) { () throws(ModelError) in
        values.append(graph.addState(name, initial: try reader.constant(state, usage: &usage)))
      }
    }
    let first = values.count - states.count
    for (index, node) in (try table.tables("nodes") ?? []).enumerated() {
      let name = Location.Node(
        name: try node.string("name") ?? "", operatorName: try node.string("operator") ?? "", index: index)
      try locating(Location(node: name)) { () throws(ModelError) in
        try addNode(node, name, usage: &usage)
      }
    }
    for output in try table.tables("outputs") ?? [] {
      graph.addOutput(try value(output.integer("value")), name: try output.string("name") ?? "")
    }
    for (index, state) in states.enumerated() {
      graph.setNext(of: values[first + index], to: try value(state.integer("next")))
    }
    try graph.verify()
    return graph
  }

  private mutating func addNode(
    _ table: FlatTable, _ name: Location.Node, usage: inout EdgeSegmentUsage
  ) throws(ModelError) {
    guard let kind = reader.catalog[name.operatorName] else {
      throw ModelError(.unsupported, "the operator is not known")
    }
    var `operator` = kind.init()
    func subgraph(_ table: FlatTable) throws(ModelError) -> Subgraph {
      var builder = EdgeGraphBuilder(reader)
      return Subgraph(try builder.graph(table, usage: &usage))
    }
    for attribute in try table.attributes("attributes", subgraph: subgraph) {
      try `operator`.setAttribute(attribute.name, to: attribute.value)
    }
    let foreignAttributes = try table.attributes("foreign", subgraph: subgraph)
    if !foreignAttributes.isEmpty {
      guard var foreign = `operator` as? ForeignOperator else {
        throw ModelError(.malformed, "only a foreign operator has attributes of its own")
      }
      foreign.foreignAttributes = foreignAttributes.map { .init($0.name, $0.value) }
      `operator` = foreign
    }
    var operands: [ValueID?] = []
    for number in try table.integers("operands") ?? [] {
      operands.append(number == -1 ? nil : try value(number))
    }
    let results = try table.tables("results") ?? []
    // Compared before anything is made for each result: an attribute can claim any number of them.
    guard results.count == `operator`.outputCount else {
      throw ModelError(.malformed, "\(results.count) results, the operator has \(`operator`.outputCount)")
    }
    var names: [String] = []
    var types: [TensorType?] = []
    for result in results {
      names.append(try result.string("name") ?? "")
      types.append(try reader.type(result.integer("type")))
    }
    var origins: [Origin] = []
    for origin in try table.tables("origins") ?? [] { origins.append(try Origin(edge: origin)) }
    let outputs = try graph.addNode(
      `operator`, operands, name: name.name, origins: origins, outputNames: names, types: types)
    for (output, type) in zip(outputs, types) { graph.setType(of: output, to: type) }
    values += outputs
  }

  private func value(_ number: Int) throws(ModelError) -> ValueID {
    guard values.indices.contains(number) else {
      throw ModelError(.malformed, "uses the value \(number), but only \(values.count) are defined before it")
    }
    return values[number]
  }
}
