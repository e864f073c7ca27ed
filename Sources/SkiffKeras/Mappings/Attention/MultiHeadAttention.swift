import SkiffBinary
import SkiffIR
import SkiffOperators

/// Attention of several heads (Vaswani and others, 2017) over the second axis; with fewer heads of keys and values than of
/// queries, several queries share one (Ainslie and others, 2023).
func multiHeadAttention(_ call: LayerCall) throws(ModelError) -> [KerasTensor] {
  try MultiHeadAttention(call).results()
}

private struct MultiHeadAttention {
  private let call: LayerCall
  private let query: KerasTensor
  private let value: KerasTensor
  private let key: KerasTensor
  /// The mask that belongs to the key alone.
  private let keyMask: ValueID?
  private let heads: Int
  private let sharedHeads: Int
  private let keySize: Int
  private let valueSize: Int
  private let hasBias: Bool

  init(_ call: LayerCall) throws(ModelError) {
    self.call = call
    let settings = call.settings
    guard let query = try call.arguments.tensor(0, "query"), let value = try call.arguments.tensor(1, "value")
    else {
      throw ModelError(.malformed, "the layer is called without a query or a value")
    }
    let key = try call.arguments.tensor(2, "key")
    (self.query, self.value, self.key) = (query, value, key ?? value)
    keyMask = key?.mask
    for tensor in [query, value, key ?? value] { try call.requireRank(of: tensor.value, 3) }
    let isGrouped = call.layer.className == "GroupQueryAttention"
    heads = try settings.integer(isGrouped ? "num_query_heads" : "num_heads")
    sharedHeads = isGrouped ? try settings.integer("num_key_value_heads") : heads
    keySize = try settings.integer(isGrouped ? "head_dim" : "key_dim")
    valueSize = isGrouped ? keySize : try settings.integer("value_dim", default: keySize)
    hasBias = try settings.boolean("use_bias", default: true)
    guard [heads, sharedHeads, keySize, valueSize].allSatisfy({ $0 > 0 }), heads % sharedHeads == 0 else {
      throw ModelError(
        .malformed, "\(heads) heads of \(keySize) and \(valueSize), \(sharedHeads) of them shared")
    }
    guard try !settings.boolean("softmax_robust_masking", default: false) else {
      throw settings.unsupported("softmax_robust_masking")
    }
    if !isGrouped, try settings.integers("attention_axes", default: [1]) != [1] {
      throw settings.unsupported("attention_axes")
    }
  }

  func results() throws(ModelError) -> [KerasTensor] {
    let returnsScores = try call.flag("return_attention_scores")
    let mask = try mask()
    // `[batch, heads, steps, size]` each.
    let queries = try heads(query.value, "query", heads, keySize)
    let keys = try repeated(heads(key.value, "key", sharedHeads, keySize), "key")
    let values = try repeated(heads(value.value, "value", sharedHeads, valueSize), "value")
    let factor = call.constant([1 / Float(keySize).squareRoot()], shape: [])
    var product = MatrixMultiply()
    product.transposesB = true
    var scores = try call.add(
      product, call.add(Multiply(), queries, factor, part: "scaled"), keys, part: "scores")
    if let mask { scores = try masked(scores, mask) }
    var weights = try call.softmax(scores, axis: -1, part: "weights")
    if let mask, call.importer.isKeras3, try zeroesFullyMasked(returnsScores) {
      weights = try call.add(Select(), mask, weights, call.constant([0], shape: []), part: "kept")
    }
    var attended = try call.add(MatrixMultiply(), weights, values, part: "attended")
    if try call.settings.boolean("use_gate", default: false) {
      let gate = try call.add(Sigmoid(), heads(query.value, "gate", heads, valueSize), part: "gate")
      attended = try call.add(Multiply(), attended, gate, part: "gated")
    }
    let together = try call.reshape(
      call.add(Transpose([0, 2, 1, 3]), attended, part: "turned"), [0, 0, heads * valueSize], part: "together"
    )
    let output = try project(together)
    return [KerasTensor(value: output, mask: query.mask)]
      + (returnsScores ? [KerasTensor(value: weights)] : [])
  }

  // MARK: Projections

