import SkiffBinary
import SkiffIR
import SkiffOperators

/// ONNX Runtime's own operators on integers: the real operator between what turns integers into real numbers and back.
enum IntegerMappings {
  private static let domain = "com.microsoft"

  static let rows: [Mapping] = [
    Mapping("DequantizeLinear", domain: domain) { (node) throws(ModelError) in
      var operation = DequantizeLinear()
      operation.axis = try node.integer("axis", default: 1)
      return try node.add(operation, node.inputs)
    },
    Mapping("DynamicQuantizeMatMul", domain: domain, dynamicProduct),
    Mapping("MatMulIntegerToFloat", domain: domain, realProduct),
    Mapping("MatMulNBits", domain: domain, blockedProduct),
    Mapping("QGemm", domain: domain, gemm),
    binary("QLinearAdd", Add()), binary("QLinearMul", Multiply()),
    Mapping("QLinearAveragePool", domain: domain) { (node) throws(ModelError) in
      try pooled(&node) { (node, value) throws(ModelError) in
        try node.add(SpatialMappings.averageWindow(&node), value)
      }
    },
    Mapping("QLinearConcat", domain: domain, concat),
    Mapping("QLinearConv", domain: domain) { (node) throws(ModelError) in
      guard try !node.flag("channels_last") else {
        throw ModelError(.unsupported, "channels are last", at: Location(attribute: "channels_last"))
      }
      return try QuantizationMappings.convolution(&node)
    },
    Mapping("QLinearGlobalAveragePool", domain: domain) { (node) throws(ModelError) in
      try pooled(&node) { (node, value) throws(ModelError) in
        var mean = ReduceMean()
        let rank = try node.type(of: value).rank
        guard rank > 2 else { throw ModelError(.malformed, "an operand of rank \(rank) has no spatial axes") }
        mean.axes = Array(2..<rank)
        return try node.add(mean, value)
      }
    },
    unary("QLinearLeakyRelu") { (node) throws(ModelError) in
      var relu = LeakyRelu()
      relu.alpha = try node.real("alpha", default: 0.01)
      return relu
    },
    Mapping("QLinearReduceMean", domain: domain) { (node) throws(ModelError) in
      var mean = ReduceMean()
      mean.axes = try node.optionalIntegers("axes") ?? []
      mean.keepsDimensions = try node.flag("keepdims", default: true)
      return try unary(&node, mean)
    },
    unary("QLinearSigmoid") { (_) throws(ModelError) in Sigmoid() },
    Mapping("QLinearSoftmax", domain: domain, softmax),
    Mapping("QLinearWhere", domain: domain, choose),
    Mapping("QuantizeLinear", domain: domain, QuantizationMappings.quantize),
  ]

  /// Operands: a, its scale and zero point, b with both, the result's scale and zero point.
  private static func binary(_ name: String, _ operation: some Operator) -> Mapping {
    Mapping(name, domain: domain) { (node) throws(ModelError) in
      let a = try node.dequantized(node.input(0), node.input(1), node.optional(2))
      let b = try node.dequantized(node.input(3), node.input(4), node.optional(5))
      let result = try node.add(operation, a, b)
      let dataType = try node.type(of: node.input(0)).dataType
      return [try node.quantized(result, node.input(6), node.optional(7), as: dataType)]
    }
  }

  /// Operands: the input, its scale and zero point, the result's scale and zero point.
  private static func unary(
    _ name: String, _ make: @escaping @Sendable (inout NodeImport) throws(ModelError) -> any Operator
  ) -> Mapping {
    Mapping(name, domain: domain) { (node) throws(ModelError) in try unary(&node, make(&node)) }
  }

  private static func unary(
    _ node: inout NodeImport, _ operation: any Operator
  ) throws(ModelError) -> [ValueID] {
    try converted(&node) { (node, value) throws(ModelError) in try node.add(operation, value) }
  }

  private typealias Body = (inout NodeImport, ValueID) throws(ModelError) -> ValueID

