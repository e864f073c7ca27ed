import SkiffBinary

/// Writes the text form of one graph.
struct TextPrinter {
  private let graph: Graph
  private let options: Graph.TextOptions
  private let names: [ValueID: TextName]
  /// The blanks before each line but the first.
  private let indentation: String

  init(_ graph: Graph, _ options: Graph.TextOptions, indentation: String = "") {
    self.graph = graph
    self.options = options
    self.indentation = indentation
    names = graph.textNames()
  }

  mutating func print() throws(ModelError) -> String {
    let name = graph.name.isEmpty ? "" : " @\(graph.name.asTextName)"
    let inputs = graph.inputs.map { "\(self.name(of: $0)): \(type(of: $0))" }
    let outputs = graph.outputs.map { "\($0.name.asTextName): \(self.name(of: $0.value))" }
    var text = "graph\(name) (\(inputs.joined(separator: ", "))) -> (\(outputs.joined(separator: ", "))) {\n"
    for id in graph.constantIDs {
      guard let constant = graph[id].constant else { continue }
      text += try locating(Location(tensor: graph[id].name)) { () throws(ModelError) in
        try "\(indentation)  \(self.name(of: id)) = constant \(line(of: constant))\n"
      }
    }
    for state in graph.states {
      guard let initial = graph[state.value].initialState else { continue }
      text += try "\(indentation)  \(self.name(of: state.value)) = state \(line(of: initial))\n"
    }
    for id in graph.nodeIDs { text += try "\(indentation)  \(line(of: graph[id]))\n" }
    for state in graph.states where state.next != state.value {
      text += "\(indentation)  next \(self.name(of: state.value)) = \(self.name(of: state.next))\n"
    }
    return text + indentation + "}"
  }

  private func name(of id: ValueID) -> String { names[id]?.description ?? "%?" }

  private func type(of id: ValueID) -> String { graph[id].type?.description ?? "?" }

  private func line(of node: Node) throws(ModelError) -> String {
    var text = ""
    if !node.outputs.isEmpty { text += node.outputs.map(name).joined(separator: ", ") + " = " }
    let operands = node.inputs.map { $0.map(name) ?? "none" }
    text += "\(Swift.type(of: node.operator).name)(\(operands.joined(separator: ", ")))"
    let attributes = node.operator.changedAttributes
    if !attributes.isEmpty { text += try " " + list(of: attributes) }
    if let foreign = node.operator as? ForeignOperator, !foreign.foreignAttributes.isEmpty {
      text += try " with " + list(of: foreign.foreignAttributes.map { ($0.name, $0.value) })
    }
    if !node.outputs.isEmpty { text += " : " + node.outputs.map(type).joined(separator: ", ") }
    if !node.name.isEmpty { text += " @ \(node.name.quoted)" }
    if options.showsOrigins, !node.origins.isEmpty {
      text += " from " + node.origins.map { Self.text(of: $0, node: node.name) }.joined(separator: ", ")
    }
    return text
  }

  private func list(
    of attributes: [(name: String, value: AttributeValue)]
  ) throws(ModelError) -> String {
    var texts: [String] = []
    for (name, value) in attributes {
      var text = value.description
      if case .graph(let subgraph) = value {
        var printer = TextPrinter(subgraph.graph, options, indentation: indentation + "  ")
        text = try printer.print()
      }
      texts.append("\(name.asTextName) = \(text)")
    }
    return "{\(texts.joined(separator: ", "))}"
  }

  /// `Conv "conv_12" #41`; without the name if it is the node's own.
  private static func text(of origin: Origin, node: String) -> String {
    origin.operatorName.asTextName + (origin.name == node ? "" : " \(origin.name.quoted)")
      + (origin.index.map { " #\($0)" } ?? "")
  }

  private func line(of constant: Constant) throws(ModelError) -> String {
    var text = "\(constant.type)"
    if case .packed(let bits) = constant.encoding, constant.transforms.isEmpty { text += " packed(\(bits))" }
    let tensor = try constant.materialize()
    if tensor.count <= options.inlineElements {
      return text + " = " + (tensor.literal ?? tensor.hexadecimal)
    }
    return text + " = " + (options.isComplete ? tensor.hexadecimal : "digest \"\(Digest(of: tensor.bytes))\"")
  }
}

extension Operator {
  /// The attributes whose values are not those of a new operator.
  package var changedAttributes: [(name: String, value: AttributeValue)] {
    let standard = Self()
    return Self.attributes.filter { $0.get(self) != $0.get(standard) }.map { ($0.name, $0.get(self)) }
  }
}
