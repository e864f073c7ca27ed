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
