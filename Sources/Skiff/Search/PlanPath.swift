/// Plans from the most careful to the smallest: at each step one unit takes fewer bytes at the least damage for each byte.
///
/// Damages are taken to add up, as errors do that have nothing to do with each other. What a unit can become is reduced to the
/// lower convex hull of bytes and damage; the steps of all hulls, in the order of their slopes, are the plans that no sum
/// of the same bytes is better than (Shoham and Gersho, "Efficient Bit Allocation for an Arbitrary Set of Quantizers", 1988).
package struct PlanPath {
  /// What a unit becomes by one technique.
  package struct Choice: Hashable, Sendable {
    package let technique: Int
    package let bytes: Int
    package let damage: Double

    package init(technique: Int, bytes: Int, damage: Double) {
      (self.technique, self.bytes, self.damage) = (technique, bytes, damage)
    }
  }

  /// The corners of each unit's hull, the least damage first.
  package let hulls: [[Choice]]
  /// The units that go one corner further, one after the other.
  let steps: [Int]

  /// - Parameter choices: By unit; one at least for each.
  package init(_ choices: [[Choice]]) {
    hulls = choices.map(Self.hull)
    var slopes: [(slope: Double, unit: Int, corner: Int)] = []
    for (unit, hull) in hulls.enumerated() {
      for corner in hull.indices.dropFirst() {
        slopes.append((Self.slope(hull[corner - 1], hull[corner]), unit, corner))
      }
    }
    steps = slopes.sorted { ($0.slope, $0.unit, $0.corner) < ($1.slope, $1.unit, $1.corner) }.map(\.unit)
  }

  /// The number of plans.
  package var count: Int { steps.count + 1 }

  /// The corner of each unit's hull in a plan.
  package func corners(_ plan: Int) -> [Int] {
    var corners = [Int](repeating: 0, count: hulls.count)
    for unit in steps.prefix(plan) { corners[unit] += 1 }
    return corners
  }

  /// What a corner of a unit's hull costs from the corner before, for each byte; nil beyond the last.
  func slope(_ unit: Int, to corner: Int) -> Double? {
    hulls[unit].indices.contains(corner) && corner > 0
      ? Self.slope(hulls[unit][corner - 1], hulls[unit][corner]) : nil
  }

  private static func slope(_ a: Choice, _ b: Choice) -> Double {
    (b.damage - a.damage) / Double(a.bytes - b.bytes)
  }

  private static func hull(_ choices: [Choice]) -> [Choice] {
    var hull: [Choice] = []
    // The fewest bytes first: a choice counts only if it does less damage than all smaller ones.
    for choice in choices.sorted(by: {
      ($0.bytes, $0.damage, $0.technique) < ($1.bytes, $1.damage, $1.technique)
    }) {
      if let last = hull.last, choice.damage >= last.damage || choice.bytes == last.bytes { continue }
      while hull.count > 1,
        slope(choice, hull[hull.count - 1]) >= slope(hull[hull.count - 1], hull[hull.count - 2])
      {
        hull.removeLast()
      }
      hull.append(choice)
    }
    return hull.reversed()
  }
}
