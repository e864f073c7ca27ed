import SkiffBinary
import SkiffIR
import SkiffOperators

/// Normalizations.
enum NormalizationMappings {
  static let rows: [Mapping] = [
    Mapping("BatchNormalization", batchNormalization)
      .writing(BatchNormalization.self) { (normalization, node) throws(ModelError) in
        let rank = try node.type(0).rank
        let axis = try normalizedAxis(normalization.axis, rank: rank)
        var operands = try node.operands()
        let order = [axis] + (0..<rank).filter { $0 != axis }
        // The channels come second, behind an axis that is one more.
        if axis != 1 {
          operands[0] = try node.add("Unsqueeze", node.permuted(0, by: order), node.integers([0]))
        }
        let result = try node.add(
          "BatchNormalization", operands, ["epsilon": .real(normalization.epsilon)])[0]
        guard axis != 1 else { return [result] }
        return [
          try node.transposed(node.add("Squeeze", result, node.integers([0])), by: AxisOrder.inverse(order))
        ]
      },
    Mapping("GroupNormalization", since: 18, groupNormalization)
      .writing(
        GroupNormalization.self,
        when: { _, node, graph in node.isByChannel(in: graph) && !graph.roundsToIntegers }
      ) {
        (normalization, node) throws(ModelError) in
        let operands = try node.channelParameters(normalization.layout)
        let result = try node.add(
          "GroupNormalization", [node.channelsFirst(0, from: normalization.layout)] + operands,
          ["epsilon": .real(normalization.epsilon), "num_groups": .integer(normalization.groups)])
        return [try node.restored(result[0], to: normalization.layout)]
      },
    Mapping("Hardmax", since: 1) { (node) throws(ModelError) in try line(&node) { hardmax($0) } },
    Mapping("Hardmax", since: 13) { (node) throws(ModelError) in
      try node.add(hardmax(node.integer("axis", default: -1)), node.inputs)
    }.writing(Hardmax.self) { (hardmax, node) throws(ModelError) in
      try node.add("Hardmax", node.operands(), ["axis": .integer(hardmax.axis)])
    },
    Mapping("InstanceNormalization", instanceNormalization)
      .writing(InstanceNormalization.self) { (normalization, node) throws(ModelError) in
        let operands = try node.channelParameters(normalization.layout)
        let result = try node.add(
          "InstanceNormalization", [node.channelsFirst(0, from: normalization.layout)] + operands,
          ["epsilon": .real(normalization.epsilon)])
        return [try node.restored(result[0], to: normalization.layout)]
      },
    Mapping("LayerNormalization", since: 17, layerNormalization)
      .writing(
        LayerNormalization.self, when: { _, node, _ in node.inputs.count > 1 && node.inputs[1] != nil }
      ) {
        (normalization, node) throws(ModelError) in
        try node.add(
          "LayerNormalization", node.operands(),
          ["axis": .integer(normalization.axis), "epsilon": .real(normalization.epsilon)])
      },
    Mapping("LogSoftmax", since: 1) { (node) throws(ModelError) in try line(&node) { logSoftmax($0) } },
    Mapping("LogSoftmax", since: 13) { (node) throws(ModelError) in
      try node.add(logSoftmax(node.integer("axis", default: -1)), node.inputs)
    }.writing(LogSoftmax.self) { (logSoftmax, node) throws(ModelError) in
      try node.add("LogSoftmax", node.operands(), ["axis": .integer(logSoftmax.axis)])
    },
    Mapping("LRN", localResponse)
      .writing(LocalResponseNormalization.self) { (normalization, node) throws(ModelError) in
        let result = try node.add(
          "LRN", node.channelsFirst(0, from: normalization.layout),
          attributes: [
            "size": .integer(normalization.size), "alpha": .real(normalization.alpha),
            "beta": .real(normalization.beta), "bias": .real(normalization.bias),
          ])
        return [try node.restored(result, to: normalization.layout)]
      },
    Mapping("LpNormalization", lpNormalization)
      .writing(
        LpNormalization.self,
        when: { normalization, node, graph in
          normalization.leastNorm == 0 || normalization.leastNorm <= 1e-6 && node.takesQuantized(in: graph)
        }
      ) { (normalization, node) throws(ModelError) in
        try node.add(
          "LpNormalization", node.operands(),
          ["axis": .integer(normalization.axis), "p": .integer(normalization.order)])
      },
    Mapping("MeanVarianceNormalization", since: 9, meanVariance)
      .writing(
        MeanVarianceNormalization.self,
        when: { normalization, _, _ in normalization.epsilon == MeanVarianceNormalization().epsilon }
      ) { (normalization, node) throws(ModelError) in
        try node.add("MeanVarianceNormalization", node.operands(), ["axes": .integers(normalization.axes)])
      },
    Mapping("Softmax", since: 1) { (node) throws(ModelError) in try line(&node) { Softmax(axis: $0) } },
    Mapping("Softmax", since: 13) { (node) throws(ModelError) in
      try node.add(Softmax(axis: node.integer("axis", default: -1)), node.inputs)
    }.writing(Softmax.self) { (softmax, node) throws(ModelError) in
      var input = try node.operand(0)
      if softmax.beta != 1 {
        input = try node.add("Mul", input, node.number(softmax.beta, as: node.realType()))
      }
      return [try node.add("Softmax", input, attributes: ["axis": .integer(softmax.axis)])]
    },
  ]

