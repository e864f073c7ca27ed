import SkiffIR

/// An operator that refuses places which its first operand does not have, as another operand of integers tells them.
package protocol IndexedOperator: Operator {
  /// The operand that tells places.
  static var indexOperand: Int { get }

  /// The greatest integer that may stand anywhere in that operand, nil if it is not known; the least is 0.
  func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int?
}

extension IndexedOperator {
  package static var indexOperand: Int { 1 }
}

extension Gather: IndexedOperator {
  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    operands[0]?.lastPlace(along: axis)
  }
}

extension GatherElements: IndexedOperator {
  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    operands[0]?.lastPlace(along: axis)
  }
}

extension ScatterElements: IndexedOperator {
  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    operands[0]?.lastPlace(along: axis)
  }
}

extension GatherND: IndexedOperator {
  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    operands[0]?.lastPlace(ofPartsAt: operands[1], batchDimensions: batchDimensions)
  }
}

extension ScatterND: IndexedOperator {
  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    operands[0]?.lastPlace(ofPartsAt: operands[1])
  }
}

extension MaxUnpool: IndexedOperator {
  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    (result?.elementCount).map { $0 - 1 }
  }
}

extension NegativeLogLikelihood: IndexedOperator {
  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    operands[0]?.lastPlace(along: 1)
  }
}

extension RegionAlign: IndexedOperator {
  package static var indexOperand: Int { 2 }

  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    operands[0]?.lastPlace(along: 0)
  }
}

extension ReverseSequence: IndexedOperator {
  /// Lengths, up to that of the whole.
  package func greatestIndex(_ operands: [Shape?], result: Shape?) -> Int? {
    operands[0]?.lastPlace(along: timeAxis).map { $0 + 1 }
  }
}

extension Shape {
  fileprivate func lastPlace(along axis: Int) -> Int? {
    guard let axis = try? normalizedAxis(axis, rank: rank) else { return nil }
    return self[axis].fixed.map { $0 - 1 }
  }

  /// The last place along the shortest of the axes that each list of the indices is for.
  fileprivate func lastPlace(ofPartsAt indices: Shape?, batchDimensions: Int = 0) -> Int? {
    guard let depth = indices?.dimensions.last?.fixed else { return nil }
    return dimensions.dropFirst(batchDimensions).prefix(depth).compactMap(\.fixed).min().map { $0 - 1 }
  }
}
