import SkiffBinary
import SkiffIR

/// How much is added around a spatial tensor.
public enum Padding: String, AttributeEnumeration, CaseIterable {
  /// What the attribute `pads` says.
  case explicit
  /// As much as makes `ceil(size / stride)` outputs, the odd one at the end.
  case sameUpper
  /// As much as makes `ceil(size / stride)` outputs, the odd one at the beginning.
  case sameLower
}

/// A window that slides over the spatial axes: that of a convolution or of a pooling.
package struct Window: Hashable, Sendable {
  package var size: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  package var padding: Padding
  /// All beginnings, then all ends.
  package var pads: [Int]
  package var roundsUp = false

  /// The window with empty lists of attributes filled with their defaults.
  package init(
    size: [Int], strides: [Int], dilations: [Int], padding: Padding, pads: [Int], roundsUp: Bool = false
  ) throws(ModelError) {
    let rank = size.count
    self.size = size
    self.strides = strides.isEmpty ? [Int](repeating: 1, count: rank) : strides
    self.dilations = dilations.isEmpty ? [Int](repeating: 1, count: rank) : dilations
    self.padding = padding
    self.pads = pads.isEmpty ? [Int](repeating: 0, count: 2 * rank) : pads
    self.roundsUp = roundsUp
    func check(_ holds: Bool, _ name: String) throws(ModelError) {
      guard holds else {
        throw ModelError(.invalidGraph, "does not fit \(rank) spatial axes", at: Location(attribute: name))
      }
    }
    try check(size.allSatisfy { $0 > 0 && $0 < 1 << 31 }, "size")
    try check(self.strides.count == rank && self.strides.allSatisfy { $0 > 0 && $0 < 1 << 31 }, "strides")
    try check(
      self.dilations.count == rank && self.dilations.allSatisfy { $0 > 0 && $0 < 1 << 31 }, "dilations")
    try check(
      self.pads.count == 2 * rank && self.pads.allSatisfy { $0.magnitude < 1 << 31 }, "pads")
  }

  /// The extent from the first to the last element under the window.
  package func extent(_ axis: Int) -> Int { (size[axis] - 1) * dilations[axis] + 1 }

  /// The number of positions along each axis.
  package func outputSizes(_ space: [Shape.Dimension]) throws(ModelError) -> [Shape.Dimension] {
    var result: [Shape.Dimension] = []
    for (axis, dimension) in space.enumerated() {
      let stride = strides[axis]
      guard padding == .explicit else {
        result.append(dimension.roundedUpDivision(by: stride))
        continue
      }
      let begin = pads[axis]
      let rest = dimension + .fixed(begin + pads[size.count + axis] - extent(axis))
      if let rest = rest.fixed, rest < 0 {
        throw ModelError(
          .invalidGraph, "a window of \(extent(axis)) does not fit the padded size \(rest + extent(axis))")
      }
      var count = roundsUp ? rest.roundedUpDivision(by: stride) + .fixed(1) : rest / stride + .fixed(1)
      // With rounding up, a last window that would start in the padding at the end does not count.
      if roundsUp, let number = count.fixed, let length = dimension.fixed,
        (number - 1) * stride >= length + begin
      {
        count = .fixed(number - 1)
      }
      result.append(count)
    }
    return result
  }

  /// What is added at the beginning of each axis when the sizes are known.
  package func begins(_ space: [Int]) -> [Int] { padAmounts(space).map(\.begin) }

  /// What is added at the beginning and at the end of each axis when the sizes are known.
  package func padAmounts(_ space: [Int]) -> [(begin: Int, end: Int)] {
    space.indices.map { axis in
      guard padding != .explicit else { return (pads[axis], pads[size.count + axis]) }
      let count = (space[axis] + strides[axis] - 1) / strides[axis]
      let total = max(0, (count - 1) * strides[axis] + extent(axis) - space[axis])
      return padding == .sameUpper ? (total / 2, total - total / 2) : (total - total / 2, total / 2)
    }
  }

  /// What is added, all beginnings and then all ends, if it is the same for whatever open sizes are: of windows that move by one it
  /// is, and nothing of windows of one element; nil if it is not.
  package func knownPads(_ space: [Shape.Dimension]) -> [Int]? {
    let sizes = space.indices.compactMap {
      space[$0].fixed ?? (strides[$0] == 1 || extent($0) == 1 ? 1 : nil)
    }
    guard sizes.count == space.count else { return nil }
    let amounts = padAmounts(sizes)
    return amounts.map(\.begin) + amounts.map(\.end)
  }

  /// The same positions with the last window filled up: a window that is rounded down and whose padding is
  /// explicit, for known sizes.
  package func filledUp(_ space: [Int]) throws(ModelError) -> Window {
    var result = self
    let amounts = padAmounts(space)
    let counts = try outputSizes(space.map { .fixed($0) }).map { $0.fixed ?? 0 }
    result.padding = .explicit
    result.roundsUp = false
    result.pads = amounts.map(\.begin)
    for axis in space.indices {
      let missing = (counts[axis] - 1) * strides[axis] + extent(axis) - space[axis] - amounts[axis].begin
      result.pads.append(max(amounts[axis].end, missing))
    }
    return result
  }

  /// Whether the padding is what `sameUpper` would choose, for known sizes.
  package func isSame(_ space: [Int]) throws(ModelError) -> Bool {
    var same = self
    same.padding = .sameUpper
    let dimensions = space.map { Shape.Dimension.fixed($0) }
    guard zip(padAmounts(space), same.padAmounts(space)).allSatisfy({ $0 == $1 }) else { return false }
    return try outputSizes(dimensions) == same.outputSizes(dimensions)
  }

  /// Whether the padding is what `sameUpper` would choose, or none, if the last window is filled up.
  package func isSameOrValid(_ space: [Int]) throws(ModelError) -> Bool {
    let filled = try filledUp(space)
    if filled.pads.allSatisfy({ $0 == 0 }) { return true }
    return try filled.isSame(space)
  }

  /// How many places under the window at each position count, with the axes in order: those within the tensor, and
  /// where `countsPadding` those in the padding too.
  package func divisors(_ space: [Int], countsPadding: Bool) throws(ModelError) -> [Float] {
    let amounts = padAmounts(space)
    var result: [Float] = [1]
    for (axis, count) in try outputSizes(space.map { .fixed($0) }).map({ $0.fixed ?? 0 }).enumerated() {
      let (low, high) =
        countsPadding ? (-amounts[axis].begin, space[axis] + amounts[axis].end) : (0, space[axis])
      let along = (0..<count).map { position in
        let start = position * strides[axis] - amounts[axis].begin
        /// The number of places before another one.
        func count(before end: Int) -> Int {
          min(max(0, end - start + dilations[axis] - 1) / dilations[axis], size[axis])
        }
        return Float(max(0, count(before: high) - count(before: low)))
      }
      result = result.flatMap { factor in along.map { factor * $0 } }
    }
    return result
  }
}
