import SkiffIR
import SkiffOperators

/// The order in which most users of each value would like it stored, found from the outputs backwards.
struct OrderDemands {
  private var orders: [ValueID: [Int]] = [:]
  private let layout: ChannelLayout

  subscript(value: ValueID) -> [Int]? { orders[value] }

  init(_ graph: Graph, layout: ChannelLayout, outputsAreFree: Bool) {
    self.layout = layout
    var votes: [ValueID: [[Int]: Int]] = [:]
    if !outputsAreFree {
      for output in graph.outputs {
        guard let rank = graph[output.value].type?.rank else { continue }
        votes[output.value, default: [:]][AxisOrder.identity(rank), default: 0] += 1
      }
    }
    for id in graph.nodeIDs.reversed() {
      let node = graph[id]
      for output in node.outputs { settle(output, votes[output] ?? [:]) }
      // The sizes of a value can be picked from those in any order.
      if node.operator is ShapeOf { continue }
      let form = wantedForm(of: node, in: graph)
      for (index, input) in node.inputs.enumerated() {
        guard let input, graph[input].constant == nil, let rank = graph[input].type?.rank else { continue }
        let wanted: [Int]
        switch index < (form?.operands.count ?? 0) ? form?.operands[index] : nil {
        case .ordered(let order), .aligned(let order):
          guard order.count == rank else { continue }
          wanted = order
        default: wanted = AxisOrder.identity(rank)
        }
        votes[input, default: [:]][wanted, default: 0] += 1
      }
    }
    for input in graph.inputs { settle(input, votes[input] ?? [:]) }
  }

  /// Keeps the order with the most votes; of several the order of the source, else the smallest.
  private mutating func settle(_ value: ValueID, _ votes: [[Int]: Int]) {
    guard let most = votes.values.max() else { return }
    orders[value] = votes.filter { $0.value == most }.keys.min { $0.lexicographicallyPrecedes($1) }
  }

  /// The form in which the node's result has the order that its users want.
  private func wantedForm(of node: Node, in graph: Graph) -> AxisForm? {
    guard let aware = node.operator as? any AxisAware, let rank = Self.principalRank(of: node, in: graph)
    else {
      return nil
    }
    func form(_ order: [Int]) -> AxisForm? { aware.form(node.axisContext(order: order, layout, in: graph)) }
    if let preferred = aware.preferredOrder(rank: rank, for: layout) { return form(preferred) }
    guard let output = node.outputs.first, let wanted = orders[output] else { return nil }
    return candidates(for: node, rank: rank, result: wanted, in: graph).lazy.compactMap(form)
      .first { $0.results.first == wanted }
  }

  /// Orders of the principal operand worth trying when the result is wanted in the order `result`.
  func candidates(for node: Node, rank: Int, result: [Int]?, in graph: Graph) -> [[Int]] {
    var candidates = [AxisOrder.identity(rank), AxisOrder.channels(layout, rank)]
    if let result, let reshape = node.operator as? Reshape,
      let order = reshape.operandOrder(
        forResult: result, node.axisContext(order: AxisOrder.identity(rank), layout, in: graph))
    {
      candidates.insert(order, at: 0)
    }
    if let result, result.count == rank {
      candidates.append(result)
      if let transpose = node.operator as? Transpose {
        let permutation = transpose.permutation(rank: rank)
        candidates.insert(result.map { permutation[$0] }, at: 0)
      }
    }
    return candidates
  }

  /// The rank that an order for this node must have: that of the result for operators that broadcast, else that of
  /// the first operand.
  static func principalRank(of node: Node, in graph: Graph) -> Int? {
    let principal =
      node.operator is any PlacewiseOperator ? node.outputs.first : node.inputs.first.flatMap(\.self)
    return principal.flatMap { graph[$0].type?.rank }
  }
}

extension Node {
  /// What the node's operator is told when it is asked for a form.
  package func axisContext(order: [Int], _ layout: ChannelLayout, in graph: Graph) -> AxisContext {
    AxisContext(
      order: order, layout: layout, inputs: inputs.map { id in id.flatMap { graph[$0].type } },
      integers: inputs.map { id in
        id.flatMap { graph[$0].constant != nil ? graph[$0].knownElements?.compactMap(\.fixed) : nil }
      }, elements: inputs.map { id in id.flatMap { graph[$0].knownElements } })
  }
}
