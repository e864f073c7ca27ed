import SkiffBinary
import SkiffIR
import SkiffOperators

/// Takes padding of space into the window behind it.
///
/// 1. `Convolution(Pad(x))` → `Convolution(x) {pads}` where zeros are added
/// 2. `MaxPool(Pad(x))` → `MaxPool(x) {pads}` where the least number is added, or zeros to what is never negative
///
/// Declines on other contents than one number, on negative amounts, on axes that are not space, where the padding has
/// another user, on integers, where a window that is `same` meets sizes that are not fixed, where a window of a pooling
/// could lie in padding only, and before average pooling: no integer kernel counts padding, so that padding of its own
/// is what keeps it in integers.
public struct FusePad: Rewrite {
  public static let name = "fuse-pad"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let padded = node.inputs.first.flatMap(\.self), graph.soleUser(of: padded) == id,
      let pad = graph.producer(of: padded), let type = graph[padded].type, type.dataType.isFloatingPoint,
      type.rank >= 3, let fill = fill(of: pad, in: graph), let x = pad.inputs[0]
    else { return false }
    let fused: (any Operator)?
    switch node.operator {
    case var convolution as Convolution:
      guard fill == 0, let w = node.inputs[1], let weights = graph[w].type?.shape.fixed,
        let pads = try merged(pad, convolution.window(weights: weights), convolution.layout, type, in: graph)
      else { return false }
      (convolution.padding, convolution.pads) = (.explicit, pads)
      fused = convolution
    case var pool as MaxPool:
      let window = try pool.window
      guard fill <= -.greatestFiniteMagnitude || fill == 0 && isNeverNegative(x, in: graph),
        window.dilations.allSatisfy({ $0 == 1 }),
        let pads = try merged(pad, window, pool.layout, type, in: graph),
        pads.indices.allSatisfy({ pads[$0] < window.size[$0 % window.size.count] }), !pool.roundsUp
      else { return false }
      (pool.padding, pool.pads) = (.explicit, pads)
      fused = pool
    default: fused = nil
    }
    guard let fused else { return false }
    let result = try graph.addNode(
      fused, [x] + node.inputs.dropFirst(), name: node.name, origins: pad.origins + node.origins,
      outputNames: [graph[node.outputs[0]].name], before: id)
    graph.replaceUses(of: node.outputs[0], with: result[0])
    return true
  }

  /// The number that is added; nil if it is not known or not one.
  private func fill(of node: Node, in graph: Graph) -> Float? {
    guard let pad = node.operator as? Pad, pad.content == .constant else { return nil }
    guard node.inputs.count > 2, let value = node.inputs[2] else { return 0 }
    return graph.scalar(value)
  }

  /// The padding of a window together with that before it; nil where they are not known or not over space.
  private func merged(
    _ node: Node, _ window: Window, _ layout: ChannelLayout, _ type: TensorType, in graph: Graph
  ) throws(ModelError) -> [Int]? {
    guard let amounts = node.inputs[1].flatMap({ graph.integers($0) }) else { return nil }
    var axes = Array(0..<type.rank)
    if node.inputs.count > 3, let list = node.inputs[3] {
      guard let named = graph.integers(list) else { return nil }
      axes = try normalizedAxes(named, rank: type.rank)
    }
    guard amounts.count == 2 * axes.count, amounts.allSatisfy({ $0 >= 0 && $0 < 1 << 20 }) else { return nil }
    let space = layout.spatialAxes(rank: type.rank)
    guard space.count == window.size.count else { return nil }
    var own = window.pads
    if window.padding != .explicit {
      let sizes = space.compactMap { type.shape[$0].fixed }
      guard sizes.count == space.count else { return nil }
      let chosen = window.padAmounts(sizes)
      own = chosen.map(\.begin) + chosen.map(\.end)
    }
    for (index, axis) in axes.enumerated() {
      let (begin, end) = (amounts[index], amounts[axes.count + index])
      guard space.contains(axis) else {
        guard begin == 0, end == 0 else { return nil }
        continue
      }
      own[axis - space.lowerBound] += begin
      own[space.count + axis - space.lowerBound] += end
    }
    return own
  }

  /// Whether a value is what a clamp at zero gives.
  private func isNeverNegative(_ value: ValueID, in graph: Graph) -> Bool {
    guard let node = graph.producer(of: value) else { return false }
    switch node.operator {
    case is Relu, is Sigmoid: return true
    case let clip as Clip: return node.inputs.count == 1 && clip.minimum.map { $0 >= 0 } ?? false
    case let host as any ActivationHost: return host.activation.lowerBound >= 0
    case is MaxPool: return node.inputs[0].map { isNeverNegative($0, in: graph) } ?? false
    default: return false
    }
  }
}

extension Graph {
  /// The integers of a value, if they are known before the graph runs.
  fileprivate func integers(_ value: ValueID) -> [Int]? {
    guard let known = self[value].knownElements else {
      return try? self[value].constant?.materialize().integers()
    }
    let numbers = known.compactMap(\.fixed)
    return numbers.count == known.count ? numbers : nil
  }
}
