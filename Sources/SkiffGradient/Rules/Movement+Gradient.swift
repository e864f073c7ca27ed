import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension Reshape: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    try node.gradientOfSameElements()
  }
}

extension Squeeze: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    try node.gradientOfSameElements()
  }
}

extension Unsqueeze: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    try node.gradientOfSameElements()
  }
}

extension Transpose: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let order = permutation(rank: try node.operand(0).type.rank)
    var inverse = order
    for (axis, source) in order.enumerated() { inverse[source] = axis }
    return [0: try node.cotangent().permuted(by: inverse)]
  }
}

extension Concat: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let axis = try normalizedAxis(axis, rank: node.result().type.rank)
    var split = Split()
    split.axis = axis
    for index in 0..<node.operandCount { split.sizes.append(try node.operand(index).sizes[axis]) }
    var result: [Int: Formula] = [:]
    for (index, part) in try node.cotangent().parts(by: split).enumerated() { result[index] = part }
    return result
  }
}

extension Split: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let x = try node.operand(0)
    var parts: [Formula] = []
    for (index, cotangent) in node.cotangents.enumerated() {
      if let cotangent {
        parts.append(cotangent)
      } else {
        parts.append(try x.zeros(node.result(index).sizes))
      }
    }
    guard let first = parts.first else { return [:] }
    return [0: try first.applying(Concat(axis: axis), Array(parts.dropFirst()))]
  }
}

extension Expand: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    [0: try node.cotangent().summed(like: node.operand(0))]
  }
}

extension Slice: GradientRule {
  /// The part among zeros.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let sizes = try node.operand(0).sizes
    guard let starts = try node.constant(1)?.integers(), let ends = try node.constant(2)?.integers() else {
      return [:]
    }
    let axes = try node.constant(3)?.integers() ?? Array(starts.indices)
    let steps = try node.constant(4)?.integers() ?? starts.map { _ in 1 }
    guard steps.allSatisfy({ $0 == 1 }), ends.count == starts.count, axes.count == starts.count else {
      return [0: try node.gradientOfMovedElements(self)]
    }
    var pads = [Int](repeating: 0, count: 2 * sizes.count)
    for (index, axis) in axes.enumerated() {
      let axis = try normalizedAxis(axis, rank: sizes.count)
      let (first, count) = Slice.range(sizes[axis], starts[index], ends[index], 1)
      pads[axis] = first
      pads[sizes.count + axis] = sizes[axis] - first - count
    }
    let dy = try node.cotangent()
    return [0: try dy.applying(Pad(), dy.integers(pads))]
  }
}

extension Pad: GradientRule {
  /// The part inside, and for the value what is left outside; where padding repeats elements, they get what lies there too.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    guard content == .constant else { return [0: try node.gradientOfMovedElements(self)] }
    let (dy, rank) = (try node.cotangent(), try node.operand(0).type.rank)
    let amounts = try node.constant(1)?.integers() ?? []
    let axes = try node.constant(3)?.integers() ?? Array(0..<rank)
    guard amounts.count == 2 * axes.count, amounts.allSatisfy({ $0 > .min }) else { return [:] }
    var pads = [Int](repeating: 0, count: 2 * rank)
    for (index, axis) in axes.enumerated() {
      let axis = try normalizedAxis(axis, rank: rank)
      (pads[axis], pads[rank + axis]) = (-amounts[index], -amounts[axes.count + index])
    }
    let inside = try dy.applying(Pad(), dy.integers(pads))
    guard node.wants(2) else { return [0: inside] }
    let value = try node.operand(2)
    return [0: inside, 2: try (dy.summed(to: []) - inside.summed(to: [])).formed(as: value.sizes)]
  }
}

extension Gather: GradientRule {
  /// Each part added where it was taken from.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    guard batchDimensions == 0 else { return [0: try node.gradientOfMovedElements(self)] }
    let (dy, data, indices) = (try node.cotangent(), try node.operand(0), try node.operand(1))
    let sizes = try data.sizes
    let axis = try normalizedAxis(axis, rank: sizes.count)
    // The axes of the indices first, for a list of parts without the axis.
    let places = Array(axis..<axis + indices.type.rank)
    let order = places + Array(0..<axis) + Array(places.endIndex + axis..<dy.type.rank)
    var scatter = ScatterND()
    scatter.reduction = .add
    let rest = Array(sizes[..<axis] + sizes[(axis + 1)...])
    let sums = try data.zeros([sizes[axis]] + rest).applying(
      scatter, indices.formed(as: indices.sizes + [1]), dy.permuted(by: order))
    return [0: try sums.permuted(by: Array(1..<axis + 1) + [0] + Array(axis + 1..<sizes.count))]
  }
}

extension GatherElements: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let (data, indices) = (try node.operand(0), try node.operand(1))
    var scatter = ScatterElements()
    (scatter.axis, scatter.reduction) = (axis, .add)
    return [0: try data.zeros(data.sizes).applying(scatter, indices, node.cotangent())]
  }
}

extension GatherND: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    guard batchDimensions == 0 else { return [0: try node.gradientOfMovedElements(self)] }
    let (data, indices) = (try node.operand(0), try node.operand(1))
    var scatter = ScatterND()
    scatter.reduction = .add
    return [0: try data.zeros(data.sizes).applying(scatter, indices, node.cotangent())]
  }
}

/// An operator whose result consists of elements of its first operand, at places that the others, which are constants, say.
private protocol MovedElementsGradient: GradientRule, ReferenceKernel {}

extension MovedElementsGradient {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    [0: try node.gradientOfMovedElements(self)]
  }
}

extension BatchToSpace: MovedElementsGradient {}
extension CenterCropPad: MovedElementsGradient {}
extension DepthToSpace: MovedElementsGradient {}
extension Reverse: MovedElementsGradient {}
extension ReverseSequence: MovedElementsGradient {}
extension SpaceToBatch: MovedElementsGradient {}
extension SpaceToDepth: MovedElementsGradient {}
extension Tile: MovedElementsGradient {}
extension Trilu: MovedElementsGradient {}

extension DifferentiatedNode {
  /// The cotangent in the shape of the operand.
  fileprivate func gradientOfSameElements() throws(ModelError) -> [Int: Formula] {
    [0: try cotangent().formed(as: operand(0).sizes)]
  }

  /// Each element of the cotangent added where it came from, which the kernel tells of numbered elements.
  fileprivate func gradientOfMovedElements(_ kernel: any ReferenceKernel) throws(ModelError) -> Formula {
    let x = try operand(0)
    let sizes = try x.sizes
    let count = sizes.reduce(1, *)
    // Zero is what comes from nowhere.
    var operands: [Tensor?] = [Tensor((0..<count).map { Int64($0 + 1) }, shape: sizes)]
    for index in 1..<max(1, operandCount) { operands.append(try constant(index)) }
    let sources = try kernel.evaluate(operands)[0].integers()
    var scatter = ScatterND()
    scatter.reduction = .add
    let places = x.constant(Tensor(sources.map(Int64.init), shape: [sources.count, 1]))
    let sums = try x.zeros([count + 1]).applying(scatter, places, cotangent().formed(as: [sources.count]))
    return try sums.applying(Slice(), x.integers([1]), x.integers([count + 1])).formed(as: sizes)
  }
}
