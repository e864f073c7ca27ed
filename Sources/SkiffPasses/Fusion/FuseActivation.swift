import SkiffBinary
import SkiffIR
import SkiffOperators

/// `Relu(f(x))` → `f(x) {activation = relu}`, and likewise for clamps to [0, 6] and [−1, 1].
///
/// Declines where `f` has a clamp already or another user, and on integers.
public struct FuseActivation: Rewrite {
  public static let name = "fuse-activation"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let activation = activation(of: node, in: graph), let first = node.inputs.first, let input = first,
      graph.soleUser(of: input) == id, let producerID = graph[input].producer,
      var host = graph[producerID].operator as? any ActivationHost, host.activation == .none,
      graph[input].type?.dataType.isFloatingPoint == true
    else { return false }
    host.activation = activation
    let producer = graph[producerID]
    let fused = try graph.addNode(
      host, producer.inputs, name: producer.name, origins: producer.origins + node.origins,
      outputNames: [graph[node.outputs[0]].name], before: id)
    graph.replaceUses(of: node.outputs[0], with: fused[0])
    return true
  }

  private func activation(of node: Node, in graph: Graph) -> FusedActivation? {
    if node.operator is Relu { return .relu }
    guard let clip = node.operator as? Clip, node.inputs.count(where: { $0 != nil }) == 1 else { return nil }
    let bounds = (clip.minimum ?? -.infinity, clip.maximum ?? .infinity)
    return FusedActivation.allCases.first { $0 != .none && ($0.lowerBound, $0.upperBound) == bounds }
  }
}
