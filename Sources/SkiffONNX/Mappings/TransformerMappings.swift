import SkiffBinary
import SkiffIR
import SkiffOperators

/// ONNX Runtime's fused operators of transformers and of convolutional networks, taken apart again.
enum TransformerMappings {
  private static let domain = "com.microsoft"

  static let rows: [Mapping] = [
    Mapping("Attention", domain: domain, AttentionMappings.attention),
    Mapping("BiasGelu", domain: domain) { (node) throws(ModelError) in
      [try node.add(Gelu(), node.add(Add(), node.input(0), node.input(1)))]
    },
    Mapping("EmbedLayerNormalization", domain: domain, embed),
    Mapping("FastGelu", domain: domain) { (node) throws(ModelError) in
      var gelu = Gelu()
      gelu.approximation = .tanh
      var value = try node.input(0)
      if let bias = node.optional(1) { value = try node.add(Add(), value, bias) }
      return [try node.add(gelu, value)]
    },
    Mapping("FusedConv", domain: domain, fusedConvolution),
    Mapping("FusedMatMul", domain: domain, fusedProduct),
    Mapping("Gelu", domain: domain) { (node) throws(ModelError) in try node.add(Gelu(), node.inputs) },
    Mapping("GridSample", domain: domain, SamplingMappings.gridSample),
    Mapping("MultiHeadAttention", domain: domain, AttentionMappings.multiHead),
    Mapping("QAttention", domain: domain, AttentionMappings.quantizedAttention),
    Mapping("QuickGelu", domain: domain) { (node) throws(ModelError) in
      try gated(&node, alpha: 1.702)
    },
    Mapping("RMSNormalization", since: 23, rootMeanSquare),
    Mapping("SimplifiedLayerNormalization", rootMeanSquare),
    Mapping("SkipLayerNormalization", domain: domain) { (node) throws(ModelError) in
      var normalization = LayerNormalization()
      normalization.epsilon = try node.real("epsilon", default: 1e-12)
      return try skip(&node, normalization, parameters: [node.input(2), node.optional(3)], bias: 4)
    },
    Mapping("SkipSimplifiedLayerNormalization", domain: domain) { (node) throws(ModelError) in
      var normalization = RMSNormalization()
      normalization.epsilon = try node.real("epsilon", default: 1e-12)
      return try skip(&node, normalization, parameters: [node.input(2)], bias: 3)
    },
    Mapping("Swish", since: 24) { (node) throws(ModelError) in try gated(&node, alpha: 1) },
  ]

  /// `x · sigmoid(alpha · x)`
  private static func gated(_ node: inout NodeImport, alpha: Float) throws(ModelError) -> [ValueID] {
    let input = try node.input(0)
    let dataType = try node.type(of: input).dataType
    let scaled = try node.scaled(input, by: node.real("alpha", default: alpha), dataType)
    return [try node.add(Multiply(), input, node.add(Sigmoid(), scaled))]
  }

  private static func rootMeanSquare(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("stash_type")
    var normalization = RMSNormalization()
    normalization.axis = try node.integer("axis", default: -1)
    normalization.epsilon = try node.real("epsilon", default: 1e-5)
    return [try NormalizationMappings.normalized(&node, by: normalization, from: normalization.axis)]
  }

  /// Two values and a bias added, then normalized; the sum is the fourth result.
  private static func skip(
    _ node: inout NodeImport, _ normalization: any Operator, parameters: [ValueID?], bias: Int
  ) throws(ModelError) -> [ValueID] {
    guard node.node.outputs.dropFirst().prefix(2).allSatisfy(\.isEmpty) else {
      throw ModelError(.unsupported, "its statistics are wanted")
    }
    var sum = try node.add(Add(), node.input(0), node.input(1))
    if let bias = node.optional(bias) { sum = try node.add(Add(), sum, bias) }
    let result = try node.add(normalization, [sum] + parameters)[0]
    return [result, sum, sum, sum]
  }

