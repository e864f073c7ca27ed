import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// `min(max(x, lower), upper)` of float32 with bounds that are known beforehand.
struct FloatClampKernel: DirectKernel {
  private let count: Int
  private let lower: Float
  private let upper: Float

  var divisibleWork: Int { 8 * count }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard context.isFloat, let count = context.outputs[0].shape.elementCount else { return nil }
    switch context.operator {
    case is Relu: return FloatClampKernel(count: count, lower: 0, upper: .infinity)
    case let clip as Clip:
      guard let lower = try context.optionalConstant(1, as: Float.self),
        let upper = try context.optionalConstant(2, as: Float.self)
      else { return nil }
      let kernel = FloatClampKernel(
        count: count, lower: lower.first ?? clip.minimum ?? -.infinity,
        upper: upper.first ?? clip.maximum ?? .infinity)
      return kernel.lower.isNaN || kernel.upper.isNaN ? nil : kernel
    default: return nil
    }
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: Float.self) else {
      return
    }
    let share = part.share(of: count)
    skiff_f32_clamp(share.count, input + share.lowerBound, lower, upper, output + share.lowerBound)
  }
}
