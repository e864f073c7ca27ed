import SkiffBinary
import SkiffIR
import SkiffOperators

/// A node that is being exported: what its mapping needs to know, and the operators that it becomes.
final class NodeWriter {
  let node: Node
  let exporter: Exporter

  init(_ node: Node, in exporter: Exporter) {
    self.node = node
    self.exporter = exporter
  }

  /// Writes the node by the first row that can.
  func write() throws(ModelError) {
    if let foreign = node.operator as? ForeignOperator { return try write(foreign) }
    // Rows compute with sizes.
    for value in node.inputs + node.outputs {
      if let type = value.flatMap({ exporter.graph[$0].type }) { try Exporter.checkSize(of: type) }
    }
    let name = Swift.type(of: node.operator).name
    for mapping in Dialect.writers[name] ?? [] where mapping.accepts(node, exporter.graph) {
      if try mapping.write(node.operator, self) { return }
    }
    let sequence = node.operator is any RecurrentOperator ? node.inputs.first.flatMap(\.self) : nil
    let isOpen = sequence.flatMap { exporter.graph[$0].type }?.shape.isFixed == false
    let hint = isOpen ? "; with an input of fixed sizes it is written step by step" : ""
    throw ModelError(.unsupported, "the format has no operator for \(name)\(hint)")
  }

  private func write(_ foreign: ForeignOperator) throws(ModelError) {
    guard foreign.dialect == Importer.dialectName else {
      throw ModelError(
        .unsupported, "the operator \(foreign.kind) of '\(foreign.dialect)' is not known to the format")
    }
    guard !foreign.foreignAttributes.contains(where: { $0.name.hasSuffix("subgraph_index") }) else {
      throw ModelError(.unsupported, "the operator \(foreign.kind) runs a subgraph that is not kept")
    }
    var (code, item) = try ForeignOptions.restore(foreign)
    item.inputs = try operands()
    item.outputs = try results()
    exporter.append(item, code)
  }

  // MARK: Operands

  /// The type of an operand.
  func type(_ index: Int) throws(ModelError) -> TensorType {
    guard index < node.inputs.count, let value = node.inputs[index], let type = exporter.graph[value].type
    else { throw ModelError(.unsupported, "the type of operand \(index) is not known") }
    return type
  }

  /// The sizes of an operand, which must be fixed.
  func fixedShape(_ index: Int) throws(ModelError) -> [Int] {
    let type = try type(index)
    guard let shape = type.shape.fixed else {
      throw ModelError(.unsupported, "the shape \(type.shape) of operand \(index) must be fixed")
    }
    return shape
  }

  /// The tensor of an operand.
  func required(_ index: Int) throws(ModelError) -> Int {
    guard let tensor = try optional(index) else {
      throw ModelError(.invalidGraph, "operand \(index) is missing")
    }
    return tensor
  }

  /// The tensor of an operand, nil if it is left out.
  func optional(_ index: Int) throws(ModelError) -> Int? {
    guard index < node.inputs.count, let value = node.inputs[index] else { return nil }
    return try exporter.tensor(of: value)
  }

  /// The variable tensor of a state that only this node uses, and of which it leaves a result.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if the operand is anything else.
  func variable(_ index: Int, result: Int) throws(ModelError) -> Int {
    guard let value = node.inputs[index], exporter.variableTensors.contains(value),
      exporter.graph.states.contains(where: { $0.value == value && $0.next == node.outputs[result] })
    else { throw ModelError(.unsupported, "a state that is not only this operator's, or not zero at first") }
    return try exporter.tensor(of: value)
  }

  /// The tensors of all operands; -1 for one that is left out.
  func operands() throws(ModelError) -> [Int] {
    var tensors: [Int] = []
    for index in node.inputs.indices { tensors.append(try optional(index) ?? -1) }
    return tensors
  }

  /// The elements of an integer operand that is known before the graph runs.
  func known(_ index: Int, _ name: String) throws(ModelError) -> [Int] {
    guard let list = try known(optional: index, name) else {
      throw ModelError(.invalidGraph, "the \(name) are missing")
    }
    return list
  }

  /// Likewise, nil if the operand is left out.
  func known(optional index: Int, _ name: String) throws(ModelError) -> [Int]? {
    guard index < node.inputs.count, let value = node.inputs[index] else { return nil }
    if let known = exporter.graph[value].knownElements {
      let numbers = known.compactMap(\.fixed)
      if numbers.count == known.count { return numbers }
    }
    guard let constant = exporter.graph[value].constant else {
      throw ModelError(.unsupported, "the \(name) are computed when the model runs")
    }
    return try constant.materialize().integers()
  }

