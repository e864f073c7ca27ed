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
]

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
