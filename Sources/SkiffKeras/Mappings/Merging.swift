import SkiffBinary
import SkiffIR
import SkiffOperators

let mergeMappings: [LayerMapping] = [
  merging("Add") { (call) throws(ModelError) in try call.folded(Add()) },
  merging("Multiply") { (call) throws(ModelError) in try multiplied(call) },
  merging("Maximum") { (call) throws(ModelError) in try call.folded(Maximum()) },
  merging("Minimum") { (call) throws(ModelError) in try call.folded(Minimum()) },
  merging("Subtract") { (call) throws(ModelError) in try call.paired(Subtract()) },
  merging("Divide") { (call) throws(ModelError) in try call.paired(Divide()) },
  merging("TrueDivide") { (call) throws(ModelError) in try call.paired(Divide()) },
  merging("Power") { (call) throws(ModelError) in try call.paired(Power()) },
  merging("Average") { (call) throws(ModelError) in
    let sum = try call.folded(Add(), part: "sum")
    return try call.add(Multiply(), sum, call.constant([1 / Float(call.inputs.count)], shape: []))
  },
  // The layer that `keras.applications` defines for InceptionResNetV2.
  LayerMapping("CustomScaleLayer") { (call) throws(ModelError) in
    guard call.inputs.count == 2 else {
      throw ModelError(.malformed, "has \(call.inputs.count) inputs instead of 2")
    }
    let scale = call.constant([Float(try call.settings.number("scale"))], shape: [])
    return try call.add(Add(), call.inputs[0], call.add(Multiply(), call.inputs[1], scale, part: "scaled"))
  },
  LayerMapping("Concatenate", results: concatenate),
  LayerMapping("Dot", dot),
]

/// A row whose result has the mask that its inputs have together.
private func merging(
  _ className: String, _ makeNodes: @escaping @Sendable (LayerCall) throws(ModelError) -> ValueID
) -> LayerMapping {
  LayerMapping(
    className,
    results: { (call: LayerCall) throws(ModelError) in
      [KerasTensor(value: try makeNodes(call), mask: try call.combinedMask())]
    }
  ).takingNumbers
}

/// The product of all inputs. In Keras 3 an input is 1 where it does not count, and the product 0 where none does.
private func multiplied(_ call: LayerCall) throws(ModelError) -> ValueID {
  guard call.importer.isKeras3, call.masks.contains(where: { $0 != nil }) else {
    return try call.folded(Multiply())
  }
  func spread(_ mask: ValueID, over input: ValueID) throws(ModelError) -> ValueID {
    let axes = Array(
      try call.shape(of: mask).rank..<max(call.shape(of: mask).rank, call.shape(of: input).rank))
    return axes.isEmpty ? mask : try call.add(Unsqueeze(axes: axes), mask, part: "mask")
  }
  var product: ValueID?
  for (index, (input, mask)) in zip(call.inputs, call.masks).enumerated() {
    var factor = input
    if let mask {
      let one = call.constant([1], shape: [])
      factor = try call.add(Select(), spread(mask, over: input), input, one, part: "factor\(index)")
    }
    if let known = product { factor = try call.add(Multiply(), known, factor) }
    product = factor
  }
  guard let product else { return try call.input() }
  guard let counts = try call.combinedMask() else { return product }
  return try call.add(
    Select(), spread(counts, over: product), product, call.constant([0], shape: []), part: "kept")
}

private func concatenate(_ call: LayerCall) throws(ModelError) -> [KerasTensor] {
  guard call.inputs.count > 1 else { return [KerasTensor(value: try call.input())] }
  let axis = try call.settings.integer("axis", default: -1)
  let value = try call.add(Concat(axis: axis), call.inputs)
  return [KerasTensor(value: value, mask: try call.joinedMask(axis: axis))]
}

/// Products summed over one axis of each of two tensors, sample by sample: `[batch, a, k]` and `[batch, k, b]` give
/// `[batch, a, b]`, and one of rank 2 is taken to have a single row.
private func dot(_ call: LayerCall) throws(ModelError) -> ValueID {
  guard call.inputs.count == 2 else {
    throw ModelError(.malformed, "the layer is called with \(call.inputs.count) tensors instead of 2")
  }
  let axes = try call.settings.integers("axes", rank: 2)
  var operands: [ValueID] = []
  var rows: [Int] = []
  for (index, input) in call.inputs.enumerated() {
    let rank = try call.shape(of: input).rank
    let axis = try normalizedAxis(axes[index], rank: rank)
    guard (2...3).contains(rank), axis > 0 else { throw call.settings.unsupported("axes") }
    var operand = input
    if try call.settings.boolean("normalize", default: false) {
      var operator_ = LpNormalization()
      operator_.axis = axis
      operator_.leastNorm = 1e-6  // the root of what Keras adds to the sum of squares
      operand = try call.add(operator_, operand, part: "normalized\(index)")
    }
    let count = try call.size(of: operand, axis: axis)
    if rank == 2 {
      operand = try call.reshape(
        operand, index == 0 ? [-1, 1, count] : [-1, count, 1], part: "matrix\(index)")
    } else {
      rows.append(try call.size(of: operand, axis: 3 - axis))
      if axis == (index == 0 ? 1 : 2) {
        operand = try call.add(Transpose([0, 2, 1]), operand, part: "turned\(index)")
      }
    }
    operands.append(operand)
  }
  let product = try call.add(MatrixMultiply(), operands, part: rows.count == 2 ? "" : "product")
  return rows.count == 2 ? product : try call.reshape(product, [-1] + (rows.isEmpty ? [1] : rows))
}

extension LayerCall {
  /// The operator on exactly two inputs.
  func paired(_ operator: any Operator) throws(ModelError) -> ValueID {
    guard inputs.count == 2 else {
      throw ModelError(.malformed, "the layer is called with \(inputs.count) tensors instead of 2")
    }
    return try folded(`operator`)
  }

  /// The inputs combined from the first to the last; those of fewer axes get more behind the batch.
  func folded(_ operator: any Operator, part: String = "") throws(ModelError) -> ValueID {
    var rank = 0
    for input in inputs { rank = max(rank, try shape(of: input).rank) }
    guard let first = inputs.first, inputs.count > 1 else {
      throw ModelError(.malformed, "the layer is called with \(inputs.count) tensors instead of 2 or more")
    }
    var result = try expanded(first, toRank: rank, part: "expanded")
    for (index, operand) in inputs.enumerated().dropFirst() {
      let isLast = index == inputs.count - 1
      result = try add(
        `operator`, result, expanded(operand, toRank: rank, part: "expanded\(index)"),
        part: isLast ? part : "\(index)")
    }
    return result
  }

  private func expanded(_ value: ValueID, toRank rank: Int, part: String) throws(ModelError) -> ValueID {
    let shape = try shape(of: value)
    guard shape.rank < rank, importer.graph[value].constant == nil else { return value }
    guard let sizes = Shape(Array(shape.dimensions.dropFirst())).fixed, shape.rank > 0 else {
      throw ModelError(.unsupported, "inputs of different ranks, one of them \(shape)")
    }
    return try reshape(value, [-1] + [Int](repeating: 1, count: rank - shape.rank) + sizes, part: part)
  }
}
