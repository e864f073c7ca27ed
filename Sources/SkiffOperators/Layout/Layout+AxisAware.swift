import SkiffIR

/// A spatial operator that can have its channels first or last.
package protocol ChannelLayoutOperator: AxisAware {
  /// Where the channels are.
  var layout: ChannelLayout { get set }
  /// The order of operands behind the first where the input, of this rank, gets another layout; nil for those left as they are. By
  /// default they have one axis of channels at most.
  func parameterOrders(rank: Int, for layout: ChannelLayout) -> [[Int]?]
}

extension ChannelLayoutOperator {
  package func parameterOrders(rank: Int, for layout: ChannelLayout) -> [[Int]?] { [] }

  package func preferredOrder(rank: Int, for layout: ChannelLayout) -> [Int]? {
    layout == self.layout ? nil : AxisOrder.channels(layout, rank)
  }

  package func form(_ context: AxisContext) -> AxisForm? {
    guard context.order == preferredOrder(rank: context.rank, for: context.layout) else { return nil }
    var copy = self
    copy.layout = context.layout
    let orders = parameterOrders(rank: context.rank, for: context.layout)
    let rest = context.inputs.dropFirst().indices.map { index -> AxisForm.Operand in
      (index <= orders.count ? orders[index - 1] : nil).map { .ordered($0) } ?? .logical
    }
    return AxisForm(copy, [.ordered(context.order)] + rest, results: [context.order])
  }
}

extension AveragePool: ChannelLayoutOperator {}
extension DepthToSpace: ChannelLayoutOperator {}
extension GroupNormalization: ChannelLayoutOperator {}
extension InstanceNormalization: ChannelLayoutOperator {}
extension LocalResponseNormalization: ChannelLayoutOperator {}
extension LpPool: ChannelLayoutOperator {}
extension MaxPool: ChannelLayoutOperator {}
extension SpaceToDepth: ChannelLayoutOperator {}

extension Convolution: ChannelLayoutOperator {
  package func parameterOrders(rank: Int, for layout: ChannelLayout) -> [[Int]?] {
    [AxisOrder.channels(layout, rank)]
  }
}

extension TransposedConvolution: ChannelLayoutOperator {
  /// `[inputs, outputs / groups, window…]` with the channels first, `[outputs / groups, window…, inputs]` with them last.
  package func parameterOrders(rank: Int, for layout: ChannelLayout) -> [[Int]?] {
    guard rank > 0 else { return [] }
    return [layout == .last ? Array(1..<rank) + [0] : [rank - 1] + Array(0..<rank - 1)]
  }
}
