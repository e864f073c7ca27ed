import SkiffBinary
import SkiffIR
import SkiffOperators

/// Quantization by operands, and products of integers.
enum QuantizationMappings {
  static let rows: [Mapping] = [
    Mapping("ConvInteger", since: 10) { (node) throws(ModelError) in
      let convolution = try SpatialMappings.windowed(&node)
      return try node.add(IntegerConvolution(convolution), node.inputs)
    },
    Mapping("DequantizeLinear", since: 10) { (node) throws(ModelError) in
      var operation = DequantizeLinear()
      operation.axis = try node.integer("axis", default: 1)
      operation.blockSize = try node.integer("block_size", default: 0)
      return try node.add(operation, node.inputs)
    },
    .plain("DynamicQuantizeLinear", DynamicQuantizeLinear.self, since: 11),
    .plain("MatMulInteger", IntegerMatrixMultiply.self, since: 10),
    Mapping("QLinearConv", since: 10, convolution),
    Mapping("QLinearMatMul", since: 10, matrixProduct),
    Mapping("QuantizeLinear", since: 10, quantize),
  ]

  /// The type of the result is that of the zero point, or an attribute, or unsigned bytes.
  static func quantize(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var operation = QuantizeLinear()
    operation.axis = try node.integer("axis", default: 1)
    operation.blockSize = try node.integer("block_size", default: 0)
    operation.saturates = try node.flag("saturate", default: true)
    // 0 is the number of no type.
    let stated = try node.integer("output_dtype", default: 0)
    if let zeroPoint = node.optional(2) {
      operation.dataType = try node.type(of: zeroPoint).dataType
    } else if stated != 0 {
      operation.dataType = try node.dataType("output_dtype", default: .uint8)
    }
    return try node.add(operation, node.inputs)
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