  /// A tensor `[batch, steps, dim]` projected for each head.
  private func heads(_ input: ValueID, _ name: String, _ count: Int, _ size: Int) throws(ModelError)
    -> ValueID
  {
    let path = join(call.path, "\(name)_dense")
    let dim = try call.size(of: input, axis: 2)
    let weights = try call.importer.variable(
      "kernel", of: path, shape: [dim, count, size],
      steps: [.reshape([dim, count * size]), .permute([1, 0])])
    let bias =
      try hasBias
      ? call.importer.variable("bias", of: path, shape: [count, size], steps: [.reshape([count * size])])
      : nil
    let projected = try call.add(FullyConnected(), input, weights, bias, part: name)
    let split = try call.reshape(projected, [0, 0, count, size], part: "\(name)/heads")
    return try call.add(Transpose([0, 2, 1, 3]), split, part: "\(name)/turned")
  }

  /// Each shared head as often as queries share it.
  private func repeated(_ value: ValueID, _ name: String) throws(ModelError) -> ValueID {
    guard sharedHeads < heads else { return value }
    let indices = (0..<heads).map { $0 / (heads / sharedHeads) }
    return try call.add(Gather(axis: 1), value, call.integers(indices), part: "\(name)/repeated")
  }

  private func project(_ input: ValueID) throws(ModelError) -> ValueID {
    let path = join(call.path, "output_dense")
    let sizes = try call.settings.integers("output_shape", default: [call.size(of: query.value, axis: 2)])
    guard let count = sizes.checkedProduct(), count > 0 else {
      throw call.settings.unsupported("output_shape")
    }
    let weights = try call.importer.variable(
      "kernel", of: path, shape: [heads, valueSize] + sizes,
      steps: [.reshape([heads * valueSize, count]), .permute([1, 0])])
    let bias =
      try hasBias ? call.importer.variable("bias", of: path, shape: sizes, steps: [.reshape([count])]) : nil
    let output = try call.add(FullyConnected(), input, weights, bias)
    return sizes.count == 1 ? output : try call.reshape(output, [0, 0] + sizes, part: "sizes")
  }

  // MARK: Masks

  /// Where a step of the query may look at a step of the value: broadcastable to `[batch, heads, T, S]`.
  private func mask() throws(ModelError) -> ValueID? {
    let isCausal = try call.flag("use_causal_mask")
    var mask = try call.arguments.tensor(nil, "attention_mask").map(\.value)
    if let given = mask {
      try call.requireRank(of: given, 3)
      if call.importer.graph[given].type?.dataType != .boolean {
        mask = try call.add(Cast(to: .boolean), given, part: "attentionMask")
      }
    }
    let queryMask = try call.arguments.tensor(nil, "query_mask")?.value ?? query.mask
    let valueMask = try call.arguments.tensor(nil, "value_mask")?.value ?? value.mask
    let keyMask = try call.arguments.tensor(nil, "key_mask")?.value ?? keyMask
    for (part, axis) in [(queryMask, 2), (valueMask, 1), (keyMask, 1)] {
      guard let part else { continue }
      try call.requireRank(of: part, 2)
      mask = try call.both(mask, call.add(Unsqueeze(axes: [axis]), part, part: "stepMask"))
    }
    if isCausal { mask = try call.both(mask, call.causalMask(query.value, value.value, window: nil)) }
    if call.settings.has("sliding_window") {
      let window = try call.settings.integer("sliding_window")
      mask = try call.both(mask, call.causalMask(query.value, value.value, window: window))
    }
    guard let mask else { return nil }
    return try call.shape(of: mask).rank == 3 ? call.add(Unsqueeze(axes: [1]), mask, part: "headMask") : mask
  }

  /// Scores so small where the mask does not hold that nothing of them remains.
  private func masked(_ scores: ValueID, _ mask: ValueID) throws(ModelError) -> ValueID {
    guard call.importer.isKeras3 else { return try call.lowered(scores, where: mask) }
    return try call.add(Select(), mask, scores, call.constant([-1e9], shape: []), part: "masked")
  }

  /// Keras 3 has two ways to compute; on one of them a step that may look at nothing gets nothing.
  private func zeroesFullyMasked(_ returnsScores: Bool) throws(ModelError) -> Bool {
    if returnsScores { return true }
    return try call.settings.number("dropout", default: 0) > 0
  }
}
