import SkiffBinary
import SkiffIR
import SkiffOperators

extension FullyConnected: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let rank = axes.operand(0)?.count, rank > 0 else { return nil }
    var relations = AxisRelations()
    for axis in 0..<rank - 1 { relations.link(.operand(0, axis: axis), .result(0, axis: axis)) }
    relations.contract(.operand(0, axis: rank - 1), .operand(1, axis: 1))
    relations.link(.operand(1, axis: 0), .result(0, axis: rank - 1))
    if axes.operand(2) != nil { relations.link(.operand(2, axis: 0), .result(0, axis: rank - 1)) }
    relations.produce(.operand(1, axis: 0))
    return relations
  }
}

extension MatrixMultiply: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let a = axes.operand(0), let b = axes.operand(1), let result = axes.result(0) else { return nil }
    var relations = AxisRelations()
    let batchRank = result.count - (a.count > 1 ? 1 : 0) - (b.count > 1 ? 1 : 0)
    for (index, operand) in [a, b].enumerated() {
      for (axis, size) in operand.dropLast(2).enumerated() {
        let other = axis + batchRank - (operand.count - 2)
        guard size != .fixed(1) || result[other] == .fixed(1) else { continue }
        relations.link(.operand(index, axis: axis), .result(0, axis: other))
        relations.count(batches: .operand(index, axis: axis))
      }
    }
    func axis(_ operand: [Shape.Dimension], isInner: Bool, isLeft: Bool, transposed: Bool) -> Int {
      guard operand.count > 1 else { return 0 }
      let isLast = isInner == (isLeft != transposed)
      return isLast ? operand.count - 1 : operand.count - 2
    }
    relations.contract(
      .operand(0, axis: axis(a, isInner: true, isLeft: true, transposed: transposesA)),
      .operand(1, axis: axis(b, isInner: true, isLeft: false, transposed: transposesB)))
    if a.count > 1 {
      let rows = axis(a, isInner: false, isLeft: true, transposed: transposesA)
      relations.link(.operand(0, axis: rows), .result(0, axis: batchRank))
      relations.produce(.operand(0, axis: rows))
    }
    if b.count > 1 {
      let columns = axis(b, isInner: false, isLeft: false, transposed: transposesB)
      relations.link(.operand(1, axis: columns), .result(0, axis: result.count - 1))
      relations.produce(.operand(1, axis: columns))
    }
    return relations
  }
}
