import SkiffBinary
import SkiffIR
import SkiffOperators

let mergeMappings: [LayerMapping] = [
  LayerMapping("Add") { (call) throws(ModelError) in try call.folded(Add()) }.takingNumbers,
  LayerMapping("Multiply") { (call) throws(ModelError) in try call.folded(Multiply()) }.takingNumbers,
  LayerMapping("Maximum") { (call) throws(ModelError) in try call.folded(Maximum()) }.takingNumbers,
  LayerMapping("Minimum") { (call) throws(ModelError) in try call.folded(Minimum()) }.takingNumbers,
  LayerMapping("Subtract") { (call) throws(ModelError) in try call.paired(Subtract()) }.takingNumbers,
  LayerMapping("Divide") { (call) throws(ModelError) in try call.paired(Divide()) }.takingNumbers,
  LayerMapping("TrueDivide") { (call) throws(ModelError) in try call.paired(Divide()) }.takingNumbers,
  LayerMapping("Power") { (call) throws(ModelError) in try call.paired(Power()) }.takingNumbers,
  LayerMapping("TFOpLambda", tensorFlowFunction).takingNumbers,
  LayerMapping("Average") { (call) throws(ModelError) in
    let sum = try call.folded(Add(), part: "sum")
    return try call.add(Multiply(), sum, call.constant([1 / Float(call.inputs.count)], shape: []))
  },
  LayerMapping("Concatenate") { (call) throws(ModelError) in
    guard call.inputs.count > 1 else { return try call.input() }
    return try call.add(Concat(axis: call.settings.integer("axis", default: -1)), call.inputs)
  },
  LayerMapping("Dot", dot),
]

/// A function of TensorFlow that was applied to tensors of Keras: the second operand is a tensor or a number.
private func tensorFlowFunction(_ call: LayerCall) throws(ModelError) -> ValueID {
  let name = try call.settings.string("function", default: "")
  guard call.layer.calls.allSatisfy({ $0.arguments.keys.allSatisfy { $0 == "name" } }) else {
    throw call.settings.unsupported("function")
  }
  switch name {
  case "__operators__.add", "math.add": return try call.paired(Add())
  case "math.subtract": return try call.paired(Subtract())
  case "math.multiply": return try call.paired(Multiply())
  case "math.truediv", "math.divide", "realdiv": return try call.paired(Divide())
  case "math.maximum": return try call.paired(Maximum())
  case "math.minimum": return try call.paired(Minimum())
  case "math.pow": return try call.paired(Power())
  case "nn.relu": return try call.add(Relu(), call.input())
  case "nn.relu6": return try call.add(Clip(minimum: 0, maximum: 6), call.input())
  case "nn.sigmoid", "math.sigmoid": return try call.add(Sigmoid(), call.input())
  case "nn.tanh", "math.tanh": return try call.add(Tanh(), call.input())
  case "nn.silu", "nn.swish": return try call.add(Swish(), call.input())
  case "nn.softplus", "math.softplus": return try call.add(Softplus(), call.input())
  case "math.abs": return try call.add(Abs(), call.input())
  case "math.exp": return try call.add(Exp(), call.input())
  case "math.log": return try call.add(Log(), call.input())
  case "math.sqrt": return try call.add(Sqrt(), call.input())
  case "math.negative": return try call.add(Negate(), call.input())
  default: throw ModelError(.unsupported, "the function '\(name)' is not known")
  }
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
