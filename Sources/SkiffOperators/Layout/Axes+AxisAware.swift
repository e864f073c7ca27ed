import SkiffIR

/// An operator that works along one axis, which it names, and keeps all axes.
package protocol AlongAxisOperator: AxisAware {
  /// The axis; negative ones count from behind.
  var axis: Int { get set }
}

extension AlongAxisOperator {
  package func form(_ context: AxisContext) -> AxisForm? { formAlongAxis(context) }

  fileprivate func formAlongAxis(_ context: AxisContext) -> AxisForm? {
    guard let axis = context.stored(axis) else { return nil }
    var copy = self
    copy.axis = axis
    let operands = [AxisForm.Operand](repeating: .ordered(context.order), count: context.inputs.count)
    return AxisForm(
      copy, operands, results: [[Int]](repeating: context.order, count: copy.outputCount))
  }
}

extension LineOperator {
  /// Kernels of integers run along the last axis.
  package func form(_ context: AxisContext) -> AxisForm? {
    let isInteger = context.inputs.first.flatMap(\.self)?.isQuantized == true
    guard !isInteger || context.stored(axis) == context.rank - 1 else { return nil }
    return formAlongAxis(context)
  }
}

extension Concat: AlongAxisOperator {}
extension CumSum: AlongAxisOperator {}
extension Split: AlongAxisOperator {}

extension AxisContext {
  /// The stored axes that are these logical ones; nil if one does not exist.
  func stored(_ axes: [Int]) -> [Int]? {
    let found = axes.compactMap { stored($0) }
    return found.count == axes.count ? found : nil
  }
}

extension Reduction {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard let stored = context.stored(axes) else { return nil }
    var copy = self
    copy.axes = stored
    let reduced = axes.isEmpty ? Set(context.order) : Set(stored.map { context.order[$0] })
    let result = keepsDimensions ? context.order : AxisOrder.removing(reduced, from: context.order)
    return AxisForm(copy, [.ordered(context.order)], results: [result])
  }
}

extension ArgExtreme {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard let stored = context.stored(axis) else { return nil }
    var copy = self
    copy.axis = stored
    let result =
      keepsDimensions ? context.order : AxisOrder.removing([context.order[stored]], from: context.order)
    return AxisForm(copy, [.ordered(context.order)], results: [result])
  }
}

extension Squeeze: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard !axes.isEmpty, let stored = context.stored(axes) else { return nil }
    let result = AxisOrder.removing(Set(stored.map { context.order[$0] }), from: context.order)
    return AxisForm(Squeeze(axes: stored), [.ordered(context.order)], results: [result])
  }
}

extension Reverse: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard let stored = context.stored(axes) else { return nil }
    return AxisForm(Reverse(axes: stored), [.ordered(context.order)], results: [context.order])
  }
}

extension MeanVarianceNormalization: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard let stored = context.stored(axes) else { return nil }
    var copy = self
    copy.axes = stored
    return AxisForm(copy, [.ordered(context.order)], results: [context.order])
  }
}

extension TopK: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard let stored = context.stored(axis) else { return nil }
    var copy = self
    copy.axis = stored
    return AxisForm(copy, [.ordered(context.order), .logical], results: [context.order, context.order])
  }
}

extension Pad: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    let rest = [AxisForm.Operand](repeating: .logical, count: context.inputs.count - 1)
    var form = AxisForm(self, [.ordered(context.order)] + rest, results: [context.order])
    if context.inputs.count > 3, context.inputs[3] != nil {
      guard let axes = context.integers[3], let stored = context.stored(axes) else { return nil }
      form.operands[3] = .replaced(Tensor(stored.map(Int64.init), shape: [stored.count]))
    } else {
      guard let pads = context.integers[1], pads.count == 2 * context.rank else { return nil }
      let moved = context.order.map { pads[$0] } + context.order.map { pads[context.rank + $0] }
      form.operands[1] = .replaced(Tensor(moved.map(Int64.init), shape: [moved.count]))
    }
    return form
  }
}

extension Slice: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard context.inputs.count > 3, let axes = context.integers[3], let stored = context.stored(axes) else {
      return nil
    }
    var operands = [AxisForm.Operand](repeating: .logical, count: context.inputs.count)
    operands[0] = .ordered(context.order)
    operands[3] = .replaced(Tensor(stored.map(Int64.init), shape: [stored.count]))
    return AxisForm(self, operands, results: [context.order])
  }
}

extension Tile: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    guard context.integers.count > 1, let repeats = context.integers[1], repeats.count == context.rank else {
      return nil
    }
    let moved = Tensor(context.order.map { Int64(repeats[$0]) }, shape: [repeats.count])
    return AxisForm(self, [.ordered(context.order), .replaced(moved)], results: [context.order])
  }
}

extension Resize: AxisAware {
  package func form(_ context: AxisContext) -> AxisForm? {
    let logical = axes.isEmpty ? Array(0..<context.rank) : axes
    guard let stored = context.stored(logical) else { return nil }
    // Runtimes have kernels for some axes side by side, which are not the first, in the order of the source.
    let ordered = context.stored(logical.map { $0 < 0 ? $0 + context.rank : $0 }.sorted()) ?? []
    let first = ordered.first ?? 0
    guard ordered.count == context.rank || first > 0 && ordered == Array(first..<first + ordered.count) else {
      return nil
    }
    var copy = self
    copy.axes = stored
    let rest = [AxisForm.Operand](repeating: .logical, count: context.inputs.count - 1)
    return AxisForm(copy, [.ordered(context.order)] + rest, results: [context.order])
  }
}
