import SkiffBinary
import SkiffIR
import SkiffOperators

/// The attributes that all windows have.
struct WindowAttributes {
  private(set) var list = AttributeList()

  init(_ convolution: Convolution, _ node: NodeExport) throws(ModelError) {
    self.init(nil, convolution.strides, convolution.dilations, convolution.padding, convolution.pads)
    guard let weights = try node.type(1).shape.fixed else { return }
    try sayPads(convolution.window(weights: weights), convolution.layout, node)
  }

  init(_ pool: AveragePool, _ node: NodeExport) throws(ModelError) {
    self.init(pool.size, pool.strides, pool.dilations, pool.padding, pool.pads, roundsUp: pool.roundsUp)
    try sayPads(pool.window, pool.layout, node)
  }

  init(_ pool: LpPool, _ node: NodeExport) throws(ModelError) {
    self.init(pool.size, pool.strides, pool.dilations, pool.padding, pool.pads, roundsUp: pool.roundsUp)
    guard pool.pads.allSatisfy({ $0 >= 0 }) else { throw ModelError(.unsupported, "a negative padding") }
    try sayPads(pool.window, pool.layout, node)
  }

  init(_ pool: MaxPool, _ node: NodeExport) throws(ModelError) {
    self.init(pool.size, pool.strides, pool.dilations, pool.padding, pool.pads, roundsUp: pool.roundsUp)
    try sayPads(pool.window, pool.layout, node)
  }

  init(_ pool: MaxPoolPositions, _ node: NodeExport) throws(ModelError) {
    self.init(pool.size, pool.strides, pool.dilations, pool.padding, pool.pads, roundsUp: pool.roundsUp)
    try sayPads(pool.window, pool.layout, node)
  }

  private init(
    _ size: [Int]?, _ strides: [Int], _ dilations: [Int], _ padding: Padding, _ pads: [Int],
    roundsUp: Bool = false
  ) {
    list["kernel_shape"] = size.map { .integers($0) }
    list["strides"] = strides.isEmpty ? nil : .integers(strides)
    list["dilations"] = dilations.isEmpty ? nil : .integers(dilations)
    switch padding {
    case .explicit: list["pads"] = pads.isEmpty ? nil : .integers(pads)
    case .sameUpper: list["auto_pad"] = .text("SAME_UPPER")
    case .sameLower: list["auto_pad"] = .text("SAME_LOWER")
    }
    if roundsUp { list["ceil_mode"] = .flag(true) }
  }

  /// Says in numbers what `auto_pad` would add to a window with gaps, or to one that is smaller than its step: ONNX Runtime does
  /// not take it for these.
  private mutating func sayPads(
    _ window: Window, _ layout: ChannelLayout, _ node: NodeExport
  ) throws(ModelError) {
    let hasGaps = window.dilations.contains { $0 != 1 }
    guard window.padding != .explicit, hasGaps || zip(window.size, window.strides).contains(where: <) else {
      return
    }
    let shape = try node.type(0).shape
    guard let pads = window.knownPads(layout.spatialAxes(rank: shape.rank).map { shape[$0] }) else {
      throw ModelError(
        .unsupported,
        "a window with gaps, or smaller than its step, that is padded as open sizes of its input say")
    }
    list["auto_pad"] = nil
    list["ceil_mode"] = nil
    list["pads"] = .integers(pads)
  }
}

extension TransposedConvolution {
  /// The attributes in ONNX's terms: what is cut off as numbers where sizes are fixed, else as the sizes say.
  func attributes(_ node: NodeExport) throws(ModelError) -> AttributeList {
    var attributes: AttributeList = ["group": .integer(groups)]
    attributes["strides"] = strides.isEmpty ? nil : .integers(strides)
    attributes["dilations"] = dilations.isEmpty ? nil : .integers(dilations)
    attributes["output_padding"] = outputPadding.isEmpty ? nil : .integers(outputPadding)
    guard padding != .explicit || !outputSizes.isEmpty else {
      attributes["pads"] = pads.isEmpty ? nil : .integers(pads)
      return attributes
    }
    try node.checkSizes()
    let input = try node.type(0).shape
    guard let weights = try node.type(1).shape.fixed else {
      throw ModelError(.unsupported, "weights whose shape is not known")
    }
    let window = try window(weights: weights)
    let sizes = layout.spatialAxes(rank: input.rank).map { input[$0] }
    let results = try space(sizes, window).compactMap(\.fixed)
    let known = sizes.compactMap(\.fixed)
    guard known.count == sizes.count, results.count == sizes.count else {
      guard padding != .explicit else {
        throw ModelError(
          .unsupported, "a result of given sizes, cut at given places, for an input of any size")
      }
      if outputSizes.isEmpty {
        attributes["auto_pad"] = .text(padding == .sameUpper ? "SAME_UPPER" : "SAME_LOWER")
      } else {
        attributes["output_shape"] = .integers(outputSizes)
        if padding == .sameUpper { attributes["auto_pad"] = .text("SAME_UPPER") }
      }
      return attributes
    }
    let begins = begins(known, results, window)
    var (ends, extra) = (begins, begins)
    for axis in known.indices {
      let added = outputPadding.isEmpty ? 0 : outputPadding[axis]
      let whole = (known[axis] - 1) * window.strides[axis] + window.extent(axis)
      let cut = whole + added - begins[axis] - results[axis]
      (ends[axis], extra[axis]) = (max(0, cut), added + max(0, -cut))
    }
    attributes["pads"] = .integers(begins + ends)
    attributes["output_padding"] = extra.allSatisfy { $0 == 0 } ? nil : .integers(extra)
    return attributes
  }
}