  static func batchNormalization(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("momentum", "is_test", "consumed_inputs")
    let isTraining = try node.flag("training_mode")
    guard !isTraining, node.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw ModelError(.unsupported, "the node is in training mode")
    }
    guard try node.flag("spatial", default: true) else {
      throw ModelError(
        .unsupported, "each activation has parameters of its own", at: Location(attribute: "spatial"))
    }
    var normalization = BatchNormalization()
    normalization.epsilon = try node.real("epsilon", default: 1e-5)
    return try node.add(normalization, node.inputs)
  }

  static func groupNormalization(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    // The type of the statistics, which are computed in double precision.
    node.ignore("stash_type")
    var normalization = GroupNormalization()
    normalization.groups = try node.integer("num_groups", default: 1)
    normalization.epsilon = try node.real("epsilon", default: 1e-5)
    return try node.add(normalization, node.inputs)
  }

  static func instanceNormalization(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("consumed_inputs")
    var normalization = InstanceNormalization()
    normalization.epsilon = try node.real("epsilon", default: 1e-5)
    return try node.add(normalization, node.inputs)
  }

  /// Mean and inverse deviation are computed apart where somebody wants them.
  static func layerNormalization(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("stash_type")
    var normalization = LayerNormalization()
    normalization.axis = try node.integer("axis", default: -1)
    normalization.epsilon = try node.real("epsilon", default: 1e-5)
    let result = try normalized(&node, by: normalization, from: normalization.axis)
    guard node.node.outputs.count > 1 else { return [result] }
    let input = try node.input(0)
    let type = try node.type(of: input)
    let axis = try normalizedAxis(normalization.axis, rank: type.rank)
    var mean = ReduceMean()
    mean.axes = Array(axis..<type.rank)
    let average = try node.add(mean, input)
    let deviation = try node.add(Subtract(), input, average)
    let variance = try node.add(mean, node.add(Square(), deviation))
    let sum = try node.add(Add(), variance, node.number(normalization.epsilon, as: type.dataType))
    // Whatever the input is, these are float32.
    let statistics = [average, try node.add(Rsqrt(), sum)]
    guard type.dataType != .float32 else { return [result] + statistics }
    return try [
      result, node.add(Cast(to: .float32), statistics[0]), node.add(Cast(to: .float32), statistics[1]),
    ]
  }

  /// The first operand normalized from an axis on, with the parameters that the others are: those with more axes than that, which
  /// the operator does not have, come behind it.
  static func normalized(
    _ node: inout NodeImport, by normalization: any Operator, from axis: Int
  ) throws(ModelError) -> ValueID {
    let input = try node.input(0)
    let rank = try node.type(of: input).rank
    let inner = rank - (try normalizedAxis(axis, rank: rank))
    var isInner = true
    for parameter in [node.optional(1), node.optional(2)] {
      if let parameter, try node.type(of: parameter).rank > inner { isInner = false }
    }
    guard !isInner else { return try node.add(normalization, node.inputs)[0] }
    var result = try node.add(normalization, input)
    if let scale = node.optional(1) { result = try node.add(Multiply(), result, scale) }
    if let shift = node.optional(2) { result = try node.add(Add(), result, shift) }
    guard try node.type(of: result).shape == node.type(of: input).shape else {
      throw ModelError(.malformed, "parameters that make the result larger than the input")
    }
    return result
  }

  static func localResponse(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard let size = try node.optionalInteger("size") else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "size"))
    }
    var normalization = LocalResponseNormalization()
    normalization.size = size
    normalization.alpha = try node.real("alpha", default: 1e-4)
    normalization.beta = try node.real("beta", default: 0.75)
    normalization.bias = try node.real("bias", default: 1)
    return try node.add(normalization, node.inputs)
  }

  static func lpNormalization(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var normalization = LpNormalization()
    normalization.axis = try node.integer("axis", default: -1)
    normalization.order = try node.integer("p", default: 2)
    return try node.add(normalization, node.inputs)
  }

  static func meanVariance(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var normalization = MeanVarianceNormalization()
    normalization.axes = try node.optionalIntegers("axes") ?? [0, 2, 3]
    return try node.add(normalization, node.inputs)
  }

  private static func hardmax(_ axis: Int) -> Hardmax {
    var hardmax = Hardmax()
    hardmax.axis = axis
    return hardmax
  }

  private static func logSoftmax(_ axis: Int) -> LogSoftmax {
    var logSoftmax = LogSoftmax()
    logSoftmax.axis = axis
    return logSoftmax
  }

  /// Below version 13, Softmax and its kin run over all axes from `axis` on together.
  ///
  /// Where only one of those is longer than 1, that is the same as today's operator on it. Else the axes are joined
  /// by one reshape and parted by another.
  private static func line(
    _ node: inout NodeImport, _ make: (Int) -> any Operator
  ) throws(ModelError) -> [ValueID] {
    let input = try node.input(0)
    let shape = try node.type(of: input).shape
    let wanted = try node.integer("axis", default: 1)
    let axis = wanted < 0 ? wanted + shape.rank : wanted
    // An axis behind the last one joins nothing: each element stands alone.
    guard (0...shape.rank).contains(axis) else {
      throw ModelError(.malformed, "axis \(wanted) of rank \(shape.rank)", at: Location(attribute: "axis"))
    }
    let long = (axis..<shape.rank).filter { shape[$0] != .fixed(1) }
    if long.count <= 1, axis < shape.rank { return [try node.add(make(long.first ?? axis), input)] }
    guard let sizes = shape.fixed else {
      // Zeros copy the sizes before the axis; what comes behind is computed when the graph runs.
      let rows = [Int](repeating: 0, count: axis)
      let joined = try node.add(Reshape(), input, node.constant(rows + [-1]))
      var parting = Reshape()
      parting.allowsZero = true
      return [try node.add(parting, node.add(make(axis), joined), node.add(ShapeOf(), input))]
    }
    var reshape = Reshape()
    reshape.allowsZero = true
    let joined = try node.add(reshape, input, node.constant(sizes[..<axis] + [sizes[axis...].reduce(1, *)]))
    return [try node.add(reshape, node.add(make(axis), joined), node.constant(sizes))]
  }
}

