import SkiffIR

extension Transpose: AxisAware {
  /// The stored elements stay where they are: only the meaning of their axes changes.
  package func form(_ context: AxisContext) -> AxisForm? {
    let inverse = AxisOrder.inverse(permutation(rank: context.rank))
    return AxisForm(nil, [.ordered(context.order)], results: [context.order.map { inverse[$0] }])
  }
}

extension BatchNormalization: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard let axis = context.stored(axis) else { return nil }
    var copy = self
    copy.axis = axis
    return AxisForm(
      copy, [.ordered(context.order), .logical, .logical, .logical, .logical], results: [context.order])
  }
}
