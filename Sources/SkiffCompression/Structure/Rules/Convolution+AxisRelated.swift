import SkiffBinary
import SkiffIR
import SkiffOperators

extension AxisRelations {
  /// Says how the channels of a grouped convolution belong together.
  ///
  /// The groups of a depthwise convolution are its channels, so that groups can go. Else every group loses the same
  /// channels, and their number stays.
  ///
  /// - Parameters:
  ///   - inputs, outputs: The numbers of channels of a group.
  ///   - inputAxis, outputAxis: Their axes in the weights.
  ///   - sharedAxis: The one of them along which groups do not lie behind each other.
  mutating func convolve(
    _ axes: NodeAxes, groups: Int, inputs: Int, outputs: Int, channels: Int, inputAxis: Int, outputAxis: Int,
    sharedAxis: Int
  ) {
    let input = Place.operand(0, axis: channels)
    let result = Place.result(0, axis: channels)
    let (inputCount, isBeyond) = groups.multipliedReportingOverflow(by: inputs)
    let (outputCount, isAlsoBeyond) = groups.multipliedReportingOverflow(by: outputs)
    guard !isBeyond, !isAlsoBeyond, inputCount > 0, outputCount > 0 else { return }
    if axes.operand(2) != nil { link(.operand(2, axis: 0), result) }
    if groups > 1, inputs == 1 {
      // The axis that groups share has one index, or the outputs of one channel.
      let own = sharedAxis == inputAxis ? outputAxis : inputAxis
      let each = sharedAxis == inputAxis ? outputs : 1
      link(input, .operand(1, axis: own), count: groups * each) { ($0 / each, $0) }
      link(input, result, count: outputCount) { ($0 / outputs, $0) }
      return
    }
    contract(input, .operand(1, axis: inputAxis), count: inputCount) {
      ($0, sharedAxis == inputAxis ? $0 % inputs : $0)
    }
    link(result, .operand(1, axis: outputAxis), count: outputCount) {
      ($0, sharedAxis == outputAxis ? $0 % outputs : $0)
    }
    repeats(input, count: inputCount, period: inputs)
    repeats(result, count: outputCount, period: outputs)
    produce(.operand(1, axis: outputAxis))
  }
}

extension Convolution: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let weights = axes.operand(1), let outputs = weights[0].fixed, groups > 0,
      let inputs = weights[layout.channelAxis(rank: weights.count)].fixed
    else { return nil }
    let channels = layout.channelAxis(rank: weights.count)
    var relations = AxisRelations()
    relations.link(.operand(0, axis: 0), .result(0, axis: 0))
    relations.convolve(
      axes, groups: groups, inputs: inputs, outputs: outputs / groups, channels: channels,
      inputAxis: channels, outputAxis: 0, sharedAxis: channels)
    return relations
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard groups > 1, let weights = slicing.axes.operand(1),
      weights[layout.channelAxis(rank: weights.count)] == .fixed(1),
      let kept = slicing.kept(.operand(0, axis: layout.channelAxis(rank: weights.count)))
    else { return }
    var copy = self
    copy.groups = kept.count
    slicing.operator = copy
  }
}

extension TransposedConvolution: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let weights = axes.operand(1), groups > 0,
      let inputs = weights[inputAxis(rank: weights.count)].fixed, let outputs = weights[outputAxis()].fixed,
      inputs % groups == 0
    else { return nil }
    var relations = AxisRelations()
    relations.link(.operand(0, axis: 0), .result(0, axis: 0))
    relations.convolve(
      axes, groups: groups, inputs: inputs / groups, outputs: outputs,
      channels: layout.channelAxis(rank: weights.count), inputAxis: inputAxis(rank: weights.count),
      outputAxis: outputAxis(), sharedAxis: outputAxis())
    return relations
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard groups > 1, let weights = slicing.axes.operand(1),
      weights[inputAxis(rank: weights.count)] == .fixed(groups),
      let kept = slicing.kept(.operand(0, axis: layout.channelAxis(rank: weights.count)))
    else { return }
    var copy = self
    copy.groups = kept.count
    slicing.operator = copy
  }
}
