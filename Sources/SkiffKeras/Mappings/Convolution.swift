import SkiffBinary
import SkiffIR
import SkiffOperators

let convolutionMappings: [LayerMapping] =
  [1, 2, 3].map { rank in
    LayerMapping("Conv\(rank)D", variables: convolutionVariables) { (call) throws(ModelError) in
      try convolution(call, rank: rank)
    }
  }
  + [1, 2, 3].map { rank in
    LayerMapping("Conv\(rank)DTranspose", variables: convolutionVariables) { (call) throws(ModelError) in
      try transposedConvolution(call, rank: rank)
    }
  }
  + [1, 2].flatMap { rank in
    [
      LayerMapping("DepthwiseConv\(rank)D", variables: depthwiseVariables) { (call) throws(ModelError) in
        try depthwiseConvolution(call, rank: rank)
      },
      LayerMapping("SeparableConv\(rank)D", variables: separableVariables) { (call) throws(ModelError) in
        try separableConvolution(call, rank: rank)
      },
    ]
  } + [
    // What Keras called them before.
    LayerMapping("Convolution1D", variables: convolutionVariables) { (call) throws(ModelError) in
      try convolution(call, rank: 1)
    },
    LayerMapping("Convolution2D", variables: convolutionVariables) { (call) throws(ModelError) in
      try convolution(call, rank: 2)
    },
  ]

private func convolutionVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  [KerasVariable("kernel")] + (try biasVariable(settings))
}

private func depthwiseVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  [KerasVariable("depthwise_kernel", otherNames: ["kernel"])] + (try biasVariable(settings))
}

private func separableVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  [KerasVariable("depthwise_kernel"), KerasVariable("pointwise_kernel")] + (try biasVariable(settings))
}

func biasVariable(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  try settings.boolean("use_bias", default: true) ? [KerasVariable("bias")] : []
}

/// A kernel `[space…, channels / groups, filters]`.
private func convolution(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: rank)
  var operator_ = try call.convolutionOperator(rank: rank)
  operator_.groups = try call.settings.integer("groups", default: 1)
  let filters = try call.settings.integer("filters")
  let size = try call.settings.integers("kernel_size", rank: rank)
  let channels = try call.size(of: input, axis: operator_.layout.channelAxis(rank: rank + 2))
  guard operator_.groups > 0, channels % operator_.groups == 0 else {
    throw call.settings.unsupported("groups")
  }
  let weights = try call.variable(
    "kernel", size + [channels / operator_.groups, filters],
    .permute(weightPermutation(rank: rank, operator_.layout)))
  let bias = try call.optionalVariable("bias", filters, if: "use_bias")
  return try call.activated(call.add(operator_, input, weights, bias))
}

/// A kernel `[space…, channels, multiplier]`: as many groups as channels.
private func depthwiseConvolution(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: rank)
  var operator_ = try call.convolutionOperator(rank: rank)
  let (weights, outputs) = try call.depthwiseWeights(input, rank: rank, &operator_)
  let bias = try call.optionalVariable("bias", outputs, if: "use_bias")
  return try call.activated(call.add(operator_, input, weights, bias))
}

/// A depthwise convolution without bias, then one with windows of a single place.
private func separableConvolution(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: rank)
  var depthwise = try call.convolutionOperator(rank: rank)
  let (weights, channels) = try call.depthwiseWeights(input, rank: rank, &depthwise)
  let middle = try call.add(depthwise, input, weights, part: "depthwise")
  var pointwise = Convolution()
  pointwise.layout = depthwise.layout
  let filters = try call.settings.integer("filters")
  let pointwiseWeights = try call.variable(
    "pointwise_kernel", [Int](repeating: 1, count: rank) + [channels, filters],
    .permute(weightPermutation(rank: rank, depthwise.layout)))
  let bias = try call.optionalVariable("bias", filters, if: "use_bias")
  return try call.activated(call.add(pointwise, middle, pointwiseWeights, bias))
}

