import SkiffBinary
import SkiffIR
import SkiffOperators

/// Moves arithmetic with a constant for each channel into the weights and the bias before it.
///
/// With `f` a convolution or fully connected operator without a clamp, and `c` one number for each output:
///
/// 1. `f(x; w, b) + c` → `f(x; w, b + c)`, and `− c` likewise
/// 2. `f(x; w, b) · c` → `f(x; w · c, b · c)`, and `/ c` likewise
/// 3. `BatchNormalization(f(x; w, b))` → `f(x; w · s, (b − mean) · s + shift)` with
///    `s = scale / sqrt(variance + epsilon)`
///
/// Products are taken in float32. Declines where `f` has another user or a clamp, where `w` or `b` is not
/// constant or is quantized, and where `c` varies along another axis than the channels.
public struct FuseChannelArithmetic: Rewrite {
  public static let name = "fuse-channel-arithmetic"

  /// Creates the rewrite.
  public init() {}

  /// What is done to each output channel: `y · scale + shift`.
  private struct Change {
    var scale: [Float]?
    var shift: [Float]?
  }

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    for case let (position, input?) in node.inputs.enumerated().map({ ($0, $1) }) {
      guard graph.soleUser(of: input) == id, let producer = graph.producer(of: input),
        let target = Target(producer, in: graph),
        let change = try change(by: node, of: position, rank: target.rank, target: target, in: graph)
      else { continue }
      try apply(change, to: target, producer, replacing: id, in: &graph)
      return true
    }
    return false
  }

  private func change(
    by node: Node, of position: Int, rank: Int, target: Target, in graph: Graph
  ) throws(ModelError) -> Change? {
    if let normalization = node.operator as? BatchNormalization {
      guard position == 0, normalization.channelAxis(rank: rank) == target.channelAxis,
        let affine = try graph.affine(of: normalization, node), affine.scale.count == target.channels
      else { return nil }
      return Change(scale: affine.scale, shift: affine.shift)
    }
    guard node.inputs.count == 2, let host = node.operator as? any ActivationHost, host.activation == .none,
      let other = node.inputs[1 - position],
      graph[node.outputs[0]].type?.shape == target.shape,
      let constant = try graph.channelConstant(
        other, channels: target.channels, axis: target.channelAxis, rank: rank)
    else { return nil }
    switch node.operator {
    case is Add: return Change(shift: constant)
    case is Subtract where position == 0: return Change(shift: constant.map { -$0 })
    case is Multiply: return Change(scale: constant)
    case is Divide where position == 0: return Change(scale: constant.map { 1 / $0 })
    default: return nil
    }
  }

  private func apply(
    _ change: Change, to target: Target, _ producer: Node, replacing id: NodeID, in graph: inout Graph
  ) throws(ModelError) {
    let node = graph[id]
    var (weights, bias) = (target.weights, target.bias)
    if let scale = change.scale {
      weights = try weights.transformed(by: .scale(axis: 0, factors: scale))
      bias = bias.map { zip($0, scale).map { $0 * $1 } }
    }
    if let shift = change.shift { bias = bias.map { zip($0, shift).map { $0 + $1 } } ?? shift }
    var inputs: [ValueID?] = [
      producer.inputs[0], change.scale == nil ? producer.inputs[1] : graph.addConstant(weights),
    ]
    if let bias { inputs.append(graph.addConstant(Tensor(bias, shape: [bias.count]))) }
    let result = try graph.addNode(
      producer.operator, inputs, name: producer.name, origins: producer.origins + node.origins,
      outputNames: [graph[node.outputs[0]].name], before: id)
    graph.replaceUses(of: node.outputs[0], with: result[0])
  }

  /// A convolution or fully connected node whose weights and bias can change.
  private struct Target {
    let weights: Constant
    let bias: [Float]?
    let channels: Int
    let channelAxis: Int
    let rank: Int
    let shape: Shape

    init?(_ node: Node, in graph: Graph) {
      guard let host = node.operator as? any ActivationHost, host.activation == .none, node.inputs.count >= 2,
        let weights = node.inputs[1].flatMap({ graph[$0].constant }), weights.type.dataType == .float32,
        let type = graph[node.outputs[0]].type, let channels = weights.shape.first
      else { return nil }
      switch node.operator {
      case let convolution as Convolution: channelAxis = convolution.layout.channelAxis(rank: type.rank)
      case is FullyConnected: channelAxis = type.rank - 1
      default: return nil
      }
      if node.inputs.count > 2, let id = node.inputs[2] {
        guard let constant = graph[id].constant, constant.type.dataType == .float32,
          let elements = try? constant.materialize().floats()
        else { return nil }
        bias = elements
      } else {
        bias = nil
      }
      self.weights = weights
      self.channels = channels
      rank = type.rank
      shape = type.shape
    }
  }
}
