import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// Windows that targets have over two axes, without groups or only in some paddings.
  static let windows: [LoweringRule] = [
    LoweringRule(MaxPool.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      try x.pooledByAxes(node.window, node.layout) { window, _ in
        var pool = MaxPool()
        (pool.layout, pool.size, pool.strides) = (.last, window.size, window.strides)
        (pool.padding, pool.pads, pool.roundsUp) = (window.padding, window.pads, window.roundsUp)
        return pool
      }
    },
    LoweringRule(AveragePool.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      if x.type.rank == 5 {
        // The number of elements under a window is a product, one factor for each axis.
        return try x.pooledByAxes(node.window, node.layout) { window, isLast in
          var pool = AveragePool()
          (pool.layout, pool.size, pool.strides) = (.last, window.size, window.strides)
          (pool.padding, pool.pads, pool.roundsUp) = (window.padding, window.pads, window.roundsUp)
          (pool.countsPadding, pool.activation) = (node.countsPadding, isLast ? node.activation : .none)
          return pool
        }
      }
      // A mean that counts places in the padding is one of zeros before it.
      let axes = node.layout.spatialAxes(rank: x.type.rank)
      guard node.countsExplicitPadding, !node.roundsUp, node.pads.count == 2 * axes.count else { return nil }
      var pads = [Int](repeating: 0, count: 2 * x.type.rank)
      for (index, axis) in axes.enumerated() {
        pads[axis] = node.pads[index]
        pads[x.type.rank + axis] = node.pads[axes.count + index]
      }
      var pool = node
      (pool.pads, pool.countsPadding) = ([], false)
      return try x.applying(Pad(), x.integers(pads)).applying(pool)
    },
    // The mean of powers times their number; zeros in the padding add nothing.
    LoweringRule(LpPool.self) { (node, x) throws(ModelError) in
      let window = try node.window
      guard x.type.dataType == .float32, node.padding == .explicit, !node.roundsUp,
        let area = window.size.checkedProduct()
      else { return nil }
      var mean = AveragePool()
      (mean.layout, mean.size, mean.strides) = (node.layout, window.size, window.strides)
      (mean.dilations, mean.pads, mean.countsPadding) = (window.dilations, window.pads, true)
      let magnitude = try node.order == 2 ? x : x.applying(Abs())
      let order = try x.number(Float(node.order))
      let powers =
        try node.order == 1 ? magnitude : node.order == 2 ? x * x : magnitude.applying(Power(), order)
      let sum = try powers.applying(mean) * Float(area)
      return try node.order == 1
        ? sum
        : node.order == 2 ? sum.applying(Sqrt()) : sum.applying(Power(), x.number(1 / Float(node.order)))
    },
    LoweringRule(Convolution.self) { (node, x) throws(ModelError) in
      guard node.layout == .last, node.groups > 1, let weights = try x.operand(1)?.constantTensor,
        weights.dataType == .float32, let whole = try weights.withoutInputGroups(node.groups)
      else { return nil }
      var plain = node
      plain.groups = 1
      return try x.applying(plain, [x.constant(whole)] + [x.operand(2)].compactMap(\.self))
    },
    // Weights without groups and gaps, with zeros where there was nothing.
    LoweringRule(TransposedConvolution.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      guard node.layout == .last, let weights = try x.operand(1)?.constantTensor,
        weights.dataType == .float32
      else { return nil }
      let window = try node.window(weights: weights.shape)
      guard node.groups > 1 || window.dilations.contains(where: { $0 > 1 }),
        let dense = try weights.withoutGroups(node.groups), let whole = try dense.withoutGaps(window)
      else { return nil }
      var plain = node
      (plain.groups, plain.dilations) = (1, [])
      return try x.applying(plain, [x.constant(whole)] + [x.operand(2)].compactMap(\.self))
    },
  ]
}