  private static func converted(_ node: inout NodeImport, _ body: Body) throws(ModelError) -> [ValueID] {
    let input = try node.input(0)
    let real = try node.dequantized(input, node.input(1), node.optional(2))
    let result = try body(&node, real)
    let dataType = try node.type(of: input).dataType
    return [try node.quantized(result, node.input(3), node.optional(4), as: dataType)]
  }

  /// Channels may be last.
  private static func pooled(_ node: inout NodeImport, _ body: Body) throws(ModelError) -> [ValueID] {
    guard try node.flag("channels_last") else { return try converted(&node, body) }
    return try converted(&node) { (node, value) throws(ModelError) in
      let rank = try node.type(of: value).rank
      guard rank > 2 else { throw ModelError(.malformed, "an operand of rank \(rank) has no spatial axes") }
      let first = try node.add(Transpose([0, rank - 1] + Array(1..<rank - 1)), value)
      return try node.add(Transpose([0] + Array(2..<rank) + [1]), body(&node, first))
    }
  }

  /// Below version 13 of ONNX's own operators all axes from the given one on are one.
  static func softmax(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let axis = try node.integer("axis", default: -1)
    let rank = try node.type(of: node.input(0)).rank
    guard try node.integer("opset", default: 13) >= 13 || axis == -1 || axis == rank - 1 else {
      throw ModelError(.unsupported, "several axes as one", at: Location(attribute: "axis"))
    }
    return try unary(&node, Softmax(axis: axis))
  }

