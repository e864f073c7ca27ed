import SkiffBinary
import SkiffIR
import SkiffOperators

/// Computes now what depends on constants only.
///
/// 1. A permutation or reshape of a constant becomes a pending transform of the constant; nothing is
///    copied.
/// 2. An integer result whose elements inference knows, for example a shape, becomes a constant.
/// 3. Any other node on constants is evaluated, as long as the bytes added stay within the budget.
///
/// Declines: dequantization (the integers are what should stay in the file; in bodies also as ONNX says it, which nothing
/// adopts there), nodes on quantized constants unless they move one, foreign operators, operators without a reference kernel,
/// results beyond the budget.
public struct FoldConstants: Pass {
  public static let name = "fold-constants"

  /// How many bytes the folded constants may be larger than what they replace.
  public let byteBudget: Int
  private let isInBody: Bool

  /// Creates the pass.
  public init(byteBudget: Int = 1 << 20) { self.init(byteBudget: byteBudget, isInBody: false) }

  private init(byteBudget: Int, isInBody: Bool) { (self.byteBudget, self.isInBody) = (byteBudget, isInBody) }

  public var inside: any Pass { Self(byteBudget: byteBudget, isInBody: true) }

  public func run(on graph: inout Graph, report: inout PassReport) throws(ModelError) {
    var spent = 0
    for id in graph.nodeIDs {
      let node = graph[id]
      guard !(node.operator is ForeignOperator), !(node.operator is any RealNumberBoundary),
        !(isInBody && node.operator is DequantizeLinear)
      else { continue }
      let folded = try locating(node.location) { () throws(ModelError) in
        try fold(node, in: &graph, spent: &spent)
      }
      guard folded.count == node.outputs.count else { continue }
      for (output, constant) in zip(node.outputs, folded) {
        let replacement = graph.addConstant(constant, name: graph[output].name)
        graph.replaceUses(of: output, with: replacement)
      }
      report.count(of: Self.name)
    }
    graph.removeUnused()
  }

  /// The constants that can take the place of the node's results; empty if there are none.
  private func fold(_ node: Node, in graph: inout Graph, spent: inout Int) throws(ModelError) -> [Constant] {
    if node.outputs.count == 1, let type = graph[node.outputs[0]].type,
      let known = knownConstant(node.outputs[0], in: graph)
    {
      return [
        Constant(try Tensor(integers: known, as: type.dataType, shape: type.shape.fixed ?? [known.count]))
      ]
    }
    let operands = node.inputs.compactMap(\.self)
    guard operands.allSatisfy({ graph[$0].constant != nil }),
      let kernel = node.operator as? any ReferenceKernel
    else { return [] }
    if let constant = try transformed(node, in: graph) { return [constant] }
    let moved = node.operator is any DataMovement ? operands.prefix(1) : []
    guard operands.dropFirst(moved.count).allSatisfy({ graph[$0].type?.isQuantized == false }) else {
      return []
    }
    var size = 0
    for output in node.outputs {
      guard let type = graph[output].type, let count = type.shape.elementCount,
        let bytes = type.dataType.byteCount(elements: count), !type.isQuantized
      else { return [] }
      size += bytes
    }
    let replaced = operands.filter { graph[$0].users.count == 1 }.reduce(0) {
      $0 + (graph[$1].constant?.byteCount ?? 0)
    }
    guard spent + size - replaced <= byteBudget else { return [] }
    var inputs: [Tensor?] = []
    for input in node.inputs {
      guard let input else {
        inputs.append(nil)
        continue
      }
      inputs.append(try graph[input].constant?.materialize())
    }
    let results = try kernel.evaluate(inputs)
    spent += max(0, size - replaced)
    return results.map { Constant($0) }
  }

  private func knownConstant(_ value: ValueID, in graph: Graph) -> [Int]? {
    guard let elements = graph[value].knownElements, graph[value].type?.dataType.isInteger == true,
      graph[value].type?.shape.elementCount == elements.count
    else { return nil }
    let numbers = elements.compactMap(\.fixed)
    return numbers.count == elements.count ? numbers : nil
  }

  /// The first operand's constant with one more pending transform, where the node amounts to one.
  private func transformed(_ node: Node, in graph: Graph) throws(ModelError) -> Constant? {
    guard let first = node.inputs.first, let operand = first, let constant = graph[operand].constant,
      let type = graph[node.outputs[0]].type, let shape = type.shape.fixed
    else { return nil }
    switch node.operator {
    case is Reshape: return try constant.transformed(by: .reshape(shape))
    case let transpose as Transpose:
      return try constant.transformed(by: .permute(transpose.permutation(rank: shape.count)))
    default: return nil
    }
  }
}
