import SkiffBinary
import SkiffIR
import SkiffOperators

/// `MatrixMultiply(x, w)` with a constant matrix `w` → `FullyConnected(x, wᵀ)`.
///
/// A bias added afterwards is taken in by ``FuseChannelArithmetic``. Declines where `w` is not a constant of
/// rank 2, where `x` is transposed or of rank 1, on integers, and where `w` is used otherwise too and would be stored twice.
public struct FuseFullyConnected: Rewrite {
  public static let name = "fuse-fully-connected"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let product = node.operator as? MatrixMultiply, !product.transposesA, let x = node.inputs[0],
      let w = node.inputs[1], let weights = graph[w].constant, weights.type.rank == 2,
      weights.type.dataType.isFloatingPoint, let type = graph[x].type, type.rank >= 2
    else { return false }
    guard product.transposesB || graph[w].users.allSatisfy({ graph[$0].multiplies(by: w) }) else {
      return false
    }
    let matrix =
      product.transposesB
      ? w : graph.addConstant(try weights.transformed(by: .permute([1, 0])), name: graph[w].name)
    let result = try graph.add(
      FullyConnected(), x, matrix, name: node.name, origins: node.origins,
      outputName: graph[node.outputs[0]].name, before: id)
    graph.replaceUses(of: node.outputs[0], with: result)
    return true
  }
}

extension Node {
  /// Whether it multiplies something by a matrix, as that is.
  fileprivate func multiplies(by matrix: ValueID) -> Bool {
    guard let product = `operator` as? MatrixMultiply, !product.transposesA, !product.transposesB else {
      return false
    }
    return inputs.count > 1 && inputs[1] == matrix && inputs[0] != matrix
  }
}
