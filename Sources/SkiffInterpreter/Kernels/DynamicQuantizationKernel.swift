import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// Real numbers as unsigned bytes by their own range, with its scale and zero point.
struct DynamicQuantizationKernel: DirectKernel {
  private let count: Int

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard context.operator is DynamicQuantizeLinear, let count = context.outputs.first?.shape.elementCount,
      count > 0
    else { return nil }
    return DynamicQuantizationKernel(count: count)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Float.self), let bytes = outputs[0].start(as: UInt8.self) else {
      return
    }
    var (least, greatest, isFinite) = (Float(0), Float(0), true)
    skiff_f32_extremes(count, input, &least, &greatest, &isFinite)
    let parameters = DynamicQuantizeLinear.Parameters(least: least, greatest: greatest)
    skiff_x8_quantize(count, input, false, parameters.scale, Int32(parameters.zeroPoint), bytes)
    outputs[1].storeBytes(of: parameters.scale, as: Float.self)
    outputs[2].storeBytes(of: UInt8(parameters.zeroPoint), as: UInt8.self)
  }
}
