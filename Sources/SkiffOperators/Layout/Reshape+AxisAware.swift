import SkiffIR

extension Reshape: AxisAware {
  /// Axes that are split or joined stay neighbours in any order that keeps them in sequence.
  package func form(_ context: AxisContext) -> AxisForm? {
    guard let regrouping = Regrouping(self, context),
      let order = regrouping.resultOrder(for: context.order)
    else { return nil }
    if context.order == AxisOrder.identity(context.rank), order == AxisOrder.identity(order.count) {
      return AxisForm(self, [.ordered(context.order), .logical], results: [order])
    }
    let sizes = order.map { Int64(regrouping.result[$0].fixed ?? -1) }
    guard sizes.count(where: { $0 < 0 }) <= 1 else { return nil }
    return AxisForm(
      self, [.ordered(context.order), .replaced(Tensor(sizes, shape: [sizes.count]))], results: [order])
  }

  /// The order of the operand for which the result is stored in `order`, nil if there is none.
  package func operandOrder(forResult order: [Int], _ context: AxisContext) -> [Int]? {
    Regrouping(self, context)?.operandOrder(for: order)
  }
}

/// A reshape as groups of axes of which each becomes a group of axes of the result.
private struct Regrouping {
  private let operand: [Shape.Dimension]
  let result: [Shape.Dimension]
  private var groups: [(operand: Range<Int>, result: Range<Int>)] = []

  init?(_ reshape: Reshape, _ context: AxisContext) {
    guard let shape = context.inputs.first.flatMap(\.self)?.shape, context.elements.count > 1,
      let wanted = context.elements[1],
      let result = Self.sizes(shape.dimensions, wanted, allowsZero: reshape.allowsZero)
    else { return nil }
    operand = shape.dimensions
    self.result = result
    var (i, j) = (0, 0)
    while i < operand.count || j < result.count {
      let (start, end) = (i, j)
      if i < operand.count, j < result.count, operand[i] == result[j] {
        (i, j) = (i + 1, j + 1)
      } else {
        // The smallest runs of axes on both sides with as many elements.
        var (first, second) = (1, 1)
        repeat {
          let takesOperand = first < second || (first == second && i < operand.count && start == i)
          let next =
            takesOperand ? (i < operand.count ? operand[i] : nil) : (j < result.count ? result[j] : nil)
          guard let size = next?.fixed, size > 0 else { return nil }
          let (product, overflow) = (takesOperand ? first : second).multipliedReportingOverflow(by: size)
          guard !overflow else { return nil }
          if takesOperand { (first, i) = (product, i + 1) } else { (second, j) = (product, j + 1) }
        } while first != second
      }
      // Axes of size 1 that only one side has belong to the group before them.
      if start == i || end == j, let last = groups.popLast() {
        groups.append((last.operand.lowerBound..<i, last.result.lowerBound..<j))
      } else {
        groups.append((start..<i, end..<j))
      }
    }
  }

  /// The order of the result when the operand is stored in `order`.
  func resultOrder(for order: [Int]) -> [Int]? {
    Self.carried(order, operand, groups.map { ($0.operand, $0.result) })
  }

  /// The order of the operand when the result is stored in `order`.
  func operandOrder(for order: [Int]) -> [Int]? {
    Self.carried(order, result, groups.map { ($0.result, $0.operand) })
  }

  /// The order of the axes on the other side, nil if the axes of a group are not neighbours in sequence.
  private static func carried(
    _ order: [Int], _ sizes: [Shape.Dimension], _ groups: [(from: Range<Int>, to: Range<Int>)]
  ) -> [Int]? {
    guard order.count == sizes.count else { return nil }
    var carried = groups.filter { $0.from.isEmpty }.flatMap { Array($0.to) }
    // Where axes of size 1 stand does not matter.
    let places = order.filter { sizes[$0] != .fixed(1) }
    for axis in order {
      guard let group = groups.first(where: { $0.from.contains(axis) }) else { return nil }
      let members = group.from.filter { sizes[$0] != .fixed(1) }
      guard axis == members.first ?? group.from.lowerBound else { continue }
      if let first = members.first.flatMap({ places.firstIndex(of: $0) }) {
        guard places[first...].starts(with: members) else { return nil }
      }
      carried += Array(group.to)
    }
    return carried
  }

  /// The sizes of the result; nil where more than one of them is not fixed in another way than by a symbol kept.
  private static func sizes(
    _ operand: [Shape.Dimension], _ wanted: [Shape.Dimension], allowsZero: Bool
  ) -> [Shape.Dimension]? {
    var result: [Shape.Dimension] = []
    for (index, size) in wanted.enumerated() {
      if size == .fixed(0) {
        guard !allowsZero, index < operand.count else { return nil }
        result.append(operand[index])
      } else {
        result.append(size)
      }
    }
    func product(_ sizes: [Shape.Dimension]) -> Int? {
      sizes.compactMap(\.fixed).filter { $0 != -1 }.reduce(1 as Int?) { product, size in
        guard let product, size > 0 else { return nil }
        let (next, overflow) = product.multipliedReportingOverflow(by: size)
        return overflow ? nil : next
      }
    }
    guard let before = product(operand), let after = product(result) else { return nil }
    let open = operand.filter { $0.fixed == nil && !result.contains($0) }
    guard let place = wanted.firstIndex(of: .fixed(-1)) else {
      return open.isEmpty && before == after ? result : nil
    }
    if open.isEmpty {
      guard before % after == 0 else { return nil }
      result[place] = .fixed(before / after)
    } else {
      guard open.count == 1, before == after else { return nil }
      result[place] = open[0]
    }
    return result
  }
}
