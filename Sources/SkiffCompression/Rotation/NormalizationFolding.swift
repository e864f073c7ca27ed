import SkiffBinary
import SkiffIR
import SkiffOperators

/// Taking scale and shift of a normalization into the products behind it, so that all channels are treated alike. What subtracts the mean of the channels
/// is left without: its operand has none any more.
struct NormalizationFolding {
  let node: NodeID
  /// The products behind, with the axis of inputs in their weights.
  private let products: [(id: NodeID, axis: Int)]
  private let scale: [Float]?
  private let shift: [Float]?

  /// Whether the normalization subtracts a mean.
  let subtractsMean: Bool

  /// - Returns: Nil if scale or shift cannot go anywhere; then `reason` says why.
  init?(_ id: NodeID, in graph: Graph, reason: inout String?) throws(ModelError) {
    let (own, node) = (graph[id], id)
    self.node = node
    subtractsMean = own.operator is LayerNormalization
    func parameter(_ index: Int) throws(ModelError) -> [Float]? {
      guard own.inputs.count > index, let value = own.inputs[index] else { return nil }
      return try graph[value].constant?.materialize().floats()
    }
    let computed = own.inputs.dropFirst().contains { $0.map { graph[$0].constant == nil } ?? false }
    guard !computed, let channels = graph.channelCount(of: own.outputs[0]) else {
      reason = "the scale of '\(own.name)' is computed"
      return nil
    }
    let (scale, shift) = (try parameter(1), try parameter(2))
    guard [scale, shift].allSatisfy({ $0.map { $0.count == channels } ?? true }) else {
      reason = "the scale of '\(own.name)' is not one for each channel"
      return nil
    }
    self.scale = scale
    self.shift = shift?.contains { $0 != 0 } == true ? shift : nil
    let isUniform = scale.map { $0.allSatisfy { $0 == scale?.first } } ?? true
    guard !isUniform || self.shift != nil || subtractsMean else {
      products = []
      return
    }
    var found: [(NodeID, Int)] = []
    guard let obstacle = Self.products(behind: own.outputs[0], in: graph, channels, &found) else {
      guard self.shift == nil || !found.contains(where: { !Self.takesShift(graph[$0.0]) }) else {
        reason = "the shift of '\(own.name)' goes into no bias"
        return nil
      }
      products = found
      return
    }
    reason = "the scale of '\(own.name)' goes into no weights: \(obstacle)"
    return nil
  }

  /// Whether a product has a place for what its inputs are shifted by.
  private static func takesShift(_ node: Node) -> Bool { node.operator is FullyConnected }

  /// Finds the products that alone use a value.
  ///
  /// - Returns: Who else uses it; nil if nobody does.
  private static func products(
    behind value: ValueID, in graph: Graph, _ channels: Int, _ found: inout [(NodeID, Int)]
  ) -> String? {
    if graph.isOutput(value) { return "it is an output of the graph" }
    for user in graph[value].users {
      let node = graph[user]
      if node.operator is ShapeOf || node.operator is SizeOf { continue }
      if let axes = RotationGroups.weightAxes(of: node, in: graph), node.inputs[0] == value,
        ScaledLayer.hasOwnParameters(user, graph)
      {
        found.append((user, axes.input))
        continue
      }
      let isMove =
        node.operator is Identity || node.operator is Reshape || node.operator is Squeeze
        || node.operator is Unsqueeze
        || (node.operator as? Transpose)?.permutation.last == (graph[value].type?.rank ?? 0) - 1
      guard isMove, node.inputs[0] == value,
        graph.channelCount(of: node.outputs[0]) == channels
      else { return "\(type(of: node.operator).name) '\(node.name)' uses it too" }
      if let obstacle = products(behind: node.outputs[0], in: graph, channels, &found) { return obstacle }
    }
    return nil
  }

  /// Whether every product that uses values of a group is behind one of these normalizations.
  static func cover(_ users: [ChannelAxis], _ foldings: [NormalizationFolding], in graph: Graph) -> Bool {
    let covered = Set(foldings.flatMap(\.products).compactMap { graph[$0.id].inputs[1] })
    return users.allSatisfy { covered.contains($0.constant) }
  }

  func apply(to graph: inout Graph) throws(ModelError) {
    let own = graph[node]
    for (id, axis) in products {
      guard let weights = graph[id].inputs[1], let constant = graph[weights].constant else { continue }
      if let shift { try fold(shift, constant.materialize(), into: id, &graph) }
      guard let scale else { continue }
      let scaled = try constant.transformed(by: .scale(axis: axis, factors: scale)).materialize()
      graph.setConstant(weights, to: Constant(scaled))
    }
    guard !products.isEmpty else { return }
    var normalization = RMSNormalization()
    normalization.axis = (own.operator as? any TrailingNormalization)?.axis ?? -1
    normalization.epsilon = (own.operator as? any TrailingNormalization)?.epsilon ?? normalization.epsilon
    graph.setNode(node, to: normalization, inputs: [own.inputs[0]])
  }

  /// Adds what a product makes of the shift to its bias.
  private func fold(
    _ shift: [Float], _ weights: Tensor, into id: NodeID, _ graph: inout Graph
  ) throws(ModelError) {
    let elements = try weights.floats()
    let (rows, columns) = (weights.shape[0], weights.shape[1])
    var inputs = graph[id].inputs
    while inputs.count < 3 { inputs.append(nil) }
    let known = try inputs[2].flatMap { graph[$0].constant }?.materialize().floats()
    let biases = (0..<rows).map { row in
      let sum = (0..<columns).reduce(0.0) {
        $0 + Double(elements[row * columns + $1]) * Double(shift[$1])
      }
      return Float(sum + Double(known?[row] ?? 0))
    }
    let constant = Constant(Tensor(biases, shape: [rows]))
    if let bias = inputs[2] {
      graph.setConstant(bias, to: constant)
    } else {
      inputs[2] = graph.addConstant(constant)
      graph.setNode(id, to: graph[id].operator, inputs: inputs)
    }
  }
}
