import SkiffBinary
import SkiffIR
import SkiffOperators

/// Stores every spatial tensor with its channels where a layout has them, with as few transpositions as possible.
///
/// A graph that has them there already stays as it is, unless it gets by with fewer transpositions.
///
/// Each value gets an order in which its axes are stored. Spatial operators want that of the layout;
/// operators that treat axes alike (``AxisAware``) take the order of their operands and rename their axes;
/// transpositions of the source only rename axes and vanish; sizes of values are picked from those of the stored ones;
/// constants are stored as they are needed. All others,
/// and the inputs and outputs of the graph, keep the order of the source. Where a value is wanted in another order
/// than it is stored in, a transposition remains, made once for each order and named in the report with the node
/// that forces it; one that only moves axes of size 1 becomes a reshape.
struct LayoutAssignment {
  /// Where channels shall be.
  let layout: ChannelLayout
  /// Whether inputs and outputs of the graph are stored so too, where that is what the operators next to them want.
  var changesInterface = false

  /// Assigns the layout.
  ///
  /// - Parameter name: The pass in whose name changes are counted.
  func run(on graph: inout Graph, report: inout PassReport, as name: String) throws(ModelError) {
    let demands = OrderDemands(graph, layout: layout, outputsAreFree: changesInterface)
    var builder = OrderedGraphBuilder(source: graph, layout: layout)
    for input in graph.inputs { try builder.addInput(input, order: changesInterface ? demands[input] : nil) }
    builder.addStates()
    for id in graph.nodeIDs {
      let node = graph[id]
      try locating(node.location) { () throws(ModelError) in
        let order = chooseOrder(for: node, in: graph, demands, builder)
        try builder.add(node, order: order)
      }
    }
    try builder.addOutputs(keepsOrder: changesInterface)
    try builder.updateStates()
    let present = graph.transpositions
    if !changesInterface, graph.has(layout), present.count <= builder.result.transpositions.count {
      report.transpositions += present
      return
    }
    report.count(builder.survivors.count, of: name)
    report.transpositions += builder.survivors
    report.interfaceOrders.merge(builder.interfaceOrders) { $1 }
    graph = builder.result
    graph.removeUnused()
  }

  /// The order of the principal operand for which the fewest values have to be reordered; nil for an operator that
  /// knows the order of the source only.
  private func chooseOrder(
    for node: Node, in graph: Graph, _ demands: OrderDemands, _ builder: OrderedGraphBuilder
  ) -> [Int]? {
    guard let aware = node.operator as? any AxisAware,
      let rank = OrderDemands.principalRank(of: node, in: graph)
    else { return nil }
    if let preferred = aware.preferredOrder(rank: rank, for: layout),
      builder.form(of: node, order: preferred) != nil
    {
      return preferred
    }
    var candidates = node.inputs.compactMap { $0.flatMap { builder.storedOrder(of: $0) } }.filter {
      $0.count == rank
    }
    candidates += demands.candidates(
      for: node, rank: rank, result: node.outputs.first.flatMap { demands[$0] }, in: graph)
    var best: (order: [Int], cost: Int)?
    for order in candidates {
      guard let form = builder.form(of: node, order: order) else { continue }
      var cost = builder.reorderings(for: form, of: node)
      for (output, result) in zip(node.outputs, form.results) {
        if let wanted = demands[output], wanted != result { cost += 1 }
      }
      if best.map({ cost < $0.cost }) ?? true { best = (order, cost) }
    }
    return best?.order
  }
}

extension Graph {
  /// Whether no operator would like its operands in another order than they are in.
  fileprivate func has(_ layout: ChannelLayout) -> Bool {
    nodeIDs.allSatisfy { id in
      let node = self[id]
      guard let aware = node.operator as? any AxisAware,
        let rank = OrderDemands.principalRank(of: node, in: self),
        let order = aware.preferredOrder(rank: rank, for: layout)
      else { return true }
      return order == AxisOrder.identity(rank)
    }
  }

  /// The transpositions that the graph has, each forced by the node that it feeds.
  fileprivate var transpositions: [Transposition] {
    nodeIDs.compactMap { id in
      guard let transpose = self[id].operator as? Transpose, let input = self[id].inputs[0] else {
        return nil
      }
      let user = self[self[id].outputs[0]].users.first.map { self[$0].location.description }
      return Transposition(
        value: self[input].name, permutation: transpose.permutation(rank: self[input].type?.rank ?? 0),
        reason: user ?? "the graph's output")
    }
  }
}
