import SkiffBinary

/// Builds a graph from its text form.
struct TextParser {
  var scanner: TextScanner
  let limits: Limits
  let elided: (Digest, TensorType) -> Constant?
  private let catalog: OperatorCatalog
  private var graph = Graph()
  private var values: [TextName: ValueID] = [:]
  private var depth = 0

  init(
    _ text: String, catalog: OperatorCatalog, limits: Limits,
    elided: @escaping (Digest, TensorType) -> Constant?
  ) {
    scanner = TextScanner(text)
    self.catalog = catalog
    self.limits = limits
    self.elided = elided
  }

  /// All of the text is one graph.
  mutating func parse() throws(ModelError) -> Graph {
    guard scanner.acceptWord("graph") else { throw scanner.failure("expected 'graph'") }
    let graph = try parseGraph()
    guard scanner.isAtEnd else { throw scanner.failure("expected the end") }
    return graph
  }

  /// A graph inside of an attribute, after its first word.
  mutating func parseSubgraph() throws(ModelError) -> Subgraph {
    guard depth < limits.depth else { throw scanner.failure("graphs nest deeper than \(limits.depth)") }
    var inner = self
    (inner.graph, inner.values, inner.depth) = (Graph(), [:], depth + 1)
    let graph = try inner.parseGraph()
    scanner = inner.scanner
    return Subgraph(graph)
  }

  /// `graph @name (%input: type, …) -> (output: %value, …) { statements }`, after the first word.
  private mutating func parseGraph() throws(ModelError) -> Graph {
    if scanner.accept("@") { graph.name = try scanner.name() }
    try parseInputs()
    try scanner.expect("->")
    let outputs = try parseOutputs()
    try scanner.expect("{")
    while !scanner.accept("}") { try parseStatement() }
    for output in outputs {
      graph.addOutput(try value(output.name, at: output.position), name: output.output)
    }
    try graph.verify()
    return graph
  }

  private mutating func parseInputs() throws(ModelError) {
    try scanner.expect("(")
    guard !scanner.accept(")") else { return }
    repeat {
      let position = scanner.start
      let name = try parseName()
      try scanner.expect(":")
      try define(name, as: graph.addInput(name.name, TensorType(.float32, [])), at: position)
      let type = try parseOptionalType()
      if let id = values[name] { graph.setType(of: id, to: type) }
    } while scanner.accept(",")
    try scanner.expect(")")
  }

  private mutating func parseOutputs() throws(ModelError) -> [(output: String, name: TextName, position: Int)]
  {
    var outputs: [(String, TextName, Int)] = []
    try scanner.expect("(")
    guard !scanner.accept(")") else { return [] }
    repeat {
      let output = try scanner.name()
      try scanner.expect(":")
      let position = scanner.start
      outputs.append((output, try parseName(), position))
    } while scanner.accept(",")
    try scanner.expect(")")
    return outputs
  }

  /// `next %state = %value`, after the first word.
  private mutating func parseNext(at start: Int) throws(ModelError) {
    let state = try value(parseName(), at: start)
    guard graph[state].initialState != nil else { throw scanner.failure("expected a state", at: start) }
    try scanner.expect("=")
    graph.setNext(of: state, to: try value(parseName(), at: start))
  }

  /// `%result = constant …`, `%result = state …`, `next %state = %value` or `%results = Operator(…) …`
  private mutating func parseStatement() throws(ModelError) {
    let start = scanner.start
    if scanner.acceptWord("next") { return try parseNext(at: start) }
    var results: [TextName] = []
    if scanner.accept("%") {
      results = [try parseNameAfterSign()]
      while scanner.accept(",") { results.append(try parseName()) }
      try scanner.expect("=")
    }
    let position = scanner.start
    if results.count == 1, scanner.acceptWord("constant") {
      let constant = try parseConstant()
      try define(results[0], as: graph.addConstant(constant, name: results[0].name), at: start)
    } else if results.count == 1, scanner.acceptWord("state") {
      let constant = try parseConstant()
      try define(results[0], as: graph.addState(results[0].name, initial: constant), at: start)
    } else {
      try parseNode(results, start: start, position: position)
    }
  }

