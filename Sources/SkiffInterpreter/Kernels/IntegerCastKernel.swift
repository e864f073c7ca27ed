import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// Integers of 32 bits as float32.
struct IntegerCastKernel: DirectKernel {
  private let count: Int

  var divisibleWork: Int { 4 * count }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard context.operator is Cast, let input = context.inputs.first ?? nil, input.dataType == .int32,
      !input.isQuantized, let output = context.outputs.first, output.dataType == .float32,
      let count = output.shape.elementCount
    else { return nil }
    return IntegerCastKernel(count: count)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Int32.self), let output = outputs[0].start(as: Float.self) else {
      return
    }
    let share = part.share(of: count)
    skiff_s32_to_f32(share.count, input + share.lowerBound, output + share.lowerBound)
  }
}
