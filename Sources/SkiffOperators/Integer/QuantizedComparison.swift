/// Comparison of two int8 tensors of different scales with broadcasting.
package struct QuantizedComparison: Sendable {
  /// The relation that is tested.
  package enum Relation: String, Hashable, Sendable, CaseIterable {
    /// first = second.
    case equal
    /// first ≠ second.
    case notEqual
    /// first < second.
    case less
    /// first ≤ second.
    case lessEqual
    /// first > second.
    case greater
    /// first ≥ second.
    case greaterEqual
  }

  /// The fraction bits gained before the inputs are scaled.
  static let leftShift: Int32 = 8

  /// The relation.
  package let relation: Relation
  /// The alignment of the inputs.
  package let broadcast: QuantizedBroadcast
  /// The inputs' zero points.
  package let zeroPoints: (first: Int32, second: Int32)
  /// The inputs' scales.
  package let multipliers: (first: QuantizedMultiplier, second: QuantizedMultiplier)

  /// Derives both factors. Returns nil for a scale of 1 or more, for which the reference is not defined.
  package init?(
    _ relation: Relation, broadcast: QuantizedBroadcast, first: LinearQuantization, second: LinearQuantization
  ) {
    self.relation = relation
    self.broadcast = broadcast
    zeroPoints = (first.zeroPoint, second.zeroPoint)
    multipliers = (QuantizedMultiplier(Double(first.scale)), QuantizedMultiplier(Double(second.scale)))
    guard multipliers.first.shift <= 0, multipliers.second.shift <= 0 else { return nil }
  }

  /// Compares element by element; a shifted difference is at most 255 · 2^8 in magnitude.
  package func run(first: Span<Int8>, second: Span<Int8>, output: inout MutableSpan<Bool>) {
    broadcast.forEach { index, i, j in
      let a = multipliers.first.apply((Int32(first[i]) &- zeroPoints.first) << Self.leftShift)
      let b = multipliers.second.apply((Int32(second[j]) &- zeroPoints.second) << Self.leftShift)
      output[index] =
        switch relation {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessEqual: a <= b
        case .greater: a > b
        case .greaterEqual: a >= b
        }
    }
  }
}
