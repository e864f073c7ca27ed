import SkiffBinary

extension Graph {
  /// Adds an input after those there are.
  @discardableResult
  public mutating func addInput(_ name: String, _ type: TensorType) -> ValueID {
    let id = addValue(Value(name: name, type: type, definition: .input))
    inputs.append(id)
    return id
  }

  /// Adds a constant; using its value several times keeps it tied.
  @discardableResult
  public mutating func addConstant(_ constant: Constant, name: String = "") -> ValueID {
    addValue(
      Value(
        name: name, type: constant.type, definition: .constant(constant),
        knownElements: constant.smallIntegers()?.map { .fixed($0) }))
  }

  /// Adds a constant that holds `tensor`.
  @discardableResult
  public mutating func addConstant(_ tensor: Tensor, name: String = "") -> ValueID {
    addConstant(Constant(tensor), name: name)
  }

  /// Adds a state after those there are, which runs leave as it is until ``setNext(of:to:)``.
  @discardableResult
  public mutating func addState(_ name: String, initial: Constant) -> ValueID {
    let id = addValue(Value(name: name, type: initial.type, definition: .state(initial: initial)))
    states.append(State(value: id, next: id))
    return id
  }

  /// Makes a run leave `next` of a state for the next run.
  public mutating func setNext(of state: ValueID, to next: ValueID) {
    for index in states.indices where states[index].value == state { states[index].next = next }
    revision += 1
  }

  /// Adds an output after those there are.
  public mutating func addOutput(_ value: ValueID, name: String) {
    revision += 1
    outputs.append(Output(name: name, value: value))
  }

  /// Makes a value the only output; what only the others depended on stays until ``removeUnused()``.
  package mutating func setOnlyOutput(_ value: ValueID, name: String) {
    outputs = [Output(name: name, value: value)]
    revision += 1
  }

  /// Removes the outputs behind the first `count`; what only they depended on stays until ``removeUnused()``.
  package mutating func removeOutputs(after count: Int) {
    outputs.removeLast(max(0, outputs.count - count))
    revision += 1
  }

  /// Adds a node and infers the types of its results.
  ///
  /// - Parameters:
  ///   - anchor: The node before which it is placed; nil places it last.
  ///   - types: The types of the results where the caller knows them better than inference can: their
  ///     quantization, or all of the type behind a foreign operator.
  /// - Returns: The results, as many as the operator has outputs.
  @discardableResult
  public mutating func addNode(
    _ operator: any Operator, _ inputs: [ValueID?], name: String = "", origins: [Origin] = [],
    outputNames: [String] = [], before anchor: NodeID? = nil, types: [TensorType?] = []
  ) throws(ModelError) -> [ValueID] {
    let id = NodeID(index: nodeTable.count)
    var node = Node(name: name, operator: `operator`, inputs: inputs, outputs: [], origins: origins)
    let inferred = try infer(node, known: types)
    nodeTable.append(node)
    for (index, result) in inferred.enumerated() {
      let value = Value(
        name: index < outputNames.count ? outputNames[index] : "", type: result.type,
        definition: .result(of: id, index: index), knownElements: result.elements)
      node.outputs.append(addValue(value))
    }
    nodeTable[id.index] = node
    for case let input? in inputs { valueTable[input.index]?.users.append(id) }
    if let anchor, let position = nodeIDs.firstIndex(of: anchor) {
      nodeIDs.insert(id, at: position)
    } else {
      nodeIDs.append(id)
    }
    revision += 1
    return node.outputs
  }

  /// Adds a node with one result.
  @discardableResult
  public mutating func add(
    _ operator: any Operator, _ inputs: ValueID?..., name: String = "", origins: [Origin] = [],
    outputName: String = "", before anchor: NodeID? = nil, type: TensorType? = nil
  ) throws(ModelError) -> ValueID {
    try addNode(
      `operator`, inputs, name: name, origins: origins, outputNames: [outputName], before: anchor,
      types: [type])[0]
  }

  /// Makes every use of `old`, and every output that returns it, use `new` instead.
  public mutating func replaceUses(of old: ValueID, with new: ValueID) {
    guard old != new else { return }
    for user in self[old].users {
      guard var node = nodeTable[user.index] else { continue }
      for index in node.inputs.indices where node.inputs[index] == old { node.inputs[index] = new }
      nodeTable[user.index] = node
    }
    let users = self[old].users
    valueTable[new.index]?.users += users
    valueTable[old.index]?.users = []
    for index in outputs.indices where outputs[index].value == old { outputs[index].value = new }
    for index in states.indices where states[index].next == old { states[index].next = new }
    revision += 1
  }

  /// Replaces the type of a value.
  public mutating func setType(of id: ValueID, to type: TensorType?) {
    valueTable[id.index]?.type = type
    revision += 1
  }

  /// Replaces the constant that defines a value, and with it the value's type.
  public mutating func setConstant(_ id: ValueID, to constant: Constant) {
    valueTable[id.index]?.definition = .constant(constant)
    valueTable[id.index]?.type = constant.type
    valueTable[id.index]?.knownElements = constant.smallIntegers()?.map { .fixed($0) }
    revision += 1
  }

