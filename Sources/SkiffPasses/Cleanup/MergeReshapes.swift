import SkiffBinary
import SkiffIR
import SkiffOperators

/// `Reshape(Reshape(x))` → `Reshape(x)`: only the last shape counts.
///
/// Declines where the outer shape copies sizes of the inner result.
public struct MergeReshapes: Rewrite {
  public static let name = "merge-reshapes"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let outer = node.operator as? Reshape, let middle = node.inputs[0], let shape = node.inputs[1],
      let producer = graph.producer(of: middle), producer.operator is Reshape, let source = producer.inputs[0]
    else { return false }
    let copiesSizes = !outer.allowsZero && graph[shape].knownElements?.contains(.fixed(0)) ?? true
    guard !copiesSizes else { return false }
    let merged = try graph.add(
      outer, source, shape, name: node.name, origins: producer.origins + node.origins,
      outputName: graph[node.outputs[0]].name, before: id, type: graph[node.outputs[0]].type)
    graph.replaceUses(of: node.outputs[0], with: merged)
    return true
  }
}
