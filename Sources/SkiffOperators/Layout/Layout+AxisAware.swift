import SkiffIR

/// A spatial operator on one tensor, with parameters by channel at most, that can have its channels first or last.
package protocol ChannelLayoutOperator: AxisAware {
  /// Where the channels are.
  var layout: ChannelLayout { get set }
}

extension ChannelLayoutOperator {
  package func preferredOrder(rank: Int) -> [Int]? { layout == .first ? AxisOrder.channelsLast(rank) : nil }

  package func form(_ context: AxisContext) -> AxisForm? {
    guard layout == .first, context.order == AxisOrder.channelsLast(context.rank) else { return nil }
    var copy = self
    copy.layout = .last
    let rest = [AxisForm.Operand](repeating: .logical, count: context.inputs.count - 1)
    return AxisForm(copy, [.ordered(context.order)] + rest, results: [context.order])
  }
}

extension DepthToSpace: ChannelLayoutOperator {}
extension GroupNormalization: ChannelLayoutOperator {}
extension InstanceNormalization: ChannelLayoutOperator {}
extension LocalResponseNormalization: ChannelLayoutOperator {}
extension LpPool: ChannelLayoutOperator {}
extension SpaceToDepth: ChannelLayoutOperator {}

extension TransposedConvolution: AxisAware {
  package func preferredOrder(rank: Int) -> [Int]? { layout == .first ? AxisOrder.channelsLast(rank) : nil }

  package func form(_ context: AxisContext) -> AxisForm? {
    guard layout == .first, context.order == AxisOrder.channelsLast(context.rank) else { return nil }
    var copy = self
    copy.layout = .last
    // [inputs, outputs / groups, window…] becomes [outputs / groups, window…, inputs].
    let weights = Array(1..<context.rank) + [0]
    let rest = [AxisForm.Operand](repeating: .logical, count: context.inputs.count - 2)
    return AxisForm(
      copy, [.ordered(context.order), .ordered(weights)] + rest, results: [context.order])
  }
}
