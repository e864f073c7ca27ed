import SkiffBinary
import SkiffIR
import SkiffOperators

/// An operator that says how the indices of its axes belong together.
protocol AxisRelated: Operator {
  /// What it says; nil if nothing is known, so that all of its axes keep their indices.
  func relations(_ axes: NodeAxes) -> AxisRelations?
  /// Changes what the operator or its operands say of sizes, once some indices are gone.
  func slice(_ slicing: inout NodeSlicing) throws(ModelError)
}

extension AxisRelated {
  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {}
}

extension NodeAxes {
  /// What the operator of the node says; nil for one that is not known.
  func relations() -> AxisRelations? {
    switch node.operator {
    case let rule as any AxisRelated: rule.relations(self)
    case is any PlacewiseOperator: broadcast()
    case let reduction as any Reduction: reduced(reduction)
    case let line as any LineOperator: passing(except: [line.axis])
    // Positions in all of the input are others where channels are missing.
    case is MaxPoolPositions: nil
    case let pooling as any Pooling: pooled(pooling.layout)
    case let normalization as any TrailingNormalization: trailing(normalization.axis)
    case let recurrent as any RecurrentOperator: recurrentRelations(recurrent)
    default: nil
    }
  }

  /// Each axis of the operands belongs to that of the first result which it broadcasts to.
  private func broadcast() -> AxisRelations? {
    guard let result = result(0) else { return nil }
    var relations = AxisRelations()
    for index in node.inputs.indices {
      guard let operand = operand(index), operand.count <= result.count else { continue }
      for (axis, size) in operand.enumerated() {
        let other = axis + result.count - operand.count
        guard size != .fixed(1) || result[other] == .fixed(1) else { continue }
        relations.link(.operand(index, axis: axis), .result(0, axis: other))
      }
    }
    return relations
  }

  /// The first operand and the first result have the same axes, all but some of which are passed on.
  func passing(except axes: [Int]) -> AxisRelations? {
    guard let operand = operand(0), let result = result(0), operand.count == result.count else { return nil }
    let used = axes.map { $0 < 0 ? $0 + operand.count : $0 }
    var relations = AxisRelations()
    for axis in operand.indices where !used.contains(axis) {
      relations.link(.operand(0, axis: axis), .result(0, axis: axis))
    }
    return relations
  }

  private func pooled(_ layout: ChannelLayout) -> AxisRelations? {
    operand(0).flatMap { passing(except: Array(layout.spatialAxes(rank: $0.count))) }
  }

  private func reduced(_ reduction: any Reduction) -> AxisRelations? {
    guard let operand = operand(0), let reduced = try? reduction.reducedAxes(rank: operand.count) else {
      return nil
    }
    var relations = AxisRelations()
    var axis = 0
    for index in operand.indices {
      guard reduced.contains(index) else {
        relations.link(.operand(0, axis: index), .result(0, axis: axis))
        axis += 1
        continue
      }
      if reduction.keepsDimensions { axis += 1 }
    }
    return relations
  }

  private func trailing(_ axis: Int) -> AxisRelations? {
    guard let rank = operand(0)?.count else { return nil }
    return passing(except: Array((axis < 0 ? axis + rank : axis)..<rank))
  }
}