  /// Replaces what a node applies and what it applies it to; the types of its results stay until they are inferred anew.
  ///
  /// The operator must have as many results as the one before.
  package mutating func setNode(_ id: NodeID, to operator: any Operator, inputs: [ValueID?]) {
    for case let input? in self[id].inputs {
      if let position = self[input].users.firstIndex(of: id) {
        valueTable[input.index]?.users.remove(at: position)
      }
    }
    nodeTable[id.index]?.operator = `operator`
    nodeTable[id.index]?.inputs = inputs
    for case let input? in inputs { valueTable[input.index]?.users.append(id) }
    revision += 1
  }

  /// Makes the only result of a node a constant and removes the node.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if the node has several results.
  public mutating func replaceNode(_ id: NodeID, by constant: Constant) throws(ModelError) {
    let node = self[id]
    guard node.outputs.count == 1 else {
      throw ModelError(.invalidGraph, "a node of several results cannot be one constant", at: node.location)
    }
    for case let input? in node.inputs {
      if let position = self[input].users.firstIndex(of: id) {
        valueTable[input.index]?.users.remove(at: position)
      }
    }
    nodeTable[id.index] = nil
    nodeIDs.removeAll { $0 == id }
    setConstant(node.outputs[0], to: constant)
  }

  /// Renames a value.
  public mutating func setName(of id: ValueID, to name: String) {
    valueTable[id.index]?.name = name
    revision += 1
  }

  /// Renames a node and replaces its origins.
  public mutating func setOrigins(of id: NodeID, to origins: [Origin], name: String? = nil) {
    nodeTable[id.index]?.origins = origins
    if let name { nodeTable[id.index]?.name = name }
    revision += 1
  }

  /// Forgets all names but those of inputs and outputs, and where nodes come from.
  public mutating func stripNames() {
    name = ""
    for id in valueIDs where !inputs.contains(id) { setName(of: id, to: "") }
    for id in nodeIDs { setOrigins(of: id, to: [], name: "") }
  }

  /// Removes a node whose results nobody uses, and its results.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if a result is still in use.
  public mutating func remove(_ id: NodeID) throws(ModelError) {
    let node = self[id]
    for output in node.outputs where !self[output].users.isEmpty || isOutput(output) {
      throw ModelError(
        .invalidGraph, "cannot remove a node whose result '\(self[output].name)' is in use", at: node.location
      )
    }
    for case let input? in node.inputs {
      if let position = self[input].users.firstIndex(of: id) {
        valueTable[input.index]?.users.remove(at: position)
      }
    }
    for output in node.outputs { valueTable[output.index] = nil }
    nodeTable[id.index] = nil
    nodeIDs.removeAll { $0 == id }
    revision += 1
  }

  /// Removes every node and constant that no output and no state depends on; inputs and states stay.
  /// - Returns: The number of nodes removed.
  @discardableResult
  public mutating func removeUnused() -> Int {
    var isNeeded = Set<NodeID>()
    var pending = (outputs.map(\.value) + states.map(\.next)).compactMap { self[$0].producer }
    while let id = pending.popLast() {
      guard isNeeded.insert(id).inserted else { continue }
      pending += self[id].inputs.compactMap { $0.flatMap { self[$0].producer } }
    }
    let unused = nodeIDs.filter { !isNeeded.contains($0) }
    for id in unused {
      for output in self[id].outputs { valueTable[output.index] = nil }
      nodeTable[id.index] = nil
    }
    if !unused.isEmpty {
      let removed = Set(unused)
      nodeIDs.removeAll(where: removed.contains)
      for value in valueIDs { valueTable[value.index]?.users.removeAll(where: removed.contains) }
    }
    let results = Set(outputs.map(\.value) + states.map(\.next))
    for value in constantIDs where self[value].users.isEmpty && !results.contains(value) {
      valueTable[value.index] = nil
    }
    revision += 1
    return unused.count
  }

  /// Puts the nodes into topological order, keeping the present order where it is one.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` naming a node on a cycle.
  public mutating func sort() throws(ModelError) {
    var ordered: [NodeID] = []
    var state: [NodeID: Bool] = [:]  // false: entered, true: done
    for root in nodeIDs where state[root] == nil {
      var stack: [(node: NodeID, next: Int)] = [(root, 0)]
      state[root] = false
      while let top = stack.last {
        let inputs = self[top.node].inputs
        guard top.next < inputs.count else {
          state[top.node] = true
          ordered.append(top.node)
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        guard let input = inputs[top.next], let producer = self[input].producer else { continue }
        switch state[producer] {
        case true?: continue
        case false?:
          throw ModelError(.invalidGraph, "the node depends on itself", at: self[producer].location)
        case nil:
          state[producer] = false
          stack.append((producer, 0))
        }
      }
    }
    nodeIDs = ordered
    revision += 1
  }

  private mutating func addValue(_ value: Value) -> ValueID {
    valueTable.append(value)
    revision += 1
    return ValueID(index: valueTable.count - 1)
  }
}
