import SkiffBinary
import SkiffIR
import SkiffOperators

let normalizationMappings: [LayerMapping] =
  ["BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"].map {
    LayerMapping($0, masking: .kept, variables: batchNormalizationVariables, batchNormalization)
  } + [
    LayerMapping("LayerNormalization", masking: .kept, variables: scaleAndShiftVariables, layerNormalization),
    LayerMapping("GroupNormalization", masking: .kept, variables: scaleAndShiftVariables, groupNormalization),
    LayerMapping(
      "RMSNormalization", variables: { (_) throws(ModelError) in [KerasVariable("scale")] }, rmsNormalization),
    LayerMapping("UnitNormalization", masking: .kept) { (call) throws(ModelError) in
      let axes = try call.settings.integers("axis", default: [-1])
      // Keras 3 bounds the norm, Keras 2 the sum of squares.
      let least: Float = call.importer.isKeras3 ? 1e-12 : 1e-6
      guard axes.count == 1, let axis = axes.first else {
        let norm = try call.add(
          ReduceL2(axes: axes, keepsDimensions: true), call.input(), part: "norm")
        return try call.add(
          Divide(), call.input(),
          call.add(Maximum(), norm, call.constant([least], shape: []), part: "bounded"))
      }
      var operator_ = LpNormalization()
      (operator_.axis, operator_.leastNorm) = (axis, least)
      return try call.add(operator_, call.input())
    },
    LayerMapping(
      "LayerScale",
      variables: { (_) throws(ModelError) in [KerasVariable("gamma", otherNames: [KerasVariable.unnamed])] },
      layerScale),
  ]

private func batchNormalizationVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  try scaleAndShiftVariables(settings) + [
    KerasVariable("moving_mean", isTrainable: false), KerasVariable("moving_variance", isTrainable: false),
  ]
}

private func scaleAndShiftVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  let gamma = try settings.boolean("scale", default: true) ? [KerasVariable("gamma")] : []
  return gamma + (try settings.boolean("center", default: true) ? [KerasVariable("beta")] : [])
}

private func batchNormalization(_ call: LayerCall) throws(ModelError) -> ValueID {
  guard try !call.settings.boolean("renorm", default: false) else {
    throw call.settings.unsupported("renorm")
  }
  let input = try call.input()
  let axes = try call.settings.integers("axis", default: [-1])
  guard axes.count == 1, let axis = axes.first else { throw call.settings.unsupported("axis") }
  var operator_ = BatchNormalization()
  operator_.axis = try normalizedAxis(axis, rank: call.shape(of: input).rank)
  operator_.epsilon = Float(try call.settings.number("epsilon", default: 1e-3))
  let channels = try call.size(of: input, axis: operator_.axis)
  let mean = try call.variable("moving_mean", [channels])
  let variance = try call.variable("moving_variance", [channels])
  // The variables above have the channels that the constants would be made for.
  let scale = try call.optionalVariable("gamma", channels, if: "scale") ?? call.constant(1, shape: [channels])
  let shift = try call.optionalVariable("beta", channels, if: "center") ?? call.constant(0, shape: [channels])
  return try call.add(operator_, input, scale, shift, mean, variance)
}

/// ConvNeXt's factor for each channel.
private func layerScale(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.input()
  let channels = try call.size(of: input, axis: call.shape(of: input).rank - 1)
  return try call.add(Multiply(), input, call.variable("gamma", [channels]))
}

/// By the root mean square of the last axes.
private func rmsNormalization(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.input()
  let (first, sizes) = try call.lastAxes(of: input)
  var operator_ = RMSNormalization()
  operator_.axis = first
  operator_.epsilon = Float(try call.settings.number("epsilon", default: 1e-6))
  return try call.add(operator_, input, call.variable("scale", sizes))
}

extension LayerCall {
  /// The axes that a normalization goes over, which must be the last ones: the first of them, and their sizes.
  fileprivate func lastAxes(of input: ValueID) throws(ModelError) -> (first: Int, sizes: [Int]) {
    let rank = try shape(of: input).rank
    let axes = try normalizedAxes(settings.integers("axis", default: [-1]), rank: rank)
    guard let first = axes.first, axes == Array(first..<rank) else { throw settings.unsupported("axis") }
    var sizes: [Int] = []
    for axis in axes { sizes.append(try size(of: input, axis: axis)) }
    return (first, sizes)
  }
}

/// Over any axes, which are the last ones while it is computed.
private func layerNormalization(_ call: LayerCall) throws(ModelError) -> ValueID {
  guard try !call.settings.boolean("rms_scaling", default: false) else {
    throw call.settings.unsupported("rms_scaling")
  }
  let input = try call.input()
  let rank = try call.shape(of: input).rank
  let stored = try call.settings.integers("axis", default: [-1])
  let axes = try normalizedAxes(stored, rank: rank)
  let order = (0..<rank).filter { !axes.contains($0) } + axes
  let isInOrder = order == Array(0..<rank)
  var sizes: [Int] = []
  for axis in axes { sizes.append(try call.size(of: input, axis: axis)) }
  // Variables have the sizes in the order of the setting, which Keras 3 sorts before it counts from the front; their elements are
  // taken as they come.
  var storedSizes: [Int] = []
  for axis in call.importer.isKeras3 ? stored.sorted() : stored {
    storedSizes.append(try call.size(of: input, axis: normalizedAxis(axis, rank: rank)))
  }
  var operator_ = LayerNormalization()
  operator_.axis = rank - axes.count
  operator_.epsilon = Float(try call.settings.number("epsilon", default: 1e-3))
  let hasScale = try call.settings.boolean("scale", default: true)
  let hasShift = try call.settings.boolean("center", default: true)
  let result = try call.add(
    operator_, isInOrder ? input : call.add(Transpose(order), input, part: "moved"),
    hasScale ? call.variable("gamma", storedSizes, .reshape(sizes)) : nil,
    hasShift ? call.variable("beta", storedSizes, .reshape(sizes)) : nil, part: isInOrder ? "" : "normalized")
  guard !isInOrder else { return result }
  return try call.add(Transpose((0..<rank).map { order.firstIndex(of: $0) ?? 0 }), result)
}

/// Over groups of channels, with all of them in one group each where there are as many groups.
private func groupNormalization(_ call: LayerCall) throws(ModelError) -> ValueID {
  // Keras 2 would leave out what does not count.
  let mask = try call.mask()
  guard call.importer.isKeras3 || mask == nil else {
    throw ModelError(.unsupported, "cannot be given", at: Location(attribute: "mask"))
  }
  let input = try call.input()
  let rank = try call.shape(of: input).rank
  let axis = try normalizedAxis(call.settings.integer("axis", default: -1), rank: rank)
  guard rank > 2, axis == 1 || axis == rank - 1 else { throw call.settings.unsupported("axis") }
  let channels = try call.size(of: input, axis: axis)
  var operator_ = GroupNormalization()
  operator_.layout = axis == 1 ? .first : .last
  operator_.groups = try call.settings.integer("groups", default: 32)
  if operator_.groups == -1 { operator_.groups = channels }
  guard operator_.groups > 0, channels % operator_.groups == 0 else {
    throw call.settings.unsupported("groups")
  }
  operator_.epsilon = Float(try call.settings.number("epsilon", default: 1e-3))
  return try call.add(
    operator_, input, call.optionalVariable("gamma", channels, if: "scale"),
    call.optionalVariable("beta", channels, if: "center"))
}