  /// Operands: the result's scale and zero point, then each input with both.
  static func concat(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard let axis = try node.optionalInteger("axis"), node.inputs.count >= 5 else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "axis"))
    }
    var parts: [ValueID] = []
    for index in stride(from: 2, to: node.inputs.count, by: 3) {
      parts.append(
        try node.dequantized(node.input(index), node.input(index + 1), node.optional(index + 2)))
    }
    let dataType = try node.type(of: node.input(2)).dataType
    let joined = try node.add(Concat(axis: axis), parts)
    return [try node.quantized(joined[0], node.input(0), node.optional(1), as: dataType)]
  }

  /// Operands: the condition, both choices and the result, each with scale and zero point.
  static func choose(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let a = try node.dequantized(node.input(1), node.input(2), node.optional(3))
    let b = try node.dequantized(node.input(4), node.input(5), node.optional(6))
    let result = try node.add(Select(), node.input(0), a, b)
    let dataType = try node.type(of: node.input(1)).dataType
    return [try node.quantized(result, node.input(7), node.optional(8), as: dataType)]
  }

  /// The sum is exact, with a bias in its scale; without a scale for the result it is a real number.
  static func gemm(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var a = try node.input(0)
    if try node.flag("transA") { a = try node.add(Transpose([1, 0]), a) }
    var product = IntegerMatrixMultiply()
    product.transposesB = try node.flag("transB")
    var sums = try node.add(product, a, node.input(3), node.optional(2), node.optional(5))
    if let bias = node.optional(6) { sums = try node.add(Add(), sums, bias) }
    var scale = try node.add(Multiply(), node.input(1), node.input(4))
    let alpha = try node.real("alpha", default: 1)
    scale = try node.scaled(scale, by: alpha, .float32)
    guard let resultScale = node.optional(7) else {
      return [try node.add(Multiply(), node.add(Cast(to: .float32), sums), scale)]
    }
    var operation = RequantizeLinear()
    operation.axis = -1
    let zeroPoint = try node.input(8)
    operation.dataType = try node.type(of: zeroPoint).dataType
    return [try node.add(operation, sums, node.add(Divide(), scale, resultScale), zeroPoint)]
  }

  /// Operands: a, b, the scale of b, its zero point, a bias; a is quantized by its own range.
  static func dynamicProduct(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let dynamic = try node.add(DynamicQuantizeLinear(), [node.input(0)])
    let sums = try node.add(
      IntegerMatrixMultiply(), dynamic[0], node.input(1), dynamic[2], node.optional(3))
    let scale = try node.add(Multiply(), dynamic[1], node.input(2))
    return [try node.scaledSum(sums, scale, bias: node.optional(4))]
  }

  /// Operands: a, b, their scales, their zero points, a bias.
  static func realProduct(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let sums = try node.add(
      IntegerMatrixMultiply(), node.input(0), node.input(1), node.optional(4), node.optional(5))
    let scale = try node.add(Multiply(), node.input(2), node.input(3))
    return [try node.scaledSum(sums, scale, bias: node.optional(6))]
  }

  /// A product with a matrix `[n, k]` whose rows are blocks of few bits: `[n, blocks, bytes]`, with a scale for each
  /// block and packed zero points, which are the middle of the range if they are left out.
  static func blockedProduct(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("accuracy_level")
    let dataType: DataType
    switch try node.integer("bits", default: 4) {
    case 2: dataType = .uint2
    case 4: dataType = .uint4
    case 8: dataType = .uint8
    case let bits: throw ModelError(.unsupported, "\(bits) bits", at: Location(attribute: "bits"))
    }
    let (k, n) = (try node.integer("K", default: 0), try node.integer("N", default: 0))
    let block = try node.integer("block_size", default: 32)
    guard k > 0, n > 0, block >= 16, k < 1 << 31, n < 1 << 31, block < 1 << 31, node.optional(4) == nil,
      let packed = try node.graph[node.input(1)].constant,
      node.optional(3).map({ node.graph[$0].constant != nil }) ?? true
    else { throw ModelError(.unsupported, "the blocks are not constants in their order") }
    let blocks = (k + block - 1) / block
    let scaleType = try node.type(of: node.input(2)).dataType
    let weights = Constant(
      try Tensor(dataType, shape: [n, blocks * block], bytes: packed.materialize().bytes))
    let zeroPoint = try zeroPoints(&node, dataType, rows: n, blocks: blocks)
    var dequantize = DequantizeLinear()
    (dequantize.axis, dequantize.blockSize) = (1, block)
    let scale = try node.reshaped(node.input(2), to: [n, blocks])
    var matrix = try node.add(dequantize, node.graph.addConstant(weights), scale, zeroPoint)
    if k < blocks * block {
      matrix = try node.add(
        Slice(), matrix, node.constant([0]), node.constant([k]), node.constant([1]))
    }
    var product = MatrixMultiply()
    product.transposesB = true
    let input = try node.input(0)
    let isSame = try node.type(of: input).dataType == scaleType
    guard isSame else { throw ModelError(.unsupported, "scales of \(scaleType.rawValue)") }
    let result = try node.add(product, input, matrix)
    guard let bias = node.optional(5) else { return [result] }
    return [try node.add(Add(), result, bias)]
  }

  /// The zero points of blocks, whose rows begin with whole bytes.
  private static func zeroPoints(
    _ node: inout NodeImport, _ dataType: DataType, rows: Int, blocks: Int
  ) throws(ModelError) -> ValueID {
    let middle = 1 << (dataType.bitWidth - 1)
    guard let given = node.optional(3), let constant = node.graph[given].constant else {
      let integers = [Int](repeating: middle, count: rows * blocks)
      return node.graph.addConstant(try Tensor(integers: integers, as: dataType, shape: [rows, blocks]))
    }
    let tensor = try constant.materialize()
    guard tensor.dataType == .uint8 else {
      throw ModelError(.unsupported, "zero points of \(tensor.dataType.rawValue)")
    }
    let perByte = 8 / dataType.bitWidth
    let padded = (blocks + perByte - 1) / perByte * perByte
    let all = try Tensor(dataType, shape: [rows, padded], bytes: tensor.bytes)
    return node.graph.addConstant(try all.part(starts: [0, 0], sizes: [rows, blocks]))
  }
}

extension NodeImport {
  /// Exact sums times their scale, plus a bias.
  mutating func scaledSum(
    _ sums: ValueID, _ scale: ValueID, bias: ValueID?
  ) throws(ModelError) -> ValueID {
    let real = try add(Multiply(), add(Cast(to: type(of: scale).dataType), sums), scale)
    guard let bias else { return real }
    return try add(Add(), real, bias)
  }
}
