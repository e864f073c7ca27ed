import SkiffIR

/// An operator that can work on operands whose axes are stored in another order.
///
/// An order is a permutation: stored axis `i` is logical axis `order[i]`. The layout pass gives every value an
/// order and asks the operators between them for the form they take then.
package protocol AxisAware: Operator {
  /// The operator's form when its principal operand is stored in `context.order`, nil if there is none.
  func form(_ context: AxisContext) -> AxisForm?
  /// The order in which the operator wants its principal operand, of this rank, where channels shall be as `layout` says; nil if
  /// it has no preference.
  func preferredOrder(rank: Int, for layout: ChannelLayout) -> [Int]?
}

extension AxisAware {
  package func preferredOrder(rank: Int, for layout: ChannelLayout) -> [Int]? { nil }
}

/// What an operator knows when it is asked for its form.
package struct AxisContext {
  /// The order of the principal operand: the first operand, or for elementwise operators the result.
  package let order: [Int]
  /// The logical types of the operands.
  package let inputs: [TensorType?]
  /// The integers of operands that are small constants.
  package let integers: [[Int]?]
  /// The elements of integer operands that inference knows, which may depend on sizes of the inputs.
  package let elements: [[Shape.Dimension]?]
  /// Where channels shall be.
  package let layout: ChannelLayout

  package init(
    order: [Int], layout: ChannelLayout = .last, inputs: [TensorType?], integers: [[Int]?],
    elements: [[Shape.Dimension]?]? = nil
  ) {
    self.order = order
    self.layout = layout
    self.inputs = inputs
    self.integers = integers
    self.elements = elements ?? integers.map { $0?.map { .fixed($0) } }
  }

  /// The stored axis that is the logical axis `axis`, which may be negative; nil if there is none.
  package func stored(_ axis: Int) -> Int? {
    order.firstIndex(of: axis < 0 ? axis + order.count : axis)
  }

  /// The rank of the principal operand.
  package var rank: Int { order.count }
}

/// How an operator computes the same on operands stored in other orders.
package struct AxisForm {
  /// What becomes of an operand.
  package enum Operand {
    /// Stored in this order.
    case ordered([Int])
    /// Stored in this order after axes of size 1 were put before it up to the order's rank; for broadcasting.
    case aligned([Int])
    /// As the source has it.
    case logical
    /// This constant instead.
    case replaced(Tensor)
  }

  /// The operator to apply; nil if its result is the stored operand itself.
  package var `operator`: (any Operator)?
  /// What becomes of each operand.
  package var operands: [Operand]
  /// The order of each result.
  package var results: [[Int]]

  package init(_ operator: (any Operator)?, _ operands: [Operand], results: [[Int]]) {
    self.operator = `operator`
    self.operands = operands
    self.results = results
  }
}

/// Orders of axes.
package enum AxisOrder {
  /// Every axis at its place.
  package static func identity(_ rank: Int) -> [Int] { Array(0..<rank) }

  /// Batch, space, channels for a logical batch, channels, space.
  package static func channelsLast(_ rank: Int) -> [Int] {
    rank < 3 ? identity(rank) : [0] + Array(2..<rank) + [1]
  }

  /// Batch, channels, space for a logical batch, space, channels.
  package static func channelsFirst(_ rank: Int) -> [Int] {
    rank < 3 ? identity(rank) : [0, rank - 1] + Array(1..<rank - 1)
  }

  /// The order that brings the channels where `layout` says from where the other layout has them.
  package static func channels(_ layout: ChannelLayout, _ rank: Int) -> [Int] {
    layout == .last ? channelsLast(rank) : channelsFirst(rank)
  }

  /// The order `o` with `o[order[i]] = i`.
  package static func inverse(_ order: [Int]) -> [Int] {
    var result = order
    for (index, axis) in order.enumerated() { result[axis] = index }
    return result
  }

  /// What is left of an order when logical axes are removed.
  package static func removing(_ axes: Set<Int>, from order: [Int]) -> [Int] {
    let kept = order.indices.filter { !axes.contains($0) }
    return order.filter { !axes.contains($0) }.compactMap { kept.firstIndex(of: $0) }
  }
}
