import SkiffBinary
import SkiffIR
import SkiffOperators

/// The values of a graph by what would have to be rotated together.
///
/// 1. Products with weights of their own take rotated channels, and make some if they clamp nothing.
/// 2. Sums, moves that leave channels together, look-ups, means over other axes, normalizations over all channels, and products with one number for all
///    channels make of rotated channels rotated ones.
/// 3. What weighs rows, like attention, leaves their channels apart; a product of rows with rows is the same for both rotated.
/// 4. Inputs, outputs and all other operators see single channels, which must stay.
struct RotationGroups {
  private let graph: Graph
  private let excluded: Set<NodeID>
  private var sets: ValueSets<RotationGroup>

  /// - Parameter excluded: Nodes whose operands and results stay.
  init(_ graph: Graph, excluded: Set<NodeID>) {
    (self.graph, self.excluded) = (graph, excluded)
    sets = ValueSets(of: graph)
    for id in graph.nodeIDs {
      if excluded.contains(id) { sets.block(id, "it is excluded") } else { add(id) }
    }
    sets.blockInterface()
    for value in graph.constantIDs where sets.contains(value) {
      let axis = (graph[value].type?.rank ?? 0) - 1
      sets.with(value) { $0.makers.append(ChannelAxis(constant: value, axis: axis)) }
    }
  }

  /// The groups that something makes, in the order of the graph.
  var all: [RotationGroup] {
    sets.groups.filter { !$0.makers.isEmpty }.map { group in
      var sorted = group
      sorted.values.sort()
      return sorted
    }.sorted { ($0.values.first?.index ?? 0) < ($1.values.first?.index ?? 0) }
  }

  // MARK: Operators

  private mutating func add(_ id: NodeID) {
    let node = graph[id]
    let isClamped = (node.operator as? any ActivationHost).map { $0.activation != .none } ?? false
    switch node.operator {
    case is ShapeOf, is SizeOf: return
    case is FullyConnected, is Convolution: addProduct(id)
    case let product as MatrixMultiply:
      if node.inputs.count == 2, let weights = node.inputs[1], graph[weights].constant != nil {
        addProduct(id)
      } else {
        addProduct(of: id, product)
      }
    case is Add where !isClamped, is Subtract where !isClamped: sets.joinSum(id)
    case is Multiply where !isClamped, is Divide where !isClamped: addScaled(id)
    case is Identity, is Reshape, is Squeeze, is Unsqueeze: addMoved(id)
    case let transpose as Transpose: addTransposed(id, transpose)
    case let gather as Gather: addLookUp(id, gather)
    case let concat as Concat:
      let axis = rank(node.outputs[0]).flatMap { try? normalizedAxis(concat.axis, rank: $0) }
      addMoved(id, if: axis.map { $0 + 1 != rank(node.outputs[0]) } ?? false)
    case let mean as ReduceMean: sets.joinReduced(id, mean)
    case let sum as ReduceSum: sets.joinReduced(id, sum)
    case let normalization as any TrailingNormalization:
      guard let x = node.inputs[0], normalization.axis == -1 || normalization.axis + 1 == rank(x) else {
        return sets.block(id)
      }
      sets.join(x, node.outputs[0])
      sets.with(x) { $0.normalizations.append(id) }
    default: sets.block(id)
    }
  }

  private func rank(_ value: ValueID?) -> Int? { value.flatMap { graph[$0].type?.rank } }

  /// The axes of inputs and outputs in the weights of a product.
  static func weightAxes(of node: Node, in graph: Graph) -> (input: Int, output: Int)? {
    guard node.inputs.count > 1, let weights = node.inputs[1], let rank = graph[weights].type?.rank else {
      return nil
    }
    switch node.operator {
    case is FullyConnected: return rank == 2 ? (1, 0) : nil
    case let product as MatrixMultiply:
      guard rank == 2, !product.transposesA, node.inputs[0].flatMap({ graph[$0].type?.rank }) ?? 0 > 1 else {
        return nil
      }
      let output = product.outputAxis(ofWeights: 2)
      return (1 - output, output)
    case let convolution as Convolution:
      return convolution.layout == .last && convolution.groups == 1 && rank > 2 ? (rank - 1, 0) : nil
    default: return nil
    }
  }

