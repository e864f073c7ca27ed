import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension MaxPool: GradientRule {
  /// Each element added where the greatest of its window is.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let (dy, x) = (try node.cotangent(), try node.operand(0))
    var positions = MaxPoolPositions()
    (positions.layout, positions.size, positions.strides) = (layout, size, strides)
    (positions.dilations, positions.padding) = (dilations, padding)
    (positions.pads, positions.roundsUp) = (pads, roundsUp)
    let count = try dy.sizes.reduce(1, *)
    var scatter = ScatterND()
    scatter.reduction = .add
    let sums = try x.zeros([x.sizes.reduce(1, *)]).applying(
      scatter, x.applying(positions).formed(as: [count, 1]), dy.formed(as: [count]))
    return [0: try sums.formed(as: x.sizes)]
  }
}

extension AveragePool: GradientRule {
  /// Shares of each element, given to all under its window by a transposed convolution with ones.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let dy = try node.cotangent(before: activation)
    let x = try node.operand(0)
    let (sizes, rank) = (try x.sizes, x.type.rank)
    let axes = layout.spatialAxes(rank: rank)
    let (window, space, channels) = (try window, Array(sizes[axes]), sizes[layout.channelAxis(rank: rank)])
    var shape = [Int](repeating: 1, count: rank)
    for axis in axes { shape[axis] = try dy.sizes[axis] }
    let shares = try window.divisors(space, countsPadding: countsPadding).map { 1 / Double(max(1, $0)) }
    let shared = try dy * x.constant(Tensor(shares, shape: shape).cast(to: x.type.dataType))
    var back = TransposedConvolution()
    (back.layout, back.groups) = (layout, channels)
    (back.strides, back.dilations) = (window.strides, window.dilations)
    back.pads = window.begins(space) + space.map { _ in 0 }
    back.outputSizes = space
    let weights = layout == .first ? [channels, 1] + window.size : [1] + window.size + [channels]
    let ones = [Float](repeating: 1, count: try checkedCount(weights, of: x.type.dataType))
    return [0: try shared.applying(back, x.constant(ones, shape: weights))]
  }
}

extension Resize: GradientRule {
  /// A product along each axis with the matrix of its weights.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    var dx = try node.cotangent()
    let sizes = try node.operand(0).sizes
    let operands = [nil, try node.constant(1), try node.constant(2), try node.constant(3)]
    for plan in try plans(sizes, resizedAxes(rank: sizes.count), operands) {
      let last = sizes.count - 1
      var matrix = plan.matrix
      for index in 0..<plan.resized where plan.outside[index] {
        // What lies outside of a region is a constant.
        for place in 0..<plan.size { matrix[index * plan.size + place] = 0 }
      }
      let weights = try dx.constant(matrix, shape: [plan.resized, plan.size])
      dx = try dx.exchanging(plan.axis, last).applying(MatrixMultiply(), weights).exchanging(plan.axis, last)
    }
    return [0: dx]
  }
}
