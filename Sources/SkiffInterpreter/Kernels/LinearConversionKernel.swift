import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// ONNX's conversions between float32 and bytes, by one constant scale and zero point.
struct LinearConversionKernel: DirectKernel {
  private let count: Int
  private let scale: Float
  private let zeroPoint: Int32
  private let isSigned: Bool
  private let quantizes: Bool

  let packsConstants = true
  var divisibleWork: Int { 8 * count }

  static let factory: KernelFactory = { (context) throws(ModelError) in
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
    return LinearConversionKernel(
      count: count, scale: scale[0], zeroPoint: zeros.first ?? 0, isSigned: bytes == .int8,
      quantizes: quantizes)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    let share = part.share(of: count)
    let start = share.lowerBound
    if quantizes {
      guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: UInt8.self) else {
        return
      }
      skiff_x8_quantize(share.count, input + start, isSigned, scale, zeroPoint, output + start)
    } else {
      guard let input = inputs[0]?.start(as: UInt8.self), let output = outputs[0].start(as: Float.self) else {
        return
      }
      skiff_x8_dequantize(share.count, input + start, isSigned, scale, zeroPoint, output + start)
    }
  }
}
