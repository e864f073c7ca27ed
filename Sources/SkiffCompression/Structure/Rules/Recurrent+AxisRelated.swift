import SkiffIR
import SkiffOperators

extension NodeAxes {
  /// The features are summed over; a unit has a row for each gate in both matrices, and a column in that of the state.
  ///
  /// Nil where operands are rounded to the range of all of their elements.
  func recurrentRelations(_ recurrent: any RecurrentOperator) -> AxisRelations? {
    guard !recurrent.roundsOperands, let hidden = operand(2)?.last?.fixed, hidden > 0 else { return nil }
    let kind = type(of: recurrent)
    var relations = AxisRelations()
    relations.contract(.operand(0, axis: 2), .operand(1, axis: 2))
    let units = AxisRelations.Place.operand(2, axis: 2)
    func link(_ place: AxisRelations.Place, gates: Int) {
      relations.link(place, units, count: gates &* hidden) { ($0, $0 % hidden) }
    }
    link(.operand(1, axis: 1), gates: kind.gateCount)
    link(.operand(2, axis: 1), gates: kind.gateCount)
    if operand(3) != nil { link(.operand(3, axis: 1), gates: 2 * kind.gateCount) }
    for index in 0..<kind.stateCount where operand(kind.firstState + index) != nil {
      relations.link(.operand(kind.firstState + index, axis: 2), units)
    }
    let peepholes = kind.firstState + kind.stateCount
    if operand(peepholes) != nil { link(.operand(peepholes, axis: 1), gates: 3) }
    relations.link(.result(0, axis: 3), units)
    for index in 0..<kind.stateCount { relations.link(.result(1 + index, axis: 2), units) }
    relations.produce(.operand(1, axis: 1))
    return relations
  }
}
