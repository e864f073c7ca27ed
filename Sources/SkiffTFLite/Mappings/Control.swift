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
  /// iteration where the body uses it, and captures.
  fileprivate func writeLoop(_ node: Loop) throws(ModelError) {
    let graph = node.body.graph
    guard graph.outputs.count == 1 + node.carriedCount else {
      throw ModelError(.unsupported, "a loop that stacks tensors")
    }
    guard try optional(0) == nil else { throw ModelError(.unsupported, "a loop of a number of iterations") }
    let captures = try (2..<self.node.inputs.count).map { (index) throws(ModelError) in try required(index) }
    let start =
      if let condition = try optional(1) { condition } else { try exporter.addUnnamed(Tensor(scalar: true)) }
    let carried = [try scalar64(0), start] + captures
    let types = carried.map { exporter.types[$0] }
    func inputs(_ body: Exporter) throws(ModelError) -> [Int] {
      try types.enumerated().map { (index, type) throws(ModelError) in
        try body.addTensor(type, name: "carried_\(index)")
      }
    }
    let condition = try exporter.addBody { (body) throws(ModelError) in
      body.subgraph.inputs = try inputs(body)
      body.subgraph.outputs = [body.subgraph.inputs[1]]
    }
    let body = try exporter.addBody { (body) throws(ModelError) in
      let tensors = try inputs(body)
      body.subgraph.inputs = tensors
      let next = try body.addTensor(types[0], name: "next_iteration")
      try body.emit(
        "ADD", [tensors[0], body.addUnnamed(Tensor(scalar: Int64(1)))], [next], FlatObject("AddOptions"))
      let results = try body.emitGraph(graph, tensors)
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

  private func scalar64(_ integer: Int) throws(ModelError) -> Int {
    try exporter.addUnnamed(Tensor(scalar: Int64(integer)))
  }
}