/// A kernel `[space…, filters, channels]`; how much is cut off follows from the size that Keras gives the result.
private func transposedConvolution(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: rank)
  let shared = try call.convolutionOperator(rank: rank)
  guard try call.settings.integer("groups", default: 1) == 1 else {
    throw call.settings.unsupported("groups")
  }
  let filters = try call.settings.integer("filters")
  let size = try call.settings.integers("kernel_size", rank: rank)
  guard (shared.strides + shared.dilations + size).allSatisfy({ (1..<1 << 30).contains($0) }) else {
    throw call.settings.unsupported("kernel_size")
  }
  let channels = try call.size(of: input, axis: shared.layout.channelAxis(rank: rank + 2))
  var operator_ = TransposedConvolution()
  operator_.layout = shared.layout
  operator_.strides = shared.strides
  operator_.dilations = shared.dilations
  let isSame = shared.padding == .sameUpper
  guard shared.pads.isEmpty else { throw call.settings.unsupported("padding") }
  // Below 2^60 each.
  let extents = zip(size, shared.dilations).map { ($0 - 1) * $1 + 1 }
  if call.settings.has("output_padding") {
    let added = try call.settings.integers("output_padding", rank: rank)
    let cuts = zip(extents, added).map { (isSame ? $0 / 2 * 2 : 0) - $1 }
    let begins = cuts.map { max($0, 0) / 2 }
    operator_.pads = begins + zip(cuts, begins).map { max($0, 0) - $1 }
    operator_.outputPadding = cuts.map { max(-$0, 0) }
  } else if isSame {
    operator_.padding = .sameUpper
  } else {
    operator_.outputPadding = zip(extents, shared.strides).map { max($1 - $0, 0) }
  }
  let space = Array(0..<rank)
  let weights = try call.variable(
    "kernel", size + [filters, channels],
    .permute(shared.layout == .last ? [rank] + space + [rank + 1] : [rank + 1, rank] + space))
  let bias = try call.optionalVariable("bias", filters, if: "use_bias")
  return try call.activated(call.add(operator_, input, weights, bias))
}

/// From Keras's `[space…, inputs, outputs]` to `[outputs, space…, inputs]` or `[outputs, inputs, space…]`.
func weightPermutation(rank: Int, _ layout: ChannelLayout) -> [Int] {
  let space = Array(0..<rank)
  return layout == .last ? [rank + 1] + space + [rank] : [rank + 1, rank] + space
}

extension LayerCall {
  /// The input, with batch, channels and as many axes of space.
  func spatialInput(rank: Int) throws(ModelError) -> ValueID {
    let input = try input()
    try requireRank(of: input, rank + 2)
    return input
  }

  /// The settings that all convolutions share.
  func convolutionOperator(rank: Int) throws(ModelError) -> Convolution {
    var result = Convolution()
    result.layout = try channelLayout()
    result.strides = try settings.integers("strides", rank: rank, default: [Int](repeating: 1, count: rank))
    result.dilations = try settings.integers(
      "dilation_rate", rank: rank, default: [Int](repeating: 1, count: rank))
    switch try settings.string("padding", default: "valid") {
    case "valid": break
    case "same": result.padding = .sameUpper
    case "causal" where rank == 1:
      let size = try settings.integers("kernel_size", rank: 1)[0]
      guard (1..<1 << 31).contains(size), (1..<1 << 31).contains(result.dilations[0]) else {
        throw settings.unsupported("padding")
      }
      // Below 2^62.
      result.pads = [(size - 1) * result.dilations[0], 0]
    default: throw settings.unsupported("padding")
    }
    return result
  }

  /// The weights `[channels · multiplier, space…, 1]` or `[channels · multiplier, 1, space…]`, and their number.
  fileprivate func depthwiseWeights(
    _ input: ValueID, rank: Int, _ operator_: inout Convolution
  ) throws(ModelError) -> (ValueID, outputs: Int) {
    let channels = try size(of: input, axis: operator_.layout.channelAxis(rank: rank + 2))
    let multiplier = try settings.integer("depth_multiplier", default: 1)
    let size = try settings.integers("kernel_size", rank: rank)
    let (outputs, overflow) = channels.multipliedReportingOverflow(by: multiplier)
    guard multiplier > 0, !overflow else { throw settings.unsupported("depth_multiplier") }
    operator_.groups = channels
    let weights = try variable(
      "depthwise_kernel", size + [channels, multiplier],
      .permute([rank, rank + 1] + Array(0..<rank)),
      .reshape(operator_.layout == .last ? [outputs] + size + [1] : [outputs, 1] + size))
    return (weights, outputs)
  }
}
