import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension Convolution: GradientRule {
  /// The transposed convolution for the input, and the products of both sides under the window for the weights.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let dy = try node.cotangent(before: activation)
    let (x, weights) = (try node.operand(0), try node.operand(1))
    let (rank, space) = (x.type.rank, Array(try x.sizes[layout.spatialAxes(rank: x.type.rank)]))
    let window = try window(weights: weights.sizes)
    let begins = window.begins(space)
    var result: [Int: Formula] = [:]
    if node.wants(0) {
      var back = TransposedConvolution()
      (back.layout, back.groups) = (layout, groups)
      (back.strides, back.dilations) = (window.strides, window.dilations)
      (back.pads, back.outputSizes) = (begins + begins.map { _ in 0 }, space)
      result[0] = try dy.applying(
        back, layout == .first ? weights : weights.exchanging(0, rank - 1))
    }
    if node.wants(1) {
      let sides = WindowSides(window: window, begins: begins, groups: groups)
      let products = try sides.products(small: dy.channelsFirst(layout), large: x.channelsFirst(layout))
      result[1] = try layout == .first ? products : products.channelsLast()
    }
    if node.wants(2) { result[2] = try dy.sumOfChannels(layout) }
    return result
  }
}

extension TransposedConvolution: GradientRule {
  /// The convolution with the same weights for the input, and the products of both sides under the window for the weights.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let dy = try node.cotangent(before: activation)
    let (x, weights) = (try node.operand(0), try node.operand(1))
    let (rank, axes) = (x.type.rank, layout.spatialAxes(rank: x.type.rank))
    let (small, large) = (Array(try x.sizes[axes]), Array(try dy.sizes[axes]))
    let window = try window(weights: weights.sizes)
    let begins = begins(small, large, window)
    var result: [Int: Formula] = [:]
    if node.wants(0) {
      var back = Convolution()
      (back.layout, back.groups) = (layout, groups)
      (back.strides, back.dilations) = (window.strides, window.dilations)
      back.pads = begins
      for axis in small.indices {
        let reach = (small[axis] - 1) * window.strides[axis] + window.extent(axis)
        back.pads.append(max(0, reach - large[axis] - begins[axis]))
      }
      result[0] = try dy.applying(back, layout == .first ? weights : weights.exchanging(0, rank - 1))
        .first(small, of: Array(axes))
    }
    if node.wants(1) {
      let sides = WindowSides(window: window, begins: begins, groups: groups)
      let products = try sides.products(small: x.channelsFirst(layout), large: dy.channelsFirst(layout))
      // [inputs, outputs / groups, window…] or [outputs / groups, window…, inputs].
      result[1] = try layout == .first ? products : products.permuted(by: Array(1..<rank) + [0])
    }
    if node.wants(2) { result[2] = try dy.sumOfChannels(layout) }
    return result
  }
}

/// A window between a smaller side, its places, and a larger side, what it meets there.
private struct WindowSides {
  let window: Window
  /// The padding at the beginnings of the larger side.
  let begins: [Int]
  let groups: Int

  /// For each element of the window the products of both sides added up over samples and places: weights
  /// `[channels of the small side, channels of the large side / groups, window…]`.
  ///
  /// It is a convolution of the large side by the small one, with samples as channels, and with strides and dilations exchanged.
  func products(small: Formula, large: Formula) throws(ModelError) -> Formula {
    let (smallSizes, largeSizes) = (try small.sizes, try large.sizes)
    let (batch, channels) = (largeSizes[0], largeSizes[1] / groups)
    let space = Array(largeSizes[2...])
    let places = Array(2..<largeSizes.count)
    let input = try large.formed(as: [batch, groups, channels] + space)
      .permuted(by: [2, 1, 0] + places.map { $0 + 1 }).formed(as: [channels, groups * batch] + space)
    var convolution = Convolution()
    (convolution.groups, convolution.strides) = (groups, window.dilations)
    (convolution.dilations, convolution.pads) = (window.strides, begins)
    for axis in space.indices {
      let reach =
        (window.size[axis] - 1) * window.dilations[axis] + (smallSizes[axis + 2] - 1) * window.strides[axis]
        + 1
      convolution.pads.append(max(0, reach - space[axis] - begins[axis]))
    }
    return try input.applying(convolution, small.exchanging(0, 1)).first(window.size, of: places)
      .exchanging(0, 1)
  }
}

extension Formula {
  /// A tensor with its channels first.
  fileprivate func channelsFirst(_ layout: ChannelLayout) throws(ModelError) -> Formula {
    let rank = type.rank
    return try layout == .first ? self : permuted(by: [0, rank - 1] + Array(1..<rank - 1))
  }

  /// A tensor with its channels last that has them first.
  fileprivate func channelsLast() throws(ModelError) -> Formula {
    try permuted(by: [0] + Array(2..<type.rank) + [1])
  }

  /// The sum of all that belongs to each channel.
  fileprivate func sumOfChannels(_ layout: ChannelLayout) throws(ModelError) -> Formula {
    let channel = layout.channelAxis(rank: type.rank)
    let others = (0..<type.rank).filter { $0 != channel }
    return try reduced(by: ReduceSum.self, along: others, keepsDimensions: false)
  }
}
