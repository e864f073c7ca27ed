import SkiffBinary
import SkiffIR
import SkiffOperators

let preprocessingMappings: [LayerMapping] = [
  LayerMapping("Rescaling", masking: .keptByKeras3) { (call) throws(ModelError) in
    let input = try call.real(call.input())
    let scaled = try call.add(Multiply(), input, call.numbers("scale", default: 1), part: "scaled")
    return try call.add(Add(), scaled, call.numbers("offset", default: 0))
  },
  LayerMapping(
    "Normalization", masking: .keptByKeras3, variables: normalizationVariables, normalization),
  LayerMapping("Resizing", resizing),
  LayerMapping("CenterCrop", centerCrop),
  LayerMapping("Discretization", discretization),
  LayerMapping("CategoryEncoding", categoryEncoding),
]

private func resizing(_ call: LayerCall) throws(ModelError) -> ValueID {
  for name in ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"] {
    guard try !call.settings.boolean(name, default: false) else { throw call.settings.unsupported(name) }
  }
  let input = try call.spatialInput(rank: 2)
  let size = [try call.settings.integer("height"), try call.settings.integer("width")]
  let interpolation = try call.settings.string("interpolation", default: "bilinear").lowercased()
  let resized = try call.resized(call.real(input), size, interpolation, layout: call.channelLayout())
  let type = try call.dataType(of: input)
  guard call.importer.isKeras3, type.isInteger else { return resized }
  return try call.cast(call.add(Round(), resized, part: "rounded"), to: type)
}

/// The middle of images that are at least as great.
private func centerCrop(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.real(call.spatialInput(rank: 2))
  let axes = Array(try call.channelLayout().spatialAxes(rank: 4))
  var (starts, ends): ([Int], [Int]) = ([], [])
  for (axis, name) in zip(axes, ["height", "width"]) {
    let (size, wanted) = (try call.size(of: input, axis: axis), try call.settings.integer(name))
    guard (0...size).contains(wanted) else { throw call.settings.unsupported(name) }
    starts.append((size - wanted) / 2)
    ends.append((size - wanted) / 2 + wanted)
  }
  return try call.add(Slice(), input, call.integers(starts), call.integers(ends), call.integers(axes))
}

/// How many of the boundaries an element reaches.
private func discretization(_ call: LayerCall) throws(ModelError) -> ValueID {
  guard try call.settings.string("output_mode", default: "int") == "int" else {
    throw call.settings.unsupported("output_mode")
  }
  let boundaries = try call.settings.numbers("bin_boundaries")
  let input = try call.add(Unsqueeze(axes: [-1]), call.real(call.input()), part: "elements")
  let reached = try call.add(
    GreaterOrEqual(), input, call.constant(boundaries, shape: [boundaries.count]), part: "reached")
  let counts = try call.add(Cast(to: .int32), reached, part: "counts")
  return try call.add(ReduceSum(axes: [-1], keepsDimensions: false), counts)
}

/// Which categories occur in each row, or how often.
private func categoryEncoding(_ call: LayerCall) throws(ModelError) -> ValueID {
  var input = try call.input()
  let count = try call.settings.integer("num_tokens")
  guard count > 0 else { throw call.settings.unsupported("num_tokens") }
  let mode = try call.settings.string("output_mode", default: "multi_hot")
  try call.requireRank(of: input, 2)
  if try !call.dataType(of: input).isInteger {
    input = try call.add(Cast(to: .int32), input, part: "indices")
  }
  let depth = call.importer.graph.addConstant(Tensor(scalar: Int64(count)))
  let rows = try call.add(OneHot(), input, depth, call.constant([0, 1], shape: [2]), part: "rows")
  switch mode {
  case "one_hot" where try call.size(of: input, axis: 1) == 1: return try call.add(Squeeze(axes: [1]), rows)
  case "multi_hot": return try call.add(ReduceMax(axes: [1], keepsDimensions: false), rows)
  case "count": return try call.add(ReduceSum(axes: [1], keepsDimensions: false), rows)
  default: throw call.settings.unsupported("output_mode")
  }
}

/// Statistics that were counted are variables; those that the author gave are settings.
private func normalizationVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  guard !settings.has("mean") else { return [] }
  return [
    KerasVariable("mean", isTrainable: false), KerasVariable("variance", isTrainable: false),
    KerasVariable("count", isTrainable: false, isOptional: true),
  ]
}

/// `(x − mean) / max(√variance, 1e-7)` along the axes that statistics are kept for, or back.
private func normalization(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.real(call.input())
  let rank = try call.shape(of: input).rank
  var sizes = [Int](repeating: 1, count: rank)
  var kept: [Int] = []
  for axis in try normalizedAxes(call.settings.integers("axis", default: [-1]), rank: rank) {
    sizes[axis] = try call.size(of: input, axis: axis)
    kept.append(sizes[axis])
  }
  func statistics(_ name: String, _ change: (Float) -> Float) throws(ModelError) -> ValueID {
    let numbers =
      call.settings.has("mean")
      ? try call.settings.numbers(name) : try call.importer.numbers(of: name, at: call.path, shape: kept)
    if numbers.count == 1 { return call.constant(numbers.map(change), shape: []) }
    guard numbers.count == kept.checkedProduct() else { throw call.settings.unsupported(name) }
    return call.constant(numbers.map(change), shape: sizes)
  }
  let mean = try statistics("mean") { $0 }
  let deviation = try statistics("variance") { max($0.squareRoot(), 1e-7) }
  if try call.settings.boolean("invert", default: false) {
    return try call.add(Add(), call.add(Multiply(), input, deviation, part: "scaled"), mean)
  }
  return try call.add(Divide(), call.add(Subtract(), input, mean, part: "centred"), deviation)
}

extension LayerCall {
  /// A setting of one number, or of one for each channel, as a constant.
  fileprivate func numbers(_ name: String, default value: Float) throws(ModelError) -> ValueID {
    guard settings.has(name) else { return constant([value], shape: []) }
    let numbers = try settings.numbers(name)
    return constant(numbers, shape: numbers.count == 1 ? [] : [numbers.count])
  }
}