extension Node {
  /// Whether scale and shift have a number for each channel, or are left out.
  fileprivate func isByChannel(in graph: Graph) -> Bool {
    guard let normalization = `operator` as? GroupNormalization,
      let shape = inputs.first.flatMap(\.self).flatMap({ graph[$0].type?.shape }),
      let channels = shape[normalization.layout.channelAxis(rank: shape.rank)].fixed
    else { return false }
    return inputs.dropFirst().allSatisfy { input in
      input.map { graph[$0].type?.shape == [channels] } ?? true
    }
  }
}

extension NodeExport {
  /// Scale and shift of each channel; those left out are 1 and 0.
  fileprivate func channelParameters(_ layout: ChannelLayout) throws(ModelError) -> [String] {
    let (shape, dataType) = (try type(0).shape, try realType())
    var parameters: [String] = []
    for (index, standard) in [(1, Float(1)), (2, Float(0))] {
      if has(index) {
        parameters.append(try operand(index))
        continue
      }
      guard let channels = shape[layout.channelAxis(rank: shape.rank)].fixed,
        channels <= Limits.standard.count
      else { throw ModelError(.unsupported, "channels whose number is not known") }
      let numbers = [Float](repeating: standard, count: channels)
      parameters.append(try constant(Tensor(floats: numbers, as: dataType, shape: [channels])))
    }
    return parameters
  }
}

extension Graph {
  /// Whether some operator yields integers that stand for real numbers. What came with version 21 of the operators is then said by
  /// older ones: see ``ONNXGraph/operatorSetVersion``.
  fileprivate var roundsToIntegers: Bool {
    nodeIDs.contains { id in self[id].outputs.contains { self[$0].type?.isQuantized == true } }
  }
}
