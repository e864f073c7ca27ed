import SkiffBinary
import SkiffIR
import SkiffOperators

/// Quantization by operands, and products of integers.
enum QuantizationMappings {
  static let rows: [Mapping] = [
    Mapping("ConvInteger", since: 10) { (node) throws(ModelError) in
      let convolution = try SpatialMappings.windowed(&node)
      return try node.add(IntegerConvolution(convolution), node.inputs)
    }.writing(IntegerConvolution.self) { (integer, node) throws(ModelError) in
      var attributes = try WindowAttributes(integer.convolution, node).list
      attributes["group"] = .integer(integer.groups)
      var operands = try Array(node.operands().prefix(4))
      // Runtimes take one zero point for all weights.
      if node.has(3), try node.type(3).rank == 1, let zeroPoints = try node.known(3),
        Set(zeroPoints).count == 1
      {
        operands[3] = try node.constant(
          Tensor(integers: [zeroPoints[0]], as: node.type(3).dataType, shape: []))
      }
      let sums = try node.add("ConvInteger", operands, attributes)[0]
      guard node.has(4) else { return [sums] }
      let axes = try Array(1..<node.type(0).rank - 1)
      return [try node.add("Add", sums, node.add("Unsqueeze", node.operand(4), node.integers(axes)))]
    },
    Mapping("DequantizeLinear", since: 10) { (node) throws(ModelError) in
      var operation = DequantizeLinear()
      operation.axis = try node.integer("axis", default: 1)
      operation.blockSize = try node.integer("block_size", default: 0)
      var inputs = node.inputs
      // 0 is the number of no type; the result has that of the scale otherwise.
      let scale = try node.type(of: node.input(1)).dataType
      let result =
        try node.integer("output_dtype", default: 0) == 0
        ? scale : node.dataType("output_dtype", default: .float32)
      guard result != scale else { return try node.add(operation, inputs) }
      // The scale has its own precision, and the product is rounded once.
      inputs[1] = try node.cast(node.input(1), to: .float32)
      return [try node.cast(node.add(operation, inputs)[0], to: result)]
    }.writing(DequantizeLinear.self) { (operation, node) throws(ModelError) in
      var attributes: AttributeList = ["axis": .integer(operation.axis)]
      if operation.blockSize != 0 { attributes["block_size"] = .integer(operation.blockSize) }
      return try node.add("DequantizeLinear", node.operands(), attributes)
    },
    Mapping("DynamicQuantizeLinear", since: 11) { (node) throws(ModelError) in
      try node.add(DynamicQuantizeLinear(), node.inputs)
    }.writing(DynamicQuantizeLinear.self) { (_, node) throws(ModelError) in
      try node.add("DynamicQuantizeLinear", node.operands(), results: 3)
    },
    Mapping("MatMulInteger", since: 10) { (node) throws(ModelError) in
      try node.add(IntegerMatrixMultiply(), node.inputs)
    }.writing(IntegerMatrixMultiply.self) { (integer, node) throws(ModelError) in
      var operands = try node.operands()
      operands[1] = try node.matrix(1, transposed: integer.transposesB)
      return try node.add("MatMulInteger", operands)
    },
    Mapping("QLinearConv", since: 10, convolution),
    Mapping("QLinearMatMul", since: 10, matrixProduct),
    Mapping("QuantizeLinear", since: 10, quantize).writing(QuantizeLinear.self) {
      (operation, node) throws(ModelError) in
      var attributes: AttributeList = ["axis": .integer(operation.axis)]
      if operation.blockSize != 0 { attributes["block_size"] = .integer(operation.blockSize) }
      if !operation.saturates { attributes["saturate"] = .flag(false) }
      if !node.has(2) {
        attributes["output_dtype"] = .integer(try ElementTypes.number(of: operation.dataType))
      }
      return try node.add("QuantizeLinear", node.operands(), attributes)
    },
    .expressing(RequantizeLinear.self) { (operation, node) throws(ModelError) in
      // A scale of 1 only rounds.
      var multiplier = try node.operand(1)
      let rank = try node.type(0).rank
      if try node.type(1).rank == 1, rank > 0 {
        let behind = rank - (try normalizedAxis(operation.axis, rank: rank))
        multiplier = try node.add("Unsqueeze", multiplier, node.integers(Array(1..<behind)))
      }
      let real = try node.add("Mul", node.cast(node.operand(0), to: .float32), multiplier)
      let one = try node.number(1, as: .float32)
      let zeroPoint =
        try node.has(2)
        ? node.operand(2) : node.constant(Tensor(integers: [0], as: operation.dataType, shape: []))
      return [try node.add("QuantizeLinear", real, one, zeroPoint)]
    },
    // What comes out is rounded as the type of the result says.
    .expressing(Quantize.self) { (_, node) throws(ModelError) in [try node.operand(0)] },
    .expressing(Dequantize.self) { (_, node) throws(ModelError) in
      [try node.cast(node.operand(0), from: node.realType(), to: .float32)]
    },
  ]

