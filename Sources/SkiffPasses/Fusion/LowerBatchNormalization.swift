import SkiffBinary
import SkiffIR
import SkiffOperators

/// `BatchNormalization(x)` with constant parameters → `x · s + t`, with `s = scale / √(variance + epsilon)` and
/// `t = shift − mean · s` for each channel.
///
/// What the operators before it could not take in becomes arithmetic that every format has and that has a form in
/// integers. Declines where a parameter is computed, and where the rank is not known.
public struct LowerBatchNormalization: Rewrite {
  public static let name = "lower-batch-normalization"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let normalization = node.operator as? BatchNormalization, let x = node.inputs[0],
      let type = graph[x].type, type.dataType == .float32,
      let axis = normalization.channelAxis(rank: type.rank),
      let affine = try graph.affine(of: normalization, node)
    else { return false }
    let sizes = [affine.scale.count] + [Int](repeating: 1, count: type.rank - 1 - axis)
    let scale = graph.addConstant(Tensor(affine.scale, shape: sizes))
    let shift = graph.addConstant(Tensor(affine.shift, shape: sizes))
    let product = try graph.add(
      Multiply(), x, scale, name: node.name, origins: node.origins, before: id)
    let result = try graph.add(
      Add(), product, shift, name: node.name, origins: node.origins,
      outputName: graph[node.outputs[0]].name, before: id)
    graph.replaceUses(of: node.outputs[0], with: result)
    return true
  }
}

extension Graph {
  /// What a batch normalization does to each channel, `x · scale + shift`; nil if a parameter is no constant.
  func affine(
    of normalization: BatchNormalization, _ node: Node
  ) throws(ModelError) -> (scale: [Float], shift: [Float])? {
    var parameters: [[Float]] = []
    for case let input? in node.inputs.dropFirst() {
      guard let constant = self[input].constant, constant.shape.count == 1,
        constant.shape[0] == parameters.first?.count ?? constant.shape[0]
      else { return nil }
      parameters.append(try constant.materialize().floats())
    }
    guard parameters.count == 4 else { return nil }
    let (gamma, beta, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3])
    let scale = gamma.indices.map { gamma[$0] / (variance[$0] + normalization.epsilon).squareRoot() }
    return (scale, beta.indices.map { beta[$0] - mean[$0] * scale[$0] })
  }
}
