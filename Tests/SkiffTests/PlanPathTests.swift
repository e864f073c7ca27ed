import Skiff
import SkiffTestSupport
import Testing

/// Plans in the order in which they take fewer bytes.
@Suite struct PlanPathTests {
  /// No assignment of techniques is both smaller and better than a plan on the path.
  @Test func noAssignmentIsBetterThanAPlan() {
    var random = SeededGenerator(.fresh)
    for _ in 0..<50 {
      let choices = (0..<Int.random(in: 1...4, using: &random)).map { _ in
        (0..<Int.random(in: 1...6, using: &random)).map { technique in
          PlanPath.Choice(
            technique: technique, bytes: .random(in: 1...40, using: &random),
            damage: Double(Int.random(in: 0...30, using: &random)))
        }
      }
      var sums = [(bytes: 0, damage: 0.0)]
      for unit in choices {
        sums = sums.flatMap { sum in unit.map { (sum.bytes + $0.bytes, sum.damage + $0.damage) } }
      }
      let path = PlanPath(choices)
      var last: (bytes: Int, damage: Double)?
      for plan in 0..<path.count {
        let chosen = path.corners(plan).enumerated().map { path.hulls[$0][$1] }
        let (bytes, damage) = (chosen.reduce(0) { $0 + $1.bytes }, chosen.reduce(0) { $0 + $1.damage })
        #expect(
          !sums.contains {
            $0.bytes <= bytes && $0.damage < damage || $0.bytes < bytes && $0.damage <= damage
          })
        if let last { #expect(bytes < last.bytes && damage > last.damage) }
        last = (bytes, damage)
      }
      // From the least damage to the fewest bytes.
      let first = path.corners(0).enumerated().reduce(0) { $0 + path.hulls[$1.offset][$1.element].damage }
      #expect(first == sums.map(\.damage).min())
      #expect(last?.bytes == sums.map(\.bytes).min())
    }
  }

  @Test func oneChoiceIsOnePlan() {
    let path = PlanPath([[PlanPath.Choice(technique: 3, bytes: 7, damage: 0)]])
    #expect(path.count == 1 && path.corners(0) == [0] && path.hulls[0][0].technique == 3)
  }
}
