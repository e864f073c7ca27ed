import SkiffBinary
import SkiffIR
import SkiffOperators

/// Says a padding by `pads` as `sameUpper` where that is the same, and one of zeros as none, as formats do whose paddings have
/// names.
///
/// Declines where sizes are not fixed, for there the two mean different things.
public struct NamePadding: Rewrite {
  public static let name = "name-padding"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let shape = node.inputs.first.flatMap(\.self).flatMap({ graph[$0].type?.shape }) else {
      return false
    }
    let named: any Operator
    switch node.operator {
    case var convolution as Convolution where !convolution.pads.isEmpty:
      guard let weights = node.inputs[1].flatMap({ graph[$0].type?.shape.fixed }),
        let padding = try unlisted(convolution.window(weights: weights), shape, convolution.layout)
      else { return false }
      (convolution.padding, convolution.pads) = (padding, [])
      named = convolution
    case var pool as MaxPool where !pool.pads.isEmpty:
      guard let padding = try unlisted(pool.window, shape, pool.layout) else { return false }
      (pool.padding, pool.pads) = (padding, [])
      named = pool
    case var pool as AveragePool where !pool.pads.isEmpty && !pool.countsPadding:
      guard let padding = try unlisted(pool.window, shape, pool.layout) else { return false }
      (pool.padding, pool.pads) = (padding, [])
      named = pool
    default: return false
    }
    graph.setNode(id, to: named, inputs: node.inputs)
    return true
  }

  /// The padding without `pads`; nil if there is none.
  private func unlisted(
    _ window: Window, _ shape: Shape, _ layout: ChannelLayout
  ) throws(ModelError) -> Padding? {
    guard window.padding == .explicit, !window.roundsUp else { return nil }
    if window.pads.allSatisfy({ $0 == 0 }) { return .explicit }
    let space = shape.dimensions[layout.spatialAxes(rank: shape.rank)].compactMap(\.fixed)
    guard space.count == window.size.count, try window.isSame(space) else { return nil }
    return .sameUpper
  }
}
