/// How far numbers are from what was expected.
package struct FloatDifference: CustomStringConvertible, Sendable {
  /// The largest absolute error; infinite if one side alone is NaN, or infinities differ, or the counts do.
  package let largestError: Double
  /// The position of the largest error.
  package let worstIndex: Int?
  /// The difference between the largest and the smallest finite number that was expected.
  package let range: Double
  package let description: String

  /// The largest error as a share of the range; the error itself where all expected numbers are equal.
  package var errorOfRange: Double { range > 0 ? largestError / range : largestError }

  package init<Number: BinaryFloatingPoint>(_ actual: [Number], from expected: [Number]) {
    let finite = expected.filter(\.isFinite)
    range = Double(finite.max() ?? 0) - Double(finite.min() ?? 0)
    guard actual.count == expected.count else {
      (largestError, worstIndex) = (.infinity, nil)
      description = "\(actual.count) numbers instead of \(expected.count)"
      return
    }
    var worst: (error: Double, index: Int)?
    for index in expected.indices {
      let (a, e) = (Double(actual[index]), Double(expected[index]))
      if a == e || a.isNaN && e.isNaN { continue }
      let error = a.isFinite && e.isFinite ? abs(a - e) : .infinity
      if error > worst?.error ?? 0 { worst = (error, index) }
    }
    guard let worst else {
      (largestError, worstIndex) = (0, nil)
      description = "equal"
      return
    }
    (largestError, worstIndex) = worst
    description =
      "\(actual[worst.index]) instead of \(expected[worst.index]) at \(worst.index), "
      + "error \(worst.error), range \(range)"
  }
}

/// How many integers differ from what was expected, and by how much.
package struct IntegerDifference: CustomStringConvertible, Sendable {
  /// The number of positions that differ; the larger of the counts if those do.
  package let count: Int
  /// The largest difference, positive.
  package let largest: UInt64
  package let description: String

  package init<Integer: FixedWidthInteger>(_ actual: [Integer], from expected: [Integer]) {
    guard actual.count == expected.count else {
      count = max(actual.count, expected.count)
      largest = .max
      description = "\(actual.count) integers instead of \(expected.count)"
      return
    }
    var count = 0
    var largest: UInt64 = 0
    var first: Int?
    for index in expected.indices where actual[index] != expected[index] {
      let (low, high) = (min(actual[index], expected[index]), max(actual[index], expected[index]))
      count += 1
      largest = max(largest, UInt64(truncatingIfNeeded: high) &- UInt64(truncatingIfNeeded: low))
      first = first ?? index
    }
    (self.count, self.largest) = (count, largest)
    guard let first else {
      description = "equal"
      return
    }
    description =
      "\(count) of \(expected.count) differ, by \(largest) at most, "
      + "first at \(first): \(actual[first]) instead of \(expected[first])"
  }
}
