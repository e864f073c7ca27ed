import SkiffBinary
import SkiffIR
import SkiffOperators

extension Reshape: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? { axes.reshaped() }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) { try slicing.resize(shape: 1) }
}

extension Squeeze: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? { axes.reshaped() }
}

extension Unsqueeze: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? { axes.reshaped() }
}

extension ShapeOf: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    var relations = AxisRelations()
    for axis in (axes.operand(0) ?? []).indices { relations.pass(.operand(0, axis: axis)) }
    return relations
  }

  /// The sizes that a graph computes with stay those of before: where a result depends on them, it is changed there.
  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard let operand = slicing.axes.operand(0) else { return }
    let range = axes(rank: operand.count)
    let pruned = range.filter { slicing.kept(.operand(0, axis: $0)) != nil }
    guard !pruned.isEmpty else { return }
    var old: [Int: Int] = [:]
    for axis in pruned { old[axis - range.lowerBound] = operand[axis].fixed }
    let input = slicing.inputs[0]
    try slicing.become(listOf: range.count, replacing: old, of: dataType) { part in
      var copy = self
      (copy.start, copy.end) = (range.lowerBound + part.lowerBound, range.lowerBound + part.upperBound)
      return (copy, [input])
    }
  }
}

extension NodeAxes {
  /// How the axes of operand and result are made of each other when elements keep their order.
  func reshaped() -> AxisRelations? {
    guard let operand = operand(0), let result = result(0) else { return nil }
    var relations = AxisRelations()
    var (i, j) = (0, 0)
    var (m, n) = (operand.count, result.count)
    // Axes of sizes that are not fixed are the same one where nothing else is before, or behind, them.
    while i < m, j < n, let parts = Self.parts(operand[i..<m], result[j..<n], isFirst: true) {
      relate(i..<i + parts.0, j..<j + parts.1, operand, result, &relations)
      (i, j) = (i + parts.0, j + parts.1)
    }
    while i < m, j < n, let parts = Self.parts(operand[i..<m], result[j..<n], isFirst: false) {
      relate(m - parts.0..<m, n - parts.1..<n, operand, result, &relations)
      (m, n) = (m - parts.0, n - parts.1)
    }
    return relations
  }

  /// How many axes of both, counted from the first or from the last, have the same number of elements together; nil if
  /// that is not known.
  private static func parts(
    _ a: ArraySlice<Shape.Dimension>, _ b: ArraySlice<Shape.Dimension>, isFirst: Bool
  ) -> (Int, Int)? {
    let a = isFirst ? Array(a) : a.reversed()
    let b = isFirst ? Array(b) : b.reversed()
    if a[0] == b[0], a[0] != .unknown { return (1, 1) }
    if a[0] == .fixed(1) { return (1, 0) }
    if b[0] == .fixed(1) { return (0, 1) }
    guard var x = a[0].fixed, var y = b[0].fixed else { return nil }
    var (i, j) = (1, 1)
    while x != y {
      if x < y {
        guard i < a.count, let size = a[i].fixed, size > 0 else { return nil }
        let (product, overflow) = x.multipliedReportingOverflow(by: size)
        guard !overflow else { return nil }
        (x, i) = (product, i + 1)
      } else {
        guard j < b.count, let size = b[j].fixed, size > 0 else { return nil }
        let (product, overflow) = y.multipliedReportingOverflow(by: size)
        guard !overflow else { return nil }
        (y, j) = (product, j + 1)
      }
    }
    return (i, j)
  }

  private func relate(
    _ a: Range<Int>, _ b: Range<Int>, _ operand: [Shape.Dimension], _ result: [Shape.Dimension],
    _ relations: inout AxisRelations
  ) {
    let from = a.filter { operand[$0] != .fixed(1) }.map { AxisRelations.Place.operand(0, axis: $0) }
    let to = b.filter { result[$0] != .fixed(1) }.map { AxisRelations.Place.result(0, axis: $0) }
    if from.count == 1, to.count == 1 {
      relations.link(from[0], to[0])
    } else if from.count == 1, to.count > 1 {
      relations.merge(to, into: from[0])
    } else if to.count == 1, from.count > 1 {
      relations.merge(from, into: to[0])
    }
  }
}
