import SkiffBinary
import SkiffIR
import SkiffOperators

/// `FullyConnected(Reshape(Transpose(x)), w)` → `FullyConnected(Reshape(x), w')`: the columns of the weights are
/// reordered instead of the activations.
///
/// The reshape flattens everything behind the first axis, which the transposition leaves alone. Declines where a
/// value in between has another user, the sizes behind the first axis are not fixed, or the weights are not
/// constant.
public struct AbsorbTransposition: Rewrite {
  public static let name = "absorb-transposition"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard node.operator is FullyConnected, let flat = node.inputs[0], graph[flat].type?.rank == 2,
      graph.soleUser(of: flat) == id, let w = node.inputs[1], let weights = graph[w].constant,
      weights.type.quantization.map({ $0.granularity == .perTensor || $0.granularity == .perAxis(0) })
        ?? true,
      let reshape = graph.producer(of: flat), reshape.operator is Reshape, let moved = reshape.inputs[0],
      graph[moved].users.count == 1, let producer = graph.producer(of: moved),
      let transpose = producer.operator as? Transpose, let x = producer.inputs[0],
      let type = graph[x].type, let movedType = graph[moved].type
    else { return false }
    let permutation = transpose.permutation(rank: type.rank)
    let inner = movedType.shape.dimensions.dropFirst().compactMap(\.fixed)
    guard permutation.first == 0, inner.count == type.rank - 1, inner.checkedProduct() == weights.shape[1]
    else { return false }
    let reordered =
      try weights
      .transformed(by: .reshape([weights.shape[0]] + inner))
      .transformed(by: .permute(AxisOrder.inverse(permutation)))
      .transformed(by: .reshape(weights.shape))
    let shape = graph.addConstant(Tensor([-1, Int64(weights.shape[1])], shape: [2]))
    let flattened = try graph.add(
      Reshape(), x, shape, name: reshape.name, origins: reshape.origins, before: id, type: graph[flat].type)
    var inputs = node.inputs
    inputs[0] = flattened
    inputs[1] = graph.addConstant(reordered, name: graph[w].name)
    let result = try graph.addNode(
      node.operator, inputs, name: node.name, origins: node.origins,
      outputNames: [graph[node.outputs[0]].name], before: id, types: [graph[node.outputs[0]].type])
    graph.replaceUses(of: node.outputs[0], with: result[0])
    return true
  }
}
