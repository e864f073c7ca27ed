import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators with graphs inside.
enum ControlMappings {
  static let rows: [Mapping] = [
    Mapping("If") { (node) throws(ModelError) in
      let (ours, other) = (try node.bodySource("then_branch"), try node.bodySource("else_branch"))
      let condition = try node.input(0)
      if let known = try? node.integers(0), known.count == 1 {
        return try node.branch(known[0] != 0 ? ours : other)
      }
      if ours.squeezes, other.changesNothing {
        node.reports.warn(
          "an axis is taken to have size 1, as the branch that squeezes it wants", at: node.location)
        return try node.branch(ours)
      }
      let (then, thenCaptures) = try node.body(ours, [])
      let (otherwise, elseCaptures) = try node.body(other, [])
      var branches = If()
      (branches.thenBranch, branches.elseBranch) = (Subgraph(then), Subgraph(otherwise))
      branches.thenCount = thenCaptures.count
      return try node.add(branches, [condition] + thenCaptures + elseCaptures)
    }.writing(If.self) { (branches, node) throws(ModelError) in
      let end = node.node.inputs.count
      guard branches.thenCount >= 0, branches.thenCount < end else {
        throw ModelError(.invalidGraph, "\(branches.thenCount) captures of a node of \(end) operands")
      }
      let condition = try node.reshaped(0, to: [])
      return try node.add(
        "If", [condition],
        [
          "then_branch": node.body(branches.thenBranch, captures: 1..<1 + branches.thenCount),
          "else_branch": node.body(branches.elseBranch, captures: 1 + branches.thenCount..<end),
        ], results: branches.outputCount)
    },
    Mapping("Loop") { (node) throws(ModelError) in
      let source = try node.bodySource("body")
      let operands = Array(node.inputs.dropFirst(2))
      var carried: [TensorType?] = []
      for operand in operands {
        guard let operand else { throw ModelError(.malformed, "a carried value is missing") }
        carried.append(node.graph[operand].type?.plain)
      }
      let counters = [TensorType(.int64, []), TensorType(.boolean, [])]
      let (body, captures) = try body(source, counters, &carried, results: 1..<1 + carried.count, &node)
      var loop = Loop()
      loop.body = Subgraph(body)
      loop.carriedCount = carried.count
      return try node.add(loop, [node.scalar(0), node.scalar(1)] + operands + captures)
    }.writing(Loop.self) { (loop, node) throws(ModelError) in
      let end = node.node.inputs.count
      guard loop.carriedCount >= 0, loop.carriedCount <= end - 2 else {
        throw ModelError(.invalidGraph, "\(loop.carriedCount) carried values of \(end) operands")
      }
      var operands = [try node.has(0) ? node.indices(0) : "", try node.optional(1)]
      for index in 2..<2 + loop.carriedCount { operands.append(try node.stored(index)) }
      let body = try node.body(
        loop.body, parameters: 2 + loop.carriedCount, captures: 2 + loop.carriedCount..<end)
      return try node.add("Loop", operands, ["body": body], results: loop.outputCount)
    },
    Mapping("Scan", until: 8) { (_) throws(ModelError) in
      throw ModelError(.unsupported, "a scan of a batch of sequences, which version 9 has no more")
    },
    Mapping("Scan", since: 9) { (node) throws(ModelError) in
      let source = try node.bodySource("body")
      var scan = Scan()
      let count = try node.integer("num_scan_inputs", default: 0)
      let states = node.inputs.count - count
      guard count > 0, states >= 0 else { throw ModelError(.malformed, "\(count) scanned operands") }
      let stacks = source.outputs.count - states
      guard stacks >= 0 else { throw ModelError(.malformed, "fewer results than states") }
      scan.stateCount = states
      let none = [Int](repeating: 0, count: count)
      scan.axes = try node.optionalIntegers("scan_input_axes") ?? none
      scan.isReversed = try node.optionalIntegers("scan_input_directions") ?? none
      let nothing = [Int](repeating: 0, count: stacks)
      scan.stackAxes = try node.optionalIntegers("scan_output_axes") ?? nothing
      scan.isStackReversed = try node.optionalIntegers("scan_output_directions") ?? nothing
      guard scan.axes.count == count else { throw ModelError(.malformed, "\(scan.axes.count) axes") }
      var parts: [TensorType?] = []
      for (index, axis) in scan.axes.enumerated() {
        var type = try node.type(of: node.input(states + index)).plain
        var dimensions = type.shape.dimensions
        dimensions.remove(at: try normalizedAxis(axis, rank: type.rank))
        type.shape = Shape(dimensions)
        parts.append(type)
      }
      var carried: [TensorType?] = []
      for index in 0..<states { carried.append(try node.type(of: node.input(index)).plain) }
      let (body, captures) = try body(source, [], &carried, parts, results: 0..<states, &node)
      scan.body = Subgraph(body)
      return try node.add(scan, node.inputs + captures)
    }.writing(Scan.self) { (scan, node) throws(ModelError) in
      let end = node.node.inputs.count
      guard (0...end).contains(scan.stateCount), scan.axes.count <= end - scan.stateCount else {
        throw ModelError(.invalidGraph, "\(scan.stateCount) states of \(end) operands")
      }
      let count = scan.stateCount + scan.axes.count
      var operands: [String] = []
      for index in 0..<count { operands.append(try node.stored(index)) }
      return try node.add(
        "Scan", operands,
        [
          "body": node.body(scan.body, parameters: count, captures: count..<end),
          "num_scan_inputs": .integer(scan.axes.count), "scan_input_axes": .integers(scan.axes),
          "scan_input_directions": .integers(scan.isReversed),
          "scan_output_axes": .integers(scan.stackAxes),
          "scan_output_directions": .integers(scan.isStackReversed),
        ], results: scan.outputCount)
    },
  ]