  /// Rows of the tables of words, positions and segments, added and normalized. The second result is the number of
  /// words that the mask keeps, the third the sum.
  static func embed(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("mask_index_type")
    let words = try node.input(0)
    var sum = try node.add(Gather(axis: 0), node.input(2), words)
    let places: ValueID
    if let given = node.optional(8) {
      places = given
    } else {
      places = try node.places(ofAxis: 1, of: words)
    }
    sum = try node.add(Add(), sum, node.add(Gather(axis: 0), node.input(3), places))
    if let segments = node.optional(1) {
      sum = try node.add(Add(), sum, node.add(Gather(axis: 0), node.input(4), segments))
    }
    var normalization = LayerNormalization()
    normalization.epsilon = try node.real("epsilon", default: 1e-12)
    let result = try node.add(normalization, sum, node.input(5), node.input(6))
    guard node.node.outputs.count > 1 else { return [result] }
    let reduction = ReduceSum(axes: [1], keepsDimensions: false)
    var counted = words
    if let mask = node.optional(7) {
      counted = mask
    } else {
      counted = try node.add(Multiply(), words, node.number(0, as: node.type(of: words).dataType))
    }
    return [result, try node.add(reduction, counted), sum]
  }

  /// An activation behind a convolution and, between them, another value that is added.
  static func fusedConvolution(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let operands = [try node.input(0), try node.input(1), node.optional(2)]
    var result = try node.add(SpatialMappings.windowed(&node), operands)[0]
    if let addend = node.optional(3) { result = try node.add(Add(), result, addend) }
    let parameters = try node.optionalReals("activation_params") ?? []
    func parameter(_ index: Int, _ standard: Float) -> Float {
      index < parameters.count ? parameters[index] : standard
    }
    switch try node.text("activation", default: "") {
    case "": return [result]
    case "Relu": return [try node.add(Relu(), result)]
    case "Sigmoid": return [try node.add(Sigmoid(), result)]
    case "Tanh": return [try node.add(Tanh(), result)]
    case "LeakyRelu":
      var relu = LeakyRelu()
      relu.alpha = parameter(0, 0.01)
      return [try node.add(relu, result)]
    case "Clip":
      var clip = Clip()
      (clip.minimum, clip.maximum) = (parameter(0, -.infinity), parameter(1, .infinity))
      return [try node.add(clip, result)]
    case "HardSigmoid":
      var sigmoid = HardSigmoid()
      (sigmoid.alpha, sigmoid.beta) = (parameter(0, 0.2), parameter(1, 0.5))
      return [try node.add(sigmoid, result)]
    case let other:
      throw ModelError(.unsupported, "the activation '\(other)'", at: Location(attribute: "activation"))
    }
  }

  static func fusedProduct(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    for name in ["transBatchA", "transBatchB"] where try node.flag(name) {
      throw ModelError(.unsupported, "the first axis is exchanged", at: Location(attribute: name))
    }
    var product = MatrixMultiply()
    product.transposesA = try node.flag("transA")
    product.transposesB = try node.flag("transB")
    let result = try node.add(product, node.input(0), node.input(1))
    let dataType = try node.type(of: result).dataType
    return [try node.scaled(result, by: node.real("alpha", default: 1), dataType)]
  }
}

extension NodeImport {
  /// The positions along an axis of a value: 0, 1, …, in int64.
  mutating func places(ofAxis axis: Int, of value: ValueID) throws(ModelError) -> ValueID {
    let type = try type(of: value)
    guard axis < type.rank else { throw ModelError(.malformed, "\(type) has no axis \(axis)") }
    if let size = type.shape[axis].fixed, size <= 1 << 16 { return constant(Array(0..<size)) }
    let zero = graph.addConstant(Tensor(scalar: Int64(0)))
    let one = graph.addConstant(Tensor(scalar: Int64(1)))
    return try add(NumberRange(), zero, add(Squeeze(axes: [0]), size(ofAxis: axis, of: value)), one)
  }

  /// The size of an axis as a list of one integer.
  mutating func size(ofAxis axis: Int, of value: ValueID) throws(ModelError) -> ValueID {
    var size = ShapeOf()
    (size.start, size.end) = (axis, axis + 1)
    return try add(size, value)
  }
}
