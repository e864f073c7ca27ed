import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// Softmax of float32 along the last axis.
struct SoftmaxKernel: DirectKernel {
  private let rows: Int
  private let width: Int
  private let beta: Float

  var divisibleWork: Int { 32 * rows * width }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let softmax = context.operator as? Softmax, context.isFloat,
      let shape = context.outputs[0].shape.fixed, let width = shape.last, width > 0,
      try normalizedAxis(softmax.axis, rank: shape.count) == shape.count - 1
    else { return nil }
    return SoftmaxKernel(rows: shape.dropLast().reduce(1, *), width: width, beta: softmax.beta)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: Float.self) else {
      return
    }
    let share = part.share(of: rows)
    let start = share.lowerBound * width
    skiff_f32_softmax(share.count, width, input + start, beta, output + start)
  }
}

/// Layer normalization of float32, with scale and shift of the sizes that are normalized or without.
struct LayerNormalizationKernel: DirectKernel {
  private let rows: Int
  private let width: Int
  private let epsilon: Float

  var divisibleWork: Int { 16 * rows * width }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let normalization = context.operator as? LayerNormalization, context.isFloat,
      let shape = context.outputs[0].shape.fixed
    else { return nil }
    let axis = try normalizedAxis(normalization.axis, rank: shape.count)
    let inner = Array(shape[axis...])
    let width = inner.reduce(1, *)
    guard width > 0, context.inputs.dropFirst().allSatisfy({ $0 == nil || $0?.shape.fixed == inner }) else {
      return nil
    }
    return LayerNormalizationKernel(
      rows: shape[..<axis].reduce(1, *), width: width, epsilon: normalization.epsilon)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: Float.self) else {
      return
    }
    func parameter(_ index: Int) -> UnsafePointer<Float>? {
      inputs.indices.contains(index) ? inputs[index]?.start(as: Float.self) : nil
    }
    let share = part.share(of: rows)
    let start = share.lowerBound * width
    skiff_f32_layernorm(
      share.count, width, input + start, parameter(1), parameter(2), epsilon, output + start)
  }
}
