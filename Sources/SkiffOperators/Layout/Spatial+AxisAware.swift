import SkiffIR

extension Convolution: AxisAware {
  package func preferredOrder(rank: Int) -> [Int]? { layout == .first ? AxisOrder.channelsLast(rank) : nil }

  package func form(_ context: AxisContext) -> AxisForm? {
    guard layout == .first, context.order == AxisOrder.channelsLast(context.rank) else { return nil }
    var copy = self
    copy.layout = .last
    return AxisForm(
      copy, [.ordered(context.order), .ordered(context.order), .logical], results: [context.order])
  }
}

extension AveragePool: AxisAware {
  package func preferredOrder(rank: Int) -> [Int]? { layout == .first ? AxisOrder.channelsLast(rank) : nil }

  package func form(_ context: AxisContext) -> AxisForm? {
    guard layout == .first, context.order == AxisOrder.channelsLast(context.rank) else { return nil }
    var copy = self
    copy.layout = .last
    return AxisForm(copy, [.ordered(context.order)], results: [context.order])
  }
}

extension MaxPool: AxisAware {
  package func preferredOrder(rank: Int) -> [Int]? { layout == .first ? AxisOrder.channelsLast(rank) : nil }

  package func form(_ context: AxisContext) -> AxisForm? {
    guard layout == .first, context.order == AxisOrder.channelsLast(context.rank) else { return nil }
    var copy = self
    copy.layout = .last
    return AxisForm(copy, [.ordered(context.order)], results: [context.order])
  }
}