  /// A body for values that change their sizes from one iteration to the next: what changes becomes unknown, and the
  /// body is imported again, since its import may have relied on the sizes.
  private static func body(
    _ source: ONNXGraph, _ first: [TensorType?], _ carried: inout [TensorType?], _ last: [TensorType?] = [],
    results: Range<Int>, _ node: inout NodeImport
  ) throws(ModelError) -> (graph: Graph, captures: [ValueID]) {
    while true {
      var attempt = node
      let (graph, captures) = try attempt.body(source, first + carried + last)
      guard results.upperBound <= graph.outputs.count else {
        throw ModelError(.malformed, "the body has only \(graph.outputs.count) results")
      }
      let types = graph.outputs[results].map { graph[$0.value].type }
      let next = try Loop.generalized(carried, types[...])
      if next == carried {
        node = attempt
        return (graph, captures)
      }
      carried = next
      node.nodeCount = attempt.nodeCount
    }
  }
}

extension NodeImport {
  /// An operand of one element without axes, as the specification says it is, though exporters write it with one; none if it is left out.
  fileprivate mutating func scalar(_ index: Int) throws(ModelError) -> ValueID? {
    guard let value = optional(index) else { return nil }
    guard let shape = graph[value].type?.shape, shape.rank > 0, shape.elementCount == 1 else { return value }
    return try reshaped(value, to: [])
  }
}

extension ONNXGraph {
  /// Whether the graph only removes axes of size 1.
  ///
  /// This and ``changesNothing`` are how PyTorch exports `squeeze` of an axis whose size is open. What follows was traced
  /// with the axis squeezed, and would not take the other rank.
  fileprivate var squeezes: Bool {
    nodes.last?.operatorName == "Squeeze" && nodes.dropLast().allSatisfy { $0.operatorName == "Constant" }
      && outputs.count == 1
  }

  /// Whether the graph returns one value as it is.
  fileprivate var changesNothing: Bool {
    nodes.count == 1 && nodes[0].operatorName == "Identity" && outputs.count == 1
  }
}

extension TensorType {
  /// The type without quantization.
  fileprivate var plain: TensorType { TensorType(dataType, shape) }
}
