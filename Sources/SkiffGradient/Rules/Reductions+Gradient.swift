import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension ReduceSum: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let x = try node.operand(0)
    return [0: try node.cotangent().spread(over: x, from: self).expanded(to: x.sizes)]
  }
}

extension ReduceMean: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let x = try node.operand(0)
    let sizes = try x.sizes
    let count = try reducedAxes(rank: sizes.count).reduce(1) { $0 * sizes[$1] }
    let each = try node.cotangent() * x.exact(1 / Double(max(1, count)))
    return [0: try each.spread(over: x, from: self).expanded(to: sizes)]
  }
}

extension ReduceMax: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    try node.gradientOfExtremes(self)
  }
}

extension ReduceMin: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    try node.gradientOfExtremes(self)
  }
}

extension CumSum: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    var backward = self
    backward.isReversed.toggle()
    return [0: try node.cotangent().applying(backward)]
  }
}

extension Softmax: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    let weighted = try (dy * y).reduced(by: ReduceSum.self, along: [axis])
    return try (dy - weighted) * y * beta
  }
}

extension LogSoftmax: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy - y.applying(Exp()) * dy.reduced(by: ReduceSum.self, along: [axis])
  }
}

extension TopK: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let x = try node.operand(0)
    var scatter = ScatterElements()
    (scatter.axis, scatter.reduction) = (axis, .add)
    return [0: try x.zeros(x.sizes).applying(scatter, node.result(1), node.cotangent())]
  }
}

extension Formula {
  /// The result of a reduction with its axes as size 1 in the rank of the operand.
  fileprivate func spread(over x: Formula, from reduction: some Reduction) throws(ModelError) -> Formula {
    var sizes = try x.sizes
    for axis in try reduction.reducedAxes(rank: sizes.count) { sizes[axis] = 1 }
    return try formed(as: sizes)
  }
}

extension DifferentiatedNode {
  /// All for the extreme element, a share for each of several that are equal.
  fileprivate func gradientOfExtremes(_ reduction: some Reduction) throws(ModelError) -> [Int: Formula] {
    let x = try operand(0)
    let axes = try reduction.reducedAxes(rank: x.type.rank)
    let isExtreme = try x.applying(Equal(), result().spread(over: x, from: reduction))
      .applying(Cast(to: x.type.dataType))
    let count = try isExtreme.reduced(by: ReduceSum.self, along: axes)
    return [0: try isExtreme * (cotangent().spread(over: x, from: reduction) / count)]
  }
}
