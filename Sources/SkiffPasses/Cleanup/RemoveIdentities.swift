import SkiffBinary
import SkiffIR
import SkiffOperators

/// Removes nodes that return their operand as it is.
///
/// 1. `Identity(x)` → `x`
/// 2. `Reshape(x)`, `Transpose(x)`, `Cast(x)`, `Pad(x)`, `Slice(x)` whose result has the operand's fixed type
///    and that move nothing → `x`
///
/// Declines where the shape is not fixed and the operator could change it.
public struct RemoveIdentities: Rewrite {
  public static let name = "remove-identities"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let first = node.inputs.first, let input = first, node.outputs.count == 1,
      isIdentity(node, of: input, in: graph)
    else { return false }
    graph.replaceUses(of: node.outputs[0], with: input)
    return true
  }

  private func isIdentity(_ node: Node, of input: ValueID, in graph: Graph) -> Bool {
    let (type, result) = (graph[input].type, graph[node.outputs[0]].type)
    switch node.operator {
    case is Identity: return true
    case let reverse as Reverse: return reverse.axes.isEmpty
    case let cast as Cast: return type?.dataType == cast.dataType
    case let transpose as Transpose:
      return type.map { transpose.permutation(rank: $0.rank) == Array(0..<$0.rank) } ?? false
    case is Reshape: return type == result && hasKnownShape(type)
    default: return false
    }
  }

  /// Whether two types with this shape have the same sizes: at most one is not known.
  private func hasKnownShape(_ type: TensorType?) -> Bool {
    guard let type else { return false }
    return type.shape.dimensions.count(where: { $0.fixed == nil }) <= 1
      && !type.shape.dimensions.contains(.fixed(0))
  }
}