  /// The type of the result is that of the zero point, or an attribute, or unsigned bytes.
  static func quantize(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var operation = QuantizeLinear()
    operation.axis = try node.integer("axis", default: 1)
    operation.blockSize = try node.integer("block_size", default: 0)
    operation.saturates = try node.flag("saturate", default: true)
    // 0 is the number of no type.
    let stated = try node.integer("output_dtype", default: 0)
    // The division is in the precision that is stated, or that of the scale.
    var inputs = node.inputs
    let precision =
      try node.integer("precision", default: 0) == 0
      ? node.type(of: node.input(1)).dataType : node.dataType("precision", default: .float32)
    for index in 0..<2 { inputs[index] = try node.cast(node.input(index), to: precision) }
    if let zeroPoint = node.optional(2) {
      operation.dataType = try node.type(of: zeroPoint).dataType
    } else if stated != 0 {
      operation.dataType = try node.dataType("output_dtype", default: .uint8)
    }
    return try node.add(operation, inputs)
  }

  /// The exact sum times the product of the scales of input and weights over that of the result.
  static func convolution(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let convolution = try SpatialMappings.windowed(&node, weights: 3)
    let sums = try node.add(
      IntegerConvolution(convolution), node.input(0), node.input(3), node.input(2), node.input(5),
      node.optional(8))
    return [try node.requantized(sums, node.input(1), node.input(4), to: 6, axis: 1)]
  }

  static func matrixProduct(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let sums = try node.add(
      IntegerMatrixMultiply(), node.input(0), node.input(3), node.input(2), node.input(5))
    return [try node.requantized(sums, node.input(1), node.input(4), to: 6, axis: -1)]
  }
}

extension NodeImport {
  /// The integers that stand for sums, whose scale is the product of two, in the parameters of the result.
  ///
  /// - Parameters:
  ///   - scale: The position of the operand that is the scale of the result; its zero point follows.
  ///   - axis: The axis of scales that are a list.
  mutating func requantized(
    _ sums: ValueID, _ first: ValueID, _ second: ValueID, to scale: Int, axis: Int
  ) throws(ModelError) -> ValueID {
    let product = try real(add(Multiply(), first, second))
    let multiplier = try add(Divide(), product, real(input(scale)))
    var operation = RequantizeLinear()
    operation.axis = axis
    let zeroPoint = try input(scale + 1)
    operation.dataType = try type(of: zeroPoint).dataType
    return try add(operation, sums, multiplier, zeroPoint)
  }

  /// The value in float32.
  private mutating func real(_ value: ValueID) throws(ModelError) -> ValueID {
    try type(of: value).dataType == .float32 ? value : add(Cast(to: .float32), value)
  }

  /// The real numbers of a quantized operand; its scale and its zero point, which may be left out, are others.
  mutating func dequantized(
    _ value: ValueID, _ scale: ValueID, _ zeroPoint: ValueID?, axis: Int = 1
  ) throws(ModelError) -> ValueID {
    var operation = DequantizeLinear()
    operation.axis = axis
    return try add(operation, value, scale, zeroPoint)
  }

  /// The integers of real numbers.
  mutating func quantized(
    _ value: ValueID, _ scale: ValueID, _ zeroPoint: ValueID?, as standard: DataType = .uint8
  ) throws(ModelError) -> ValueID {
    var operation = QuantizeLinear()
    operation.dataType = standard
    if let zeroPoint { operation.dataType = try type(of: zeroPoint).dataType }
    return try add(operation, value, scale, zeroPoint)
  }
}