extension Formula {
  /// A pooling over depth, height and width as one over height and width, and one over depth; nil for another window.
  fileprivate func pooledByAxes(
    _ window: Window, _ layout: ChannelLayout, _ pool: (_ window: Window, _ isLast: Bool) -> any Operator
  ) throws(ModelError) -> Formula? {
    let sizes = type.shape.dimensions.dropFirst().compactMap(\.fixed)
    guard layout == .last, window.size.count == 3, sizes.count == 4, sizes.allSatisfy({ $0 > 0 }),
      window.dilations == [1, 1, 1]
    else { return nil }
    var (plane, line) = (window, window)
    func parts(_ list: [Int], _ axes: [Int]) -> [Int] { axes.map { list[$0] } }
    (plane.size, plane.strides) = (parts(window.size, [1, 2]), parts(window.strides, [1, 2]))
    plane.pads = parts(window.pads, [1, 2, 4, 5])
    (line.size, line.strides) = ([window.size[0], 1], [window.strides[0], 1])
    line.pads = [window.pads[0], 0, window.pads[3], 0]
    let planes = try reshaped(to: [-1] + sizes[1...]).applying(pool(plane, false))
    guard let height = planes.type.shape[1].fixed, let width = planes.type.shape[2].fixed else { return nil }
    let lines = try planes.reshaped(to: [-1, sizes[0], height * width, sizes[3]]).applying(pool(line, true))
    guard let depth = lines.type.shape[1].fixed else { return nil }
    return try lines.reshaped(to: [-1, depth, height, width, sizes[3]])
  }
}

extension Tensor {
  /// The most elements of weights that are mostly zeros.
  private static let mostFilled = 1 << 22

  /// Weights `[outputs / groups, window…, inputs]` as those of one group, `[outputs, window…, inputs]`.
  fileprivate func withoutGroups(_ groups: Int) throws(ModelError) -> Tensor? {
    guard groups > 1 else { return self }
    guard count * groups <= Self.mostFilled, let inputs = shape.last, count > 0, inputs % groups == 0 else {
      return nil
    }
    let elements = try floats()
    var result: [Float] = []
    result.reserveCapacity(count * groups)
    for group in 0..<groups {
      for (index, element) in elements.enumerated() {
        result.append(index % inputs / (inputs / groups) == group ? element : 0)
      }
    }
    return Tensor(result, shape: [shape[0] * groups] + shape.dropFirst())
  }

  /// Weights `[outputs, window…, inputs / groups]` as those of one group, `[outputs, window…, inputs]`.
  fileprivate func withoutInputGroups(_ groups: Int) throws(ModelError) -> Tensor? {
    guard count * groups <= Self.mostFilled, let depth = shape.last, count > 0, shape[0] % groups == 0 else {
      return nil
    }
    let (elements, perOutput) = (try floats(), count / shape[0])
    var result = [Float](repeating: 0, count: count * groups)
    for (index, element) in elements.enumerated() {
      let (output, tap, input) = (index / perOutput, index % perOutput / depth, index % depth)
      let group = output / (shape[0] / groups)
      result[(output * perOutput / depth + tap) * depth * groups + group * depth + input] = element
    }
    return Tensor(result, shape: shape.dropLast() + [depth * groups])
  }

  /// Weights `[outputs, window…, inputs]` with zeros between elements that are further apart than 1.
  fileprivate func withoutGaps(_ window: Window) throws(ModelError) -> Tensor? {
    let extents = window.size.indices.map { window.extent($0) }
    guard window.dilations.contains(where: { $0 > 1 }) else { return self }
    let sizes = [shape[0]] + extents + [shape[rank - 1]]
    guard let total = sizes.checkedProduct(), total <= Self.mostFilled else { return nil }
    let strides = Tensor.strides(of: sizes)
    let positions = shape.enumerated().map { axis, size in
      (0..<size).map { (1..<rank - 1).contains(axis) ? $0 * window.dilations[axis - 1] : $0 }
    }
    var result = [Float](repeating: 0, count: total)
    for (offset, element) in zip(combinedOffsets(positions, strides: strides), try floats()) {
      result[offset] = element
    }
    return Tensor(result, shape: sizes)
  }
}

extension AveragePool {
  /// Whether places outside of the input count, and there are some.
  var countsExplicitPadding: Bool {
    countsPadding && padding == .explicit && pads.contains { $0 != 0 }
  }
}
