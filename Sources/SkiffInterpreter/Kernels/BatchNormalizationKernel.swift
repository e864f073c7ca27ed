import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// Batch normalization of float32 with constants.
struct BatchNormalizationKernel: DirectKernel {
  /// The sizes before the channels, of the channels, and behind them.
  private let sizes: (outer: Int, channels: Int, inner: Int)
  private let center: [Float]
  private let factor: [Float]
  private let offset: [Float]

  let packsConstants = true
  var divisibleWork: Int { 8 * sizes.outer * sizes.channels * sizes.inner }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let normalization = context.operator as? BatchNormalization, context.isFloat,
      let shape = context.outputs[0].shape.fixed, let axis = normalization.channelAxis(rank: shape.count),
      let scale = try context.constant(1, as: Float.self),
      let shift = try context.constant(2, as: Float.self),
      let mean = try context.constant(3, as: Float.self),
      let variance = try context.constant(4, as: Float.self),
      [scale, shift, mean, variance].allSatisfy({ $0.count == shape[axis] })
    else { return nil }
    let sizes = (
      outer: shape[..<axis].reduce(1, *), channels: shape[axis], inner: shape[(axis + 1)...].reduce(1, *)
    )
    let factors = zip(scale, variance).map { $0 / ($1 + normalization.epsilon).squareRoot() }
    return BatchNormalizationKernel(sizes: sizes, center: mean, factor: factors, offset: shift)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: Float.self) else {
      return
    }
    let share = part.share(of: sizes.outer)
    let start = share.lowerBound * sizes.channels * sizes.inner
    skiff_f32_batchnorm(
      share.count, sizes.channels, sizes.inner, input + start, center, factor, offset, output + start)
  }
}
