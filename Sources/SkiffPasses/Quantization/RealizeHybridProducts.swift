import SkiffBinary
import SkiffIR
import SkiffOperators

/// Lets products of real numbers with weights in int8, whose operand is rounded when they run, compute with the real numbers that
/// the weights stand for: what changes weights or activations takes these.
///
/// `Convolution(x, int8 constant, …)` of real numbers → the same with the constant dequantized, and the same for matrices.
public struct RealizeHybridProducts: Rewrite {
  public static let name = "realize-hybrid-products"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard node.operator is Convolution || node.operator is FullyConnected, node.inputs.count > 1,
      let input = node.inputs[0], graph[input].type?.dataType == .float32,
      let weights = node.inputs[1], let constant = graph[weights].constant, constant.type.isQuantized
    else { return false }
    var inputs = node.inputs
    inputs[1] = graph.addConstant(try constant.transformed(by: .dequantize), name: graph[weights].name)
    var product = node.operator
    if var dense = product as? FullyConnected {
      dense.quantizesAsymmetrically = false
      product = dense
    }
    graph.setNode(id, to: product, inputs: inputs)
    return true
  }
}
