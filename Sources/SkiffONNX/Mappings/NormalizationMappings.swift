import SkiffBinary
import SkiffIR
import SkiffOperators

/// Normalizations.
enum NormalizationMappings {
  static let rows: [Mapping] = [
    Mapping("BatchNormalization", batchNormalization),
    Mapping("GroupNormalization", since: 18, groupNormalization),
    Mapping("Hardmax", since: 1) { (node) throws(ModelError) in try line(&node) { hardmax($0) } },
    Mapping("Hardmax", since: 13) { (node) throws(ModelError) in
      try node.add(hardmax(node.integer("axis", default: -1)), node.inputs)
    },
    Mapping("InstanceNormalization", instanceNormalization),
    Mapping("LayerNormalization", since: 17, layerNormalization),
    Mapping("LogSoftmax", since: 1) { (node) throws(ModelError) in try line(&node) { logSoftmax($0) } },
    Mapping("LogSoftmax", since: 13) { (node) throws(ModelError) in
      try node.add(logSoftmax(node.integer("axis", default: -1)), node.inputs)
    },
    Mapping("LRN", localResponse),
    Mapping("LpNormalization", lpNormalization),
    Mapping("MeanVarianceNormalization", since: 9, meanVariance),
    Mapping("Softmax", since: 1) { (node) throws(ModelError) in try line(&node) { Softmax(axis: $0) } },
    Mapping("Softmax", since: 13) { (node) throws(ModelError) in
      try node.add(Softmax(axis: node.integer("axis", default: -1)), node.inputs)
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
    let result = try node.add(normalization, node.inputs)
    guard node.node.outputs.count > 1 else { return result }
    let input = try node.input(0)
    let type = try node.type(of: input)
    let axis = try normalizedAxis(normalization.axis, rank: type.rank)
    var mean = ReduceMean()
    mean.axes = Array(axis..<type.rank)
    let average = try node.add(mean, input)
    let deviation = try node.add(Subtract(), input, average)
    let variance = try node.add(mean, node.add(Square(), deviation))
    let sum = try node.add(Add(), variance, node.number(normalization.epsilon, as: type.dataType))
    return try result + [average, node.add(Rsqrt(), sum)]
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