  /// An operand of integers as the format takes them, in 32 bits.
  func index(_ index: Int) throws(ModelError) -> Int {
    let tensor = try required(index)
    let type = exporter.types[tensor]
    guard type.dataType == .int64 else { return tensor }
    if exporter.constants[tensor] != nil {
      let list = try known(index, "integers")
      guard type.rank != 1, let shape = type.shape.fixed else { return try integers(list) }
      return try exporter.addUnnamed(Tensor(integers: list, as: .int32, shape: shape))
    }
    let narrow = try temporary(TensorType(.int32, type.shape))
    try emitCast(tensor, to: narrow)
    return narrow
  }

  /// The tensors of all results.
  func results() throws(ModelError) -> [Int] {
    var tensors: [Int] = []
    for index in node.outputs.indices { tensors.append(try result(index)) }
    return tensors
  }

  /// The tensor of a result.
  func result(_ index: Int) throws(ModelError) -> Int { try exporter.tensor(of: node.outputs[index]) }

  // MARK: Operators

  /// Appends an operator over the operands and results of the node.
  func emit(_ name: String, options: FlatObject? = nil) throws(ModelError) {
    try emit(name, operands(), results(), options)
  }

  /// Appends an operator.
  func emit(
    _ name: String, _ inputs: [Int], _ outputs: [Int], _ options: FlatObject? = nil
  ) throws(ModelError) {
    try exporter.emit(name, inputs, outputs, options)
  }

  /// A list of integers.
  func integers(_ list: [Int]) throws(ModelError) -> Int { try exporter.integers(list) }

  /// One integer.
  func scalar(_ integer: Int) throws(ModelError) -> Int { try exporter.scalar(integer) }

  /// A tensor between two operators of this node.
  func temporary(_ type: TensorType) throws(ModelError) -> Int {
    try exporter.addTensor(type, name: node.name)
  }

  /// A tensor like another one, with an axis of size 1 more.
  func temporary(like tensor: Int, inserting axis: Int) throws(ModelError) -> Int {
    var type = exporter.types[tensor]
    type.shape.dimensions.insert(.fixed(1), at: axis)
    return try temporary(type)
  }

  /// Makes `tensor` the result of the node: what this node computed it by computes the result instead; an operand, which
  /// others may use, is copied.
  func finish(_ tensor: Int) throws(ModelError) {
    if try operands().contains(tensor) {
      try emitReshape(tensor, to: result(0))
    } else {
      try exporter.redirect(tensor, to: result(0))
    }
  }

  /// Refuses to list elements that the graph does not hold where they are too many for a constant.
  func checkListing(_ sizes: [Int]) throws(ModelError) {
    guard let count = sizes.checkedProduct(), count <= Limits.standard.count else {
      throw ModelError(.limitExceeded, "would need a constant of shape \(Shape(sizes))")
    }
  }

  // MARK: Movement

  /// The tensor with its axes reordered: a constant as it is stored, others when the model runs.
  func permuted(_ tensor: Int, by permutation: [Int]) throws(ModelError) -> Int {
    if let derived = try exporter.derive(tensor, by: .permute(permutation)) { return derived }
    // Weights that are turned into reals when the model runs are reordered before that.
    if let source = exporter.dequantized[tensor],
      let derived = try exporter.derive(source, by: .permute(permutation))
    {
      var type = exporter.types[tensor]
      type.shape = exporter.types[derived].shape
      let result = try temporary(type)
      try emit("DEQUANTIZE", [derived], [result], FlatObject("DequantizeOptions"))
      return result
    }
    var type = exporter.types[tensor]
    type.shape = Shape(permutation.map { type.shape[$0] })
    type.quantization = type.quantization?.permuted(by: permutation)
    let result = try temporary(type)
    try emit("TRANSPOSE", [tensor, integers(permutation)], [result], FlatObject("TransposeOptions"))
    return result
  }

  /// The elements at some positions of an axis.
  func gathered(_ tensor: Int, axis: Int, _ positions: [Int]) throws(ModelError) -> Int {
    var type = exporter.types[tensor]
    type.shape[axis] = .fixed(positions.count)
    let result = try temporary(type)
    try emit(
      "GATHER", [tensor, integers(positions)], [result],
      FlatObject("GatherOptions", ["axis": .integer(axis)]))
    return result
  }

  /// The tensor with another fixed shape.
  func reshaped(_ tensor: Int, to sizes: [Int]) throws(ModelError) -> Int {
    if let derived = try exporter.derive(tensor, by: .reshape(sizes)) { return derived }
    var type = exporter.types[tensor]
    type.shape = Shape(sizes)
    let result = try temporary(type)
    try emitReshape(tensor, to: result)
    return result
  }

  /// The tensor with an axis of size 1 more.
  func inserted(_ tensor: Int, axis: Int) throws(ModelError) -> Int {
    let result = try temporary(like: tensor, inserting: axis)
    if exporter.types[tensor].shape.dimensions.count(where: { $0.fixed == nil }) > 1 {
      try emit("EXPAND_DIMS", [tensor, scalar(axis)], [result], FlatObject("ExpandDimsOptions"))
    } else {
      try emitReshape(tensor, to: result)
    }
    return result
  }

