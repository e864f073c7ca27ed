import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Operators that remember what was before, in variable tensors.
  static let recurrent: [Mapping] = [
    Mapping(
      "SVDF", SVDF.self,
      read: { (reader) throws(ModelError) in
        var filter = SVDF()
        filter.rank = reader.options.integer("rank")
        filter.activation = try reader.activation()
        let results = try reader.apply(filter, reader.inputs, state: 4)
        try reader.setVariable(4, to: results[1])
        return [results[0]]
      },
      write: { (filter, writer) throws(ModelError) in
        var options = FlatObject("SVDFOptions").setting(
          "fused_activation_function", to: FusedActivation.formatNames[filter.activation] ?? "NONE")
        options["rank"] = .integer(filter.rank)
        let operands = [
          try writer.required(0), try writer.required(1), try writer.required(2),
          try writer.optional(3) ?? -1,
          try writer.variable(4, result: 1),
        ]
        try writer.emit("SVDF", operands, [writer.result(0)], options)
        return true
      }),
    Mapping(
      "UNIDIRECTIONAL_SEQUENCE_LSTM", IntegerLSTM.self,
      read: { (reader) throws(ModelError) in
        try reader.type(0).dataType == .int8 ? try reader.integerLSTM() : try reader.lstm()
      },
      write: { (node, writer) throws(ModelError) in
        try writer.writeIntegerLSTM(node)
        return true
      }),
  ]
}

extension OperatorReader {
  /// Applies an operator whose first result is that of the file and whose second is the next of a variable operand.
  fileprivate func apply(
    _ operator: any Operator, _ inputs: [ValueID?], state: Int
  ) throws(ModelError) -> [ValueID] {
    let next = try importer.graph[input(state)].type
    return try importer.graph.addNode(
      `operator`, inputs, name: origin.name, origins: [origin], types: [resultTypes.first ?? nil, next])
  }

  /// Makes a variable operand have a value from here on.
  fileprivate func setVariable(_ index: Int, to value: ValueID) throws(ModelError) {
    guard index < item.inputs.count, item.inputs[index] >= 0,
      importer.subgraph.tensors[item.inputs[index]].isVariable
    else { throw ModelError(.malformed, "operand \(index) is no variable") }
    importer.setVariable(item.inputs[index], to: value)
  }

  /// Integers without normalization of layers; the fifth intermediate tensor says what is projected.
  fileprivate func integerLSTM() throws(ModelError) -> [ValueID] {
    guard !(20...23).contains(where: { optionalInput($0) != nil }) else {
      throw ModelError(.unsupported, "a normalization of layers")
    }
    guard options.enumerator("fused_activation_function") == "TANH" else {
      throw ModelError(.unsupported, "another function than the hyperbolic tangent")
    }
    guard let intermediates = item.intermediates, intermediates.count == 5,
      importer.subgraph.tensors.indices.contains(intermediates[4]),
      let hidden = importer.subgraph.tensors[intermediates[4]].quantization, let scale = hidden.scale?.first
    else { throw ModelError(.malformed, "the scale of the hidden state is missing") }
    var node = IntegerLSTM()
    node.isTimeMajor = options.boolean("time_major")
    node.cellClip = options.real("cell_clip")
    node.projectionClip = options.real("proj_clip")
    (node.hiddenScale, node.hiddenZeroPoint) = (scale, hidden.zeroPoint?.first ?? 0)
    let operands = (0..<20).map { optionalInput($0) }
    let types = try [18, 19].map { (index) throws(ModelError) in try type(index) }
    let results = try importer.graph.addNode(
      node, operands, name: origin.name, origins: [origin],
      types: [resultTypes.first ?? nil] + types.map(Optional.some))
    try setVariable(18, to: results[1])
    try setVariable(19, to: results[2])
    return [results[0]]
  }

