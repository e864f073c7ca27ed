import SkiffBinary
import SkiffIR
import SkiffOperators

/// Turns constants that are dequantized into the real numbers that they stand for, so that they can be quantized anew.
///
/// `Dequantize(constant)` → `constant`; one of 16-bit floats becomes a cast that is still pending.
public struct RealizeConstants: Rewrite {
  public static let name = "realize-constants"

  private let keepsIntegers: Bool

  /// Creates the rewrite.
  ///
  /// - Parameter keepsIntegers: Whether integers stay integers, so that only floats of 16 bits become others.
  public init(keepsIntegers: Bool = false) { self.keepsIntegers = keepsIntegers }

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let dequantize = node.operator as? Dequantize, let operand = node.inputs[0],
      let constant = graph[operand].constant, !keepsIntegers || !constant.type.isQuantized
    else { return false }
    try graph.replaceNode(id, by: dequantize.realized(constant))
    return true
  }
}
