import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Operators that run subgraphs.
  static let control: [Mapping] = [
    Mapping(
      "IF", If.self, read: { (reader) throws(ModelError) in try reader.branches() },
      write: { (node, writer) throws(ModelError) in
        try writer.writeBranches(node)
        return true
      }),
    Mapping(
      "WHILE", Loop.self, read: { (reader) throws(ModelError) in try reader.loop() },
      write: { (node, writer) throws(ModelError) in
        try writer.writeLoop(node)
        return true
      }),
    Mapping(
      "CALL", Identity.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in try reader.inlined(reader.options.integer("subgraph")) },
      write: { _, _ in false }),
    // What it stands for is the subgraph, which every runtime can run.
    Mapping(
      "STABLEHLO_COMPOSITE", Identity.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        try reader.inlined(reader.options.integer("decomposition_subgraph_index"))
      },
      write: { _, _ in false }),
  ]
}

extension NodeWriter {
  /// Both branches get all captures, of which each uses its own.
  fileprivate func writeBranches(_ node: If) throws(ModelError) {
    let captures = try operands().dropFirst()
    let types = captures.map { exporter.types[$0] }
    var indices: [Int] = []
    for (branch, range) in [
      (node.thenBranch, 0..<node.thenCount), (node.elseBranch, node.thenCount..<captures.count),
    ] {
      indices.append(
        try exporter.addBody { (body) throws(ModelError) in
          let inputs = try types.enumerated().map { (index, type) throws(ModelError) in
            try body.addTensor(type, name: "capture_\(index)")
          }
          body.subgraph.inputs = inputs
          body.subgraph.outputs = try body.emitGraph(branch.graph, Array(inputs[range]))
        })
    }
    try emit(
      "IF", operands(), results(),
      FlatObject(
        "IfOptions",
        ["then_subgraph_index": .integer(indices[0]), "else_subgraph_index": .integer(indices[1])]))
  }

  /// The condition is carried along, so that one subgraph returns it and the other computes it anew; so are the number of the
  /// iteration, captures, and behind them the number of iterations where that is computed.
  fileprivate func writeLoop(_ node: Loop) throws(ModelError) {
    let graph = node.body.graph
    guard graph.outputs.count == 1 + node.carriedCount else {
      throw ModelError(.unsupported, "a loop that stacks tensors")
    }
    let captures = try (2..<max(2, self.node.inputs.count)).map { (index) throws(ModelError) in
      try required(index)
    }
    let count = try iterationCount()
    let start =
      if let condition = try optional(1) { condition } else { try exporter.addUnnamed(Tensor(scalar: true)) }
    var carried = [try scalar64(0), start] + captures
    if case .computed(let tensor)? = count { carried.append(tensor) }
    let types = carried.map { exporter.types[$0] }
    guard let again = graph.outputs.first.flatMap({ graph[$0.value].type }), again == types[1] else {
      throw ModelError(.unsupported, "a condition that starts as \(types[1]) and is another type later")
    }
    func inputs(_ body: Exporter) throws(ModelError) -> [Int] {
      try types.enumerated().map { (index, type) throws(ModelError) in
        try body.addTensor(type, name: "carried_\(index)")
      }
    }
    let condition = try exporter.addBody { (body) throws(ModelError) in
      body.subgraph.inputs = try inputs(body)
      body.subgraph.outputs = [try continuing(in: body, count)]
    }
    let body = try exporter.addBody { (body) throws(ModelError) in
      let tensors = try inputs(body)
      body.subgraph.inputs = tensors
      let next = try body.addTensor(types[0], name: "next_iteration")
      try body.emit(
        "ADD", [tensors[0], body.addUnnamed(Tensor(scalar: Int64(1)))], [next], FlatObject("AddOptions"))
      let results = try body.emitGraph(graph, Array(tensors.prefix(2 + captures.count)))
      body.subgraph.outputs = [next] + results + tensors[(2 + node.carriedCount)...]
    }
    var outputs: [Int] = []
    for (index, type) in types.enumerated() {
      let place = index - 2
      let isCarried = (0..<node.carriedCount).contains(place)
      outputs.append(try isCarried ? result(place) : temporary(type))
    }
    try emit(
      "WHILE", carried, outputs,
      FlatObject(
        "WhileOptions",
        ["cond_subgraph_index": .integer(condition), "body_subgraph_index": .integer(body)]))
  }

  /// How often a loop runs at most.
  private enum IterationCount {
    case known(Int64)
    /// The tensor that has it.
    case computed(Int)
  }

  /// Whether a loop goes on: its carried condition, and that the number of the iteration is below their count.
  private func continuing(in body: Exporter, _ count: IterationCount?) throws(ModelError) -> Int {
    let tensors = body.subgraph.inputs
    guard let count else { return tensors[1] }
    let limit =
      switch count {
      case .known(let number): try body.addUnnamed(Tensor(scalar: number))
      case .computed: tensors[tensors.count - 1]
      }
    let isInside = try body.addTensor(TensorType(.boolean, []), name: "is_inside")
    try body.emit("LESS", [tensors[0], limit], [isInside], FlatObject("LessOptions"))
    let continues = try body.addTensor(body.types[tensors[1]], name: "continues")
    try body.emit("LOGICAL_AND", [isInside, tensors[1]], [continues], FlatObject("LogicalAndOptions"))
    return continues
  }

  /// How often the loop runs at most; nil if only the condition ends it.
  private func iterationCount() throws(ModelError) -> IterationCount? {
    guard let tensor = try optional(0) else { return nil }
    let type = exporter.types[tensor]
    if exporter.constants[tensor] != nil, let known = try known(0, "iterations").first {
      return known == .max ? nil : .known(Int64(known))
    }
    guard type.dataType == .int64, type.rank == 0 else {
      throw ModelError(.unsupported, "a number of iterations as \(type), not as one int64")
    }
    return .computed(tensor)
  }

  private func scalar64(_ integer: Int) throws(ModelError) -> Int {
    try exporter.addUnnamed(Tensor(scalar: Int64(integer)))
  }
}