  /// Appends what takes an axis of size 1 out of a tensor, which becomes `result`.
  func emitRemoval(of axis: Int, from tensor: Int, to result: Int) throws(ModelError) {
    guard exporter.types[result].shape.dimensions.count(where: { $0.fixed == nil }) > 1 else {
      return try emitReshape(tensor, to: result)
    }
    try emit("SQUEEZE", [tensor], [result], FlatObject("SqueezeOptions", ["squeeze_dims": .integers([axis])]))
  }

  /// Appends a reshape to the shape of `result`, of which one size at most is not fixed.
  func emitReshape(_ tensor: Int, to result: Int) throws(ModelError) {
    try exporter.emitReshape(tensor, to: result)
  }

  /// The sizes of a tensor as a tensor: a constant where they are fixed.
  func sizes(of tensor: Int) throws(ModelError) -> Int {
    if let sizes = exporter.types[tensor].shape.fixed { return try integers(sizes) }
    let present = try temporary(TensorType(.int32, [exporter.types[tensor].rank]))
    try emit("SHAPE", [tensor], [present], FlatObject("ShapeOptions").setting("out_type", to: "INT32"))
    return present
  }

  /// Sizes as a tensor, with those of another tensor, at the same axes, for nil.
  func copiedShape(of tensor: Int, _ sizes: [Int?]) throws(ModelError) -> Int {
    let present = try self.sizes(of: tensor)
    var parts: [Int] = []
    var axis = 0
    while axis < sizes.count {
      let given = sizes[axis...].prefix { $0 != nil }.compactMap(\.self)
      if !given.isEmpty {
        parts.append(try integers(given))
        axis += given.count
        continue
      }
      let part = try temporary(TensorType(.int32, [1]))
      try emit("SLICE", [present, integers([axis]), integers([1])], [part], FlatObject("SliceOptions"))
      parts.append(part)
      axis += 1
    }
    guard parts.count > 1 else { return parts.first ?? present }
    let result = try temporary(TensorType(.int32, [sizes.count]))
    try emit(
      "CONCATENATION", parts, [result], FlatObject("ConcatenationOptions", ["axis": .integer(0)]))
    return result
  }

  /// The tensor with elements added around it: zeros, or the least number of its type.
  func padded(_ tensor: Int, _ amounts: [[Int]], lowest: Bool) throws(ModelError) -> Int {
    var type = exporter.types[tensor]
    for (axis, amount) in amounts.enumerated() {
      type.shape[axis] = type.shape[axis] + .fixed(amount.reduce(0, +))
    }
    let result = try temporary(type)
    let pairs = try exporter.derive(integers(amounts.flatMap(\.self)), by: .reshape([amounts.count, 2]))
    guard let pairs else { throw ModelError(.invalidGraph, "a padding of \(amounts)") }
    guard lowest else {
      try emit("PAD", [tensor, pairs], [result], FlatObject("PadOptions"))
      return result
    }
    let least: Tensor
    if type.dataType.isInteger {
      least = try Tensor(integers: [type.dataType.integerRange().lowerBound], as: type.dataType, shape: [1])
        .quantized(with: type.quantization)
    } else {
      least = try Tensor(scalar: -Float.greatestFiniteMagnitude).cast(to: type.dataType).reshaped(to: [1])
    }
    try emit("PADV2", [tensor, pairs, exporter.addUnnamed(least)], [result], FlatObject("PadV2Options"))
    return result
  }

  /// The options of a product with a bias: sums of 16-bit activations have 64 bits unless they say that the bias has 32.
  func saying(biasType bias: Int, in options: FlatObject) throws(ModelError) -> FlatObject {
    guard bias >= 0, try type(0).dataType == .int16, exporter.types[bias].dataType == .int32 else {
      return options
    }
    return options.setting("quantized_bias_type", to: "INT32")
  }

  /// The bias of a convolution, zeros where it is left out: XNNPACK ends the process on one without.
  func bias(_ index: Int, weights: Int, outputs: Int) throws(ModelError) -> Int {
    if let bias = try optional(index) { return bias }
    try checkListing([outputs])
    let type = try type(0)
    guard let input = type.quantization?.perTensor, let parameters = exporter.types[weights].quantization
    else {
      let zeros = Tensor([Float](repeating: 0, count: outputs), shape: [outputs])
      return try exporter.addUnnamed(zeros.cast(to: type.dataType))
    }
    let scales = parameters.scales.map { $0 * input.scale }
    let wide = type.dataType == .int16
    let zeros = try Tensor(
      integers: [Int](repeating: 0, count: outputs), as: wide ? .int64 : .int32, shape: [outputs])
    return try exporter.addUnnamed(
      zeros.quantized(
        with: scales.count == outputs && outputs > 1
          ? QuantizationParameters(scales: scales, axis: 0)
          : QuantizationParameters(scale: scales.first ?? input.scale)))
  }
}
