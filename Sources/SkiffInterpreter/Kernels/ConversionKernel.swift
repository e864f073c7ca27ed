import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// Float32 to bytes or back, by one scale and zero point.
struct ConversionKernel: DirectKernel {
  /// What is computed.
  private enum Direction {
    /// To signed bytes, halves away from zero.
    case quantizingAwayFromZero
    /// To bytes, halves to even, as ONNX has it.
    case quantizingToEven
    case dequantizing
  }

  private let count: Int
  private let scale: Float
  private let zeroPoint: Int32
  private let isSigned: Bool
  private let direction: Direction

  let packsConstants = true
  var divisibleWork: Int { 8 * count }

  /// The kernel of integers that stand for real numbers by their type.
  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let input = context.inputs.first ?? nil, let output = context.outputs.first,
      let count = output.shape.elementCount
    else { return nil }
    if context.operator is Quantize, input.dataType == .float32, output.dataType == .int8,
      let parameters = LinearQuantization(output)
    {
      return ConversionKernel(count, parameters.scale, parameters.zeroPoint, .quantizingAwayFromZero)
    }
    if context.operator is Dequantize, input.dataType == .int8, output.dataType == .float32,
      let parameters = LinearQuantization(input)
    {
      return ConversionKernel(count, parameters.scale, parameters.zeroPoint, .dequantizing)
    }
    return nil
  }

  /// The kernel of ONNX's conversions, whose scale and zero point are constant operands.
  static let linearFactory: KernelFactory = { (context) throws(ModelError) in
    let quantizes = context.operator is QuantizeLinear
    guard quantizes || context.operator is DequantizeLinear, let input = context.inputs.first ?? nil,
      let output = context.outputs.first, let count = output.shape.elementCount,
      (quantizes ? input : output).dataType == .float32,
      let scale = try context.constant(1, as: Float.self), scale.count == 1
    else { return nil }
    let bytes = quantizes ? output.dataType : input.dataType
    guard bytes == .int8 || bytes == .uint8, !input.isQuantized, !output.isQuantized else { return nil }
    let zeros =
      try bytes == .int8
      ? context.optionalConstant(2, as: Int8.self).map { $0.map(Int32.init) }
      : context.optionalConstant(2, as: UInt8.self).map { $0.map(Int32.init) }
    guard let zeros, zeros.count <= 1 else { return nil }
    return ConversionKernel(
      count, scale[0], zeros.first ?? 0, quantizes ? .quantizingToEven : .dequantizing,
      isSigned: bytes == .int8)
  }

  private init(
    _ count: Int, _ scale: Float, _ zeroPoint: Int32, _ direction: Direction, isSigned: Bool = true
  ) {
    (self.count, self.scale, self.zeroPoint) = (count, scale, zeroPoint)
    (self.direction, self.isSigned) = (direction, isSigned)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    let share = part.share(of: count)
    let start = share.lowerBound
    if direction == .dequantizing {
      guard let input = inputs[0]?.start(as: UInt8.self), let output = outputs[0].start(as: Float.self) else {
        return
      }
      skiff_x8_dequantize(share.count, input + start, isSigned, scale, zeroPoint, output + start)
      return
    }
    guard let input = inputs[0]?.start(as: Float.self) else { return }
    if direction == .quantizingToEven, let output = outputs[0].start(as: UInt8.self) {
      skiff_x8_quantize(share.count, input + start, isSigned, scale, zeroPoint, output + start)
    } else if let output = outputs[0].start(as: Int8.self) {
      skiff_qs8_quantize(share.count, input + start, scale, zeroPoint, output + start)
    }
  }
}