  /// `Operator(%operand, none) {attribute = value} with {…} : types @ "name" from origins`
  private mutating func parseNode(
    _ results: [TextName], start: Int, position: Int
  ) throws(ModelError) {
    guard let operatorName = scanner.identifier() else { throw scanner.failure("expected a node") }
    guard let kind = catalog[operatorName] else {
      throw scanner.failure("there is no operator '\(operatorName)'", at: position)
    }
    let operands = try parseOperands()
    var `operator` = kind.init()
    for attribute in try parseAttributes() {
      try locating(scanner.location(of: attribute.position)) { () throws(ModelError) in
        try `operator`.setAttribute(attribute.name, to: attribute.value)
      }
    }
    if scanner.acceptWord("with") {
      let attributes = try parseAttributes()
      guard var foreign = `operator` as? ForeignOperator else {
        throw scanner.failure("only a foreign operator has attributes of its own", at: position)
      }
      foreign.foreignAttributes = attributes.map { .init($0.name, $0.value) }
      `operator` = foreign
    }
    let types = scanner.accept(":") ? try parseTypes() : nil
    let name = scanner.accept("@") ? try scanner.name() : ""
    let origins = scanner.acceptWord("from") ? try parseOrigins(node: name) : []
    // Compared before anything is made for each result: an attribute can claim any number of them.
    guard `operator`.outputCount == results.count, types.map({ $0.count == results.count }) ?? true else {
      throw scanner.failure(
        "\(results.count) names and \(types?.count ?? results.count) types for the \(`operator`.outputCount) "
          + "results of \(operatorName)", at: start)
    }
    let outputs = try locating(scanner.location(of: position)) { () throws(ModelError) in
      try graph.addNode(
        `operator`, operands, name: name, origins: origins, outputNames: results.map(\.name),
        types: types ?? [])
    }
    for (index, output) in outputs.enumerated() {
      try define(results[index], as: output, at: start)
      if let types { graph.setType(of: output, to: types[index]) }
    }
  }

  private mutating func parseOperands() throws(ModelError) -> [ValueID?] {
    var operands: [ValueID?] = []
    try scanner.expect("(")
    guard !scanner.accept(")") else { return [] }
    repeat {
      let position = scanner.start
      operands.append(scanner.acceptWord("none") ? nil : try value(try parseName(), at: position))
    } while scanner.accept(",")
    try scanner.expect(")")
    return operands
  }

  private mutating func parseAttributes() throws(ModelError) -> [(
    name: String, value: AttributeValue, position: Int
  )] {
    var attributes: [(name: String, value: AttributeValue, position: Int)] = []
    guard scanner.accept("{"), !scanner.accept("}") else { return [] }
    repeat {
      let position = scanner.start
      let name = try scanner.name()
      guard !attributes.contains(where: { $0.name == name }) else {
        throw scanner.failure("the attribute '\(name)' is given twice", at: position)
      }
      try scanner.expect("=")
      attributes.append((name, try parseAttributeValue(), position))
    } while scanner.accept(",")
    try scanner.expect("}")
    return attributes
  }

  /// `Conv "conv_12" #41, …`; a name left out is the node's.
  private mutating func parseOrigins(node: String) throws(ModelError) -> [Origin] {
    var origins: [Origin] = []
    repeat {
      let operatorName = try scanner.name()
      let name = scanner.nextIsQuote ? try scanner.quoted() : node
      let index = scanner.accept("#") ? try scanner.integer() : nil
      origins.append(Origin(name: name, operatorName: operatorName, index: index))
    } while scanner.accept(",")
    return origins
  }

  // MARK: Names

  private mutating func parseName() throws(ModelError) -> TextName {
    try scanner.expect("%")
    return try parseNameAfterSign()
  }

  private mutating func parseNameAfterSign() throws(ModelError) -> TextName {
    if scanner.nextIsDigit {
      return TextName(name: "", number: try scanner.integer())
    }
    let name = try scanner.name()
    return TextName(name: name, number: scanner.accept("#") ? try scanner.integer() : 0)
  }

  private mutating func define(_ name: TextName, as id: ValueID, at position: Int) throws(ModelError) {
    guard values.updateValue(id, forKey: name) == nil else {
      throw scanner.failure("\(name) is defined twice", at: position)
    }
  }

  private func value(_ name: TextName, at position: Int) throws(ModelError) -> ValueID {
    guard let id = values[name] else { throw scanner.failure("\(name) is not defined", at: position) }
    return id
  }
}