  private mutating func addProduct(_ id: NodeID) {
    let node = graph[id]
    guard let x = node.inputs[0], let weights = node.inputs[1], ScaledLayer.hasOwnParameters(id, graph),
      let axes = Self.weightAxes(of: node, in: graph)
    else {
      return sets.block(
        id, "the weights of \(type(of: node.operator).name) '\(node.name)' are shared, computed or in groups")
    }
    sets.with(x) { $0.users.append(ChannelAxis(constant: weights, axis: axes.input)) }
    let y = node.outputs[0]
    if (node.operator as? any ActivationHost).map({ $0.activation != .none }) ?? false {
      sets.block(y, "the activation of '\(node.name)' sees single channels")
    }
    sets.with(y) { group in
      group.products.append(id)
      group.makers.append(ChannelAxis(constant: weights, axis: axes.output))
      if node.inputs.count > 2, let bias = node.inputs[2] {
        group.makers.append(ChannelAxis(constant: bias, axis: 0))
      }
    }
  }

  /// A product of two values: rows on the right are weighed and added up, or multiplied with those on the left.
  private mutating func addProduct(of id: NodeID, _ product: MatrixMultiply) {
    let node = graph[id]
    guard let a = node.inputs[0], let b = node.inputs[1],
      let ranks = rank(a).flatMap({ a in rank(b).map { (a, $0) } }),
      ranks.0 > 1, ranks.1 > 1, !product.transposesA
    else { return sets.block(id) }
    let reason = "products of '\(node.name)' add up over them"
    if product.transposesB {
      sets.join(a, b)
      sets.with(a) { $0.multipliesRows = true }
      sets.block(node.outputs[0], "'\(node.name)' makes them of rows")
    } else if let rows = rows(behind: b, for: id) {
      sets.join(a, rows)
      sets.with(a) { $0.multipliesRows = true }
      sets.block(node.outputs[0], "'\(node.name)' makes them of rows")
    } else {
      sets.block(a, reason)
      sets.join(b, node.outputs[0])
    }
  }

  /// What a transposition makes columns of for the only product that takes them on the right.
  private func rows(behind value: ValueID, for product: NodeID) -> ValueID? {
    guard graph.soleUser(of: value) == product, let node = graph.producer(of: value),
      let transpose = node.operator as? Transpose, let rank = rank(value), rank > 1,
      transpose.permutation.count == rank, transpose.permutation[rank - 2] == rank - 1
    else { return nil }
    return node.inputs[0]
  }

  /// A product with one number for all channels.
  private mutating func addScaled(_ id: NodeID) {
    let node = graph[id]
    for (x, factor) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let x, let factor, let type = graph[factor].type, type.dataType == .float32,
        type.rank == 0 || type.shape[type.rank - 1].fixed == 1, sets.haveEqualChannels(x, node.outputs[0]),
        node.operator is Multiply || x == node.inputs[0]
      else { continue }
      if type.rank > 0, graph[factor].constant == nil {
        sets.block(factor, "'\(node.name)' multiplies all with it")
      }
      return sets.join(x, node.outputs[0])
    }
    sets.block(id)
  }

  /// Elements in their order, or those of several values: what is a multiple of both numbers of channels stays together.
  private mutating func addMoved(_ id: NodeID, if isLegal: Bool = true) {
    let node = graph[id]
    guard isLegal else { return sets.block(id) }
    for value in node.inputs {
      guard let value, graph[value].type?.dataType.isFloatingPoint ?? true else { continue }
      sets.join(value, node.outputs[0])
    }
  }

  private mutating func addTransposed(_ id: NodeID, _ transpose: Transpose) {
    let node = graph[id]
    let permutation = transpose.permutation
    if let last = permutation.last, last == permutation.count - 1 { return addMoved(id) }
    // Joined with the rows on the left by the product.
    if let product = graph.soleUser(of: node.outputs[0]), !excluded.contains(product),
      let matrix = graph[product].operator as? MatrixMultiply, !matrix.transposesA, !matrix.transposesB,
      graph[product].inputs[1] == node.outputs[0], graph[product].inputs[0] != node.outputs[0],
      rank(graph[product].inputs[0]) ?? 0 > 1, rows(behind: node.outputs[0], for: product) != nil
    {
      return
    }
    sets.block(id)
  }

  private mutating func addLookUp(_ id: NodeID, _ gather: Gather) {
    let node = graph[id]
    guard let data = node.inputs[0], let rank = rank(data),
      let axis = try? normalizedAxis(gather.axis, rank: rank), axis + 1 < rank
    else { return sets.block(id) }
    sets.join(data, node.outputs[0])
  }
}
