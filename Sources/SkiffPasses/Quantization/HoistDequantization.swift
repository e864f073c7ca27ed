import SkiffBinary
import SkiffIR
import SkiffOperators

/// Turns integers into real numbers before they are moved, so that the conversion meets its counterpart.
///
/// `DequantizeLinear(move(x), scale, zero)` → `move(DequantizeLinear(x, scale, zero))`.
///
/// Declines: scales that are lists, operators that join values or add some.
public struct HoistDequantization: Rewrite {
  public static let name = "hoist-dequantization"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let dequantize = node.operator as? DequantizeLinear, dequantize.blockSize == 0,
      let moved = node.inputs[0],
      node.inputs.dropFirst().allSatisfy({ $0.map { graph[$0].type?.shape.elementCount == 1 } ?? true }),
      let movement = graph.producer(of: moved), movement.operator is any DataMovement,
      !(movement.operator is Pad), type(of: movement.operator).operands.last?.kind != .variadic,
      movement.outputs.count == 1, let source = movement.inputs[0], graph[source].constant == nil
    else { return false }
    let real = try graph.addNode(
      dequantize, [source] + node.inputs.dropFirst(), name: node.name, origins: node.origins, before: id)
    let result = try graph.addNode(
      movement.operator, real + movement.inputs.dropFirst(), name: movement.name, origins: movement.origins,
      outputNames: [graph[node.outputs[0]].name], before: id)
    graph.replaceUses(of: node.outputs[0], with: result[0])
    return true
  }
}
