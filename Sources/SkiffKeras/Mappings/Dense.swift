import SkiffBinary
import SkiffIR
import SkiffOperators

let denseMappings: [LayerMapping] = [
  LayerMapping("Dense", masking: .kept, variables: denseVariables, dense),
  LayerMapping(
    "Embedding", variables: { (_) throws(ModelError) in [KerasVariable("embeddings")] }, results: embedding),
  LayerMapping("ReversibleEmbedding", variables: reversibleVariables) { (call) throws(ModelError) in
    call.arguments.value(1, "reverse") == .boolean(true)
      ? [KerasTensor(value: try logits(call))] : try embedding(call)
  },
]

private func denseVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  [KerasVariable("kernel")] + (try biasVariable(settings))
}

/// A kernel `[channels, units]`, applied to the last axis.
private func dense(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.real(call.input())
  let rank = try call.shape(of: input).rank
  let channels = try call.size(of: input, axis: rank - 1)
  let units = try call.settings.integer("units")
  let weights = try call.variable("kernel", [channels, units], .permute([1, 0]))
  let bias = try call.optionalVariable("bias", units, if: "use_bias")
  return try call.activated(call.add(FullyConnected(), input, weights, bias))
}

/// Rows of a table; indices that come as other numbers are cut to integers. With `mask_zero`, index 0 does not count.
private func embedding(_ call: LayerCall) throws(ModelError) -> [KerasTensor] {
  let input = try call.input()
  var indices = input
  if call.importer.graph[indices].type?.dataType.isInteger != true {
    indices = try call.add(Cast(to: .int32), indices, part: "indices")
  }
  let shape = [try call.settings.integer("input_dim"), try call.settings.integer("output_dim")]
  let rows = try call.add(Gather(axis: 0), call.variable("embeddings", shape), indices)
  guard try call.settings.boolean("mask_zero", default: false) else { return [KerasTensor(value: rows)] }
  let zero = call.scalar(0, like: input)
  return [KerasTensor(value: rows, mask: try call.add(NotEqual(), input, zero, part: "mask"))]
}

private func reversibleVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  let isTied = try settings.boolean("tie_weights", default: true)
  return [KerasVariable("embeddings")] + (isTied ? [] : [KerasVariable("reverse_embeddings")])
}

/// How near a vector is to each row of the table, or of another one, softly limited if the settings say so.
private func logits(_ call: LayerCall) throws(ModelError) -> ValueID {
  let settings = call.settings
  let (count, size) = (try settings.integer("input_dim"), try settings.integer("output_dim"))
  let weights =
    try settings.boolean("tie_weights", default: true)
    ? call.variable("embeddings", [count, size])
    : call.variable("reverse_embeddings", [size, count], .permute([1, 0]))
  guard settings.has("logit_soft_cap") else {
    return try call.add(FullyConnected(), call.input(), weights)
  }
  let cap = call.constant([Float(try settings.number("logit_soft_cap"))], shape: [])
  let logits = try call.add(FullyConnected(), call.input(), weights, part: "logits")
  let limited = try call.add(Tanh(), call.add(Divide(), logits, cap, part: "shares"), part: "limited")
  return try call.add(Multiply(), limited, cap)
}
