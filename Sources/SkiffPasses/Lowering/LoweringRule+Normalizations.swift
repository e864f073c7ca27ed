import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// Normalizations by statistics that are computed, which 8 bits cannot hold.
  static let normalizations: [LoweringRule] = [
    LoweringRule(LayerNormalization.self) { (node, x) throws(ModelError) in
      let axes = try x.axes(from: node.axis)
      return try x.standardized(along: axes, epsilon: node.epsilon).scaled(x.operand(1), x.operand(2))
    },
    LoweringRule(RMSNormalization.self) { (node, x) throws(ModelError) in
      let square = try (x * x).reduced(by: ReduceMean.self, along: x.axes(from: node.axis))
      return try (x * (square + node.epsilon).applying(Rsqrt())).scaled(x.operand(1), nil)
    },
    LoweringRule(InstanceNormalization.self) { (node, x) throws(ModelError) in
      let rank = x.type.rank
      func parameter(_ index: Int) throws(ModelError) -> Formula? {
        guard node.layout == .first, let operand = x.operand(index) else { return x.operand(index) }
        return try operand.reshaped(to: [-1] + [Int](repeating: 1, count: rank - 2))
      }
      return try x.standardized(along: Array(node.layout.spatialAxes(rank: rank)), epsilon: node.epsilon)
        .scaled(parameter(1), parameter(2))
    },
    LoweringRule(GroupNormalization.self, groupNormalization),
    // With parameters that are computed.
    LoweringRule(BatchNormalization.self) { (node, x) throws(ModelError) in
      let axis = try normalizedAxis(node.axis, rank: x.type.rank)
      var parameters: [Formula] = []
      for index in 1...4 {
        guard let operand = x.operand(index) else { return nil }
        parameters.append(
          try operand.reshaped(to: [-1] + [Int](repeating: 1, count: x.type.rank - 1 - axis)))
      }
      let scale = try (parameters[3] + node.epsilon).applying(Rsqrt()) * parameters[0]
      return try (x - parameters[2]) * scale + parameters[1]
    },
    LoweringRule(MeanVarianceNormalization.self) { (node, x) throws(ModelError) in
      let axes = try normalizedAxes(node.axes, rank: x.type.rank)
      let centred = try x - x.reduced(by: ReduceMean.self, along: axes)
      let variance = try (centred * centred).reduced(by: ReduceMean.self, along: axes)
      return try centred / (variance.applying(Sqrt()) + node.epsilon)
    },
    LoweringRule(LpNormalization.self) { (node, x) throws(ModelError) in
      let axes = [try normalizedAxis(node.axis, rank: x.type.rank)]
      let terms = try node.order == 1 ? x.applying(Abs()) : x * x
      let sum = try terms.reduced(by: ReduceSum.self, along: axes)
      let norm = try node.order == 1 ? sum : sum.applying(Sqrt())
      // A norm of zero leaves zeros.
      let least = max(node.leastNorm, .leastNormalMagnitude)
      return try x / norm.applying(Maximum(), x.number(least))
    },
  ]

  /// The channels are split in groups, normalized and joined.
  private static func groupNormalization(
    _ node: GroupNormalization, _ x: Formula
  ) throws(ModelError) -> Formula? {
    let (layout, shape) = (node.layout, x.type.shape)
    let space = layout.spatialAxes(rank: shape.rank).compactMap { shape[$0].fixed }
    guard let channels = shape[layout.channelAxis(rank: shape.rank)].fixed, space.count == shape.rank - 2
    else { return nil }
    let (area, groups, isFirst) = (space.reduce(1, *), node.groups, layout == .first)
    let depth = channels / groups
    func parameter(_ index: Int) throws(ModelError) -> Formula? {
      guard let operand = x.operand(index), let count = operand.type.shape.elementCount else { return nil }
      let each = count == channels ? depth : 1
      return try operand.reshaped(to: isFirst ? [1, groups, each, 1] : [1, 1, groups, each])
    }
    let whole = [0] + (isFirst ? [channels] + space : space + [channels])
    return try x.reshaped(to: isFirst ? [0, groups, depth, area] : [0, area, groups, depth])
      .standardized(along: isFirst ? [2, 3] : [1, 3], epsilon: node.epsilon)
      .scaled(parameter(1), parameter(2)).reshaped(to: whole)
  }
}

extension Formula {
  /// All axes from one on.
  fileprivate func axes(from axis: Int) throws(ModelError) -> [Int] {
    Array(try normalizedAxis(axis, rank: type.rank)..<type.rank)
  }

  /// `(x − mean) / √(variance + epsilon)` with the statistics along some axes.
  fileprivate func standardized(along axes: [Int], epsilon: Float) throws(ModelError) -> Formula {
    let centred = try self - reduced(by: ReduceMean.self, along: axes)
    let variance = try (centred * centred).reduced(by: ReduceMean.self, along: axes)
    return try centred * (variance + epsilon).applying(Rsqrt())
  }

  /// Times a scale, plus a shift.
  fileprivate func scaled(_ scale: Formula?, _ shift: Formula?) throws(ModelError) -> Formula {
    var result = self
    if let scale { result = try result * scale }
    if let shift { result = try result + shift }
    return result
  }
}
