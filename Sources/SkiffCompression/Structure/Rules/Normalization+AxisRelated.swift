import SkiffBinary
import SkiffIR
import SkiffOperators

extension BatchNormalization: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard var relations = axes.passing(except: []), let rank = axes.operand(0)?.count,
      let channels = channelAxis(rank: rank)
    else { return nil }
    for index in 1...4 { relations.link(.operand(index, axis: 0), .result(0, axis: channels)) }
    return relations
  }
}

extension InstanceNormalization: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let rank = axes.operand(0)?.count else { return nil }
    guard var relations = axes.passing(except: Array(layout.spatialAxes(rank: rank))) else { return nil }
    let channels = layout.channelAxis(rank: rank)
    for index in 1...2 where axes.operand(index) != nil {
      relations.link(.operand(index, axis: 0), .result(0, axis: channels))
    }
    return relations
  }
}

extension MeanVarianceNormalization: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? { axes.passing(except: self.axes) }
}

extension GroupNormalization: AxisRelated {
  /// The channels of a group, which share their statistics, go together.
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let input = axes.operand(0), input.count >= 2, groups > 0 else { return nil }
    let channels = layout.channelAxis(rank: input.count)
    guard let count = input[channels].fixed, count >= groups else { return nil }
    let each = count / groups
    var relations = AxisRelations()
    relations.link(.operand(0, axis: 0), .result(0, axis: 0))
    relations.link(.operand(0, axis: channels), .result(0, axis: channels))
    let result = AxisRelations.Place.result(0, axis: channels)
    relations.link(result, result, count: count) { ($0 / each * each, $0) }
    for index in 1...2 {
      guard let size = axes.operand(index)?.first?.fixed else { continue }
      relations.link(.operand(index, axis: 0), result, count: count) { (size == count ? $0 : $0 / each, $0) }
    }
    return relations
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard let input = slicing.axes.operand(0), groups > 0 else { return }
    let channels = layout.channelAxis(rank: input.count)
    guard let kept = slicing.kept(.operand(0, axis: channels)), let count = input[channels].fixed else {
      return
    }
    var copy = self
    copy.groups = kept.count * groups / max(1, count)
    slicing.operator = copy
  }
}
