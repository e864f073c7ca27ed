import SkiffBinary
import SkiffIR
import SkiffOperators

let attentionMappings: [LayerMapping] = [
  LayerMapping("Attention", variables: attentionVariables, results: attention),
  LayerMapping("AdditiveAttention", variables: additiveVariables, results: attention),
  LayerMapping("MultiHeadAttention", results: multiHeadAttention),
  LayerMapping("GroupQueryAttention", results: multiHeadAttention),
  LayerMapping("EinsumDense", variables: einsumDenseVariables, einsumDense),
]

private func attentionVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  let scale = try settings.boolean("use_scale", default: false) ? [KerasVariable("scale")] : []
  guard try settings.string("score_mode", default: "dot") == "concat" else { return scale }
  return scale + [KerasVariable("concat_score_weight")]
}

private func additiveVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  try settings.boolean("use_scale", default: true) ? [KerasVariable("scale")] : []
}

/// Luong's or Bahdanau's attention of query `[batch, T, dim]` to value `[batch, S, dim]`, through a key if there is one.
private func attention(_ call: LayerCall) throws(ModelError) -> [KerasTensor] {
  guard (2...3).contains(call.inputs.count) else {
    throw ModelError(.malformed, "the layer is called with \(call.inputs.count) tensors instead of 2 or 3")
  }
  for input in call.inputs { try call.requireRank(of: input, 3) }
  let (query, value) = (call.inputs[0], call.inputs[1])
  let given = call.arguments.argument(nil, "mask")
  var (queryMask, valueMask) = (call.masks[0], call.masks[1])
  if given != nil {
    let masks = try call.arguments.tensors(nil, "mask").map(\.value)
    guard masks.count == 2 else {
      throw ModelError(.unsupported, "\(masks.count) masks", at: Location(attribute: "mask"))
    }
    (queryMask, valueMask) = (masks[0], masks[1])
  }
  var scores = try attentionScores(
    call, query: query, key: call.inputs.last ?? value, count: call.inputs.count)
  var mask: ValueID?
  if let valueMask { mask = try call.add(Unsqueeze(axes: [1]), valueMask, part: "valueMask") }
  // Keras 2 has had it as a setting.
  let isCausal = try call.settings.boolean("causal", default: false)
  if try call.flag("use_causal_mask") || isCausal {
    mask = try call.both(mask, call.causalMask(query, value, window: nil))
  }
  if let mask { scores = try call.lowered(scores, where: mask) }
  let weights = try call.softmax(scores, axis: -1, part: "weights")
  let returnsScores = try call.flag("return_attention_scores")
  var output = try call.add(MatrixMultiply(), weights, value)
  if let queryMask {
    let counts = try call.add(Unsqueeze(axes: [2]), queryMask, part: "queryMask")
    output = try call.add(Select(), counts, output, call.constant([0], shape: []), part: "kept")
  }
  return [KerasTensor(value: output, mask: queryMask)] + (returnsScores ? [KerasTensor(value: weights)] : [])
}

/// Scores `[batch, T, S]`: products, or sums of hyperbolic tangents of all sums.
private func attentionScores(
  _ call: LayerCall, query: ValueID, key: ValueID, count: Int
) throws(ModelError) -> ValueID {
  let isAdditive = call.layer.className == "AdditiveAttention"
  let hasScale = try call.settings.boolean("use_scale", default: isAdditive)
  let mode = isAdditive ? "concat" : try call.settings.string("score_mode", default: "dot")
  guard mode == "concat" else {
    guard mode == "dot" else { throw call.settings.unsupported("score_mode") }
    var product = MatrixMultiply()
    product.transposesB = true
    let scores = try call.add(product, query, key, part: "scores")
    return hasScale ? try call.add(Multiply(), scores, call.variable("scale", []), part: "scaled") : scores
  }
  let rows = try call.add(Unsqueeze(axes: [2]), query, part: "rows")
  let columns = try call.add(Unsqueeze(axes: [1]), key, part: "columns")
  var sum = try call.add(Add(), rows, columns, part: "sums")
  if !isAdditive, hasScale { sum = try call.add(Multiply(), sum, call.variable("scale", []), part: "scaled") }
  var terms = try call.add(Tanh(), sum, part: "terms")
  if isAdditive, hasScale {
    let dim = try call.size(of: query, axis: 2)
    terms = try call.add(Multiply(), terms, call.variable("scale", [dim]), part: "scaled")
  }
  let scores = try call.add(ReduceSum(axes: [-1], keepsDimensions: false), terms, part: "scores")
  guard !isAdditive else { return scores }
  return try call.add(Multiply(), scores, call.variable("concat_score_weight", []), part: "weighted")
}

extension LayerCall {
  /// An argument that is true or false.
  func flag(_ name: String) throws(ModelError) -> Bool {
    guard let argument = arguments.argument(nil, name) else { return false }
    guard case .value(.boolean(let value)) = argument else {
      throw ModelError(.unsupported, "is neither true nor false", at: Location(attribute: name))
    }
    return value
  }

  /// Where both masks hold; nil stands for everywhere.
  func both(_ a: ValueID?, _ b: ValueID?) throws(ModelError) -> ValueID? {
    guard let a, let b else { return a ?? b }
    return try add(And(), a, b, part: "mask")
  }

  /// Where a step of the query is not before that of the value, or where they are nearer than a window: `[T, S]`.
  func causalMask(_ query: ValueID, _ value: ValueID, window: Int?) throws(ModelError) -> ValueID {
    var positions: [ValueID] = []
    for (index, tensor) in [query, value].enumerated() {
      var length = ShapeOf()
      (length.start, length.end) = (1, 2)
      let count = try add(
        Squeeze(axes: [0]), add(length, tensor, part: "length\(index)"), part: "count\(index)")
      let zero = importer.graph.addConstant(Tensor(scalar: Int64(0)))
      let one = importer.graph.addConstant(Tensor(scalar: Int64(1)))
      positions.append(try add(NumberRange(), zero, count, one, part: "positions\(index)"))
    }
    let rows = try add(Unsqueeze(axes: [1]), positions[0], part: "rows")
    let columns = try add(Unsqueeze(axes: [0]), positions[1], part: "columns")
    guard let window else { return try add(GreaterOrEqual(), rows, columns, part: "causal") }
    let distance = try add(Abs(), add(Subtract(), rows, columns, part: "difference"), part: "distance")
    return try add(
      Less(), distance, importer.graph.addConstant(Tensor(scalar: Int64(window))), part: "window")
  }
}

extension LayerCall {
  /// Scores less a thousand millions where a mask does not hold.
  func lowered(_ scores: ValueID, where mask: ValueID) throws(ModelError) -> ValueID {
    let added = try add(
      Select(), mask, constant([0], shape: []), constant([-1e9], shape: []), part: "mask")
    return try add(Add(), scores, added, part: "masked")
  }
}