  /// Real numbers without projection and normalization of layers.
  ///
  /// Operands: 0 the input; 1 to 4 the weights of input, forget, cell and output gate; 5 to 8 the recurrent ones; 9 to 11 the
  /// peepholes of input, forget and output gate; 12 to 15 the biases; 16 and 17 a projection; 18 and 19 the hidden state and the
  /// cell; 20 to 23 the normalization.
  fileprivate func lstm() throws(ModelError) -> [ValueID] {
    guard try type(0).dataType == .float32, try type(2).dataType == .float32 else {
      throw ModelError(.unsupported, "long short-term memory of integers")
    }
    guard optionalInput(16) == nil, !(20...23).contains(where: { optionalInput($0) != nil }) else {
      throw ModelError(.unsupported, "a projection or a normalization of layers")
    }
    guard let activation = options.enumerator("fused_activation_function"), activation == "TANH" else {
      throw ModelError(.unsupported, "another function than the hyperbolic tangent")
    }
    guard optionalInput(1) != nil else { throw ModelError(.unsupported, "coupled gates") }
    let isTimeMajor = options.boolean("time_major")
    var lstm = LSTM()
    lstm.isBatchFirst = !isTimeMajor
    lstm.cellClip = options.real("cell_clip")
    // The gates' order there: input, output, forget, cell.
    func gates(_ first: Int) throws(ModelError) -> ValueID {
      var parts: [ValueID?] = []
      for offset in [0, 3, 1, 2] { parts.append(try input(first + offset)) }
      return try addIntermediate(Concat(axis: 0), parts)
    }
    func unsqueezed(_ value: ValueID, _ axis: Int) throws(ModelError) -> ValueID {
      try addIntermediate(Unsqueeze(axes: [axis]), [value])
    }
    let weights = try unsqueezed(gates(1), 0)
    let recurrent = try unsqueezed(gates(5), 0)
    let inputBias = try gates(12)
    guard let count = try importer.graph[inputBias].type?.shape.elementCount, count <= Limits.standard.count
    else {
      throw ModelError(.unsupported, "biases of an unknown number")
    }
    let noBias = importer.graph.addConstant(Tensor([Float](repeating: 0, count: count), shape: [count]))
    let bias = try unsqueezed(addIntermediate(Concat(axis: 0), [inputBias, noBias]), 0)
    var peepholes: ValueID?
    if optionalInput(9) != nil {
      let parts = [try input(9), try input(11), try input(10)]
      peepholes = try unsqueezed(addIntermediate(Concat(axis: 0), parts), 0)
    }
    // The direction is the axis before the batch where the steps come first, and the one behind it else.
    let direction = isTimeMajor ? 0 : 1
    let (hidden, cell) = (try unsqueezed(input(18), direction), try unsqueezed(input(19), direction))
    let results = try applyIntermediate(
      lstm, [input(0), weights, recurrent, bias, nil, hidden, cell, peepholes])
    try setVariable(18, to: addIntermediate(Squeeze(axes: [direction]), [results[1]]))
    try setVariable(19, to: addIntermediate(Squeeze(axes: [direction]), [results[2]]))
    return [try add(Squeeze(axes: [isTimeMajor ? 1 : 2]), [results[0]])]
  }
}

extension NodeWriter {
  fileprivate func writeIntegerLSTM(_ node: IntegerLSTM) throws(ModelError) {
    var operands = try operands()
    operands[18] = try variable(18, result: 1)
    operands[19] = try variable(19, result: 2)
    // Those of the gates have parameters only where layers are normalized.
    var intermediates: [Int] = []
    for _ in 0..<4 { intermediates.append(try temporary(TensorType(.float32, [0]))) }
    let hidden = QuantizationParameters(scale: node.hiddenScale, zeroPoint: node.hiddenZeroPoint)
    intermediates.append(try temporary(TensorType(.int8, [0], quantization: hidden)))
    let options = FlatObject(
      "UnidirectionalSequenceLSTMOptions",
      [
        "cell_clip": .real(Double(node.cellClip)), "proj_clip": .real(Double(node.projectionClip)),
        "time_major": .integer(node.isTimeMajor ? 1 : 0),
      ]
    ).setting("fused_activation_function", to: "TANH")
    try exporter.emit(
      "UNIDIRECTIONAL_SEQUENCE_LSTM", operands + [-1, -1, -1, -1], [result(0)], options,
      intermediates: intermediates)
  }
}
