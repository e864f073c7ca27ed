import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// Float32 to int8 or back.
struct ConversionKernel: DirectKernel {
  private let count: Int
  private let parameters: LinearQuantization
  private let quantizes: Bool

  var divisibleWork: Int { 8 * count }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let input = context.inputs.first ?? nil, let output = context.outputs.first,
      let count = output.shape.elementCount
    else { return nil }
    if context.operator is Quantize, input.dataType == .float32, output.dataType == .int8,
      let parameters = LinearQuantization(output)
    {
      return ConversionKernel(count: count, parameters: parameters, quantizes: true)
    }
    if context.operator is Dequantize, input.dataType == .int8, output.dataType == .float32,
      let parameters = LinearQuantization(input)
    {
      return ConversionKernel(count: count, parameters: parameters, quantizes: false)
    }
    return nil
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    let share = part.share(of: count)
    let start = share.lowerBound
    if quantizes {
      guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: Int8.self) else {
        return
      }
      skiff_qs8_quantize(share.count, input + start, parameters.scale, parameters.zeroPoint, output + start)
    } else {
      guard let input = inputs[0]?.start(as: Int8.self), let output = outputs[0].start(as: Float.self) else {
        return
      }
      skiff_qs8_dequantize(share.count, input + start, parameters.scale, parameters.zeroPoint, output + start)
    }
  }
}
