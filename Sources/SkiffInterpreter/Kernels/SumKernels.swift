import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// A sum or mean along axes that follow each other, over elements that lie together behind them.
struct SumKernel: DirectKernel {
  private enum Kind: Sendable {
    case float(isMean: Bool)
    case integer(QuantizedReduction)
  }

  private let kind: Kind
  /// The sizes before the axes, along them, and behind them.
  private let sizes: (outer: Int, reduced: Int, inner: Int)

  var scratchByteCount: Int { sizes.inner * MemoryLayout<Double>.stride }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard context.operator is ReduceMean || context.operator is ReduceSum,
      let reduction = context.operator as? any QuantizedReductionOperator, let input = context.inputs[0],
      let shape = input.shape.fixed, !shape.contains(0)
    else { return nil }
    let axes = try reduction.reducedAxes(rank: shape.count)
    guard let first = axes.first, let last = axes.last, last - first + 1 == axes.count else { return nil }
    let sizes = (
      outer: shape[..<first].reduce(1, *), reduced: shape[first...last].reduce(1, *),
      inner: shape[(last + 1)...].reduce(1, *)
    )
    if input.dataType == .float32 {
      return SumKernel(kind: .float(isMean: reduction is ReduceMean), sizes: sizes)
    }
    guard input.dataType == .int8, context.outputs[0].dataType == .int8,
      let source = LinearQuantization(input), let target = LinearQuantization(context.outputs[0])
    else { return nil }
    let twin = QuantizedReduction(
      reduction.quantizedKind, shape: shape, axes: Set(axes), input: source, output: target)
    return SumKernel(kind: .integer(twin), sizes: sizes)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0] else { return }
    let (outer, reduced, inner) = sizes
    switch kind {
    case .float(let isMean):
      guard let source = input.start(as: Float.self), let target = outputs[0].start(as: Float.self),
        let sums = scratch.start(as: Double.self)
      else { return }
      for row in 0..<outer {
        sums.update(repeating: 0, count: inner)
        skiff_f32_sum_rows(reduced, inner, source + row * reduced * inner, sums)
        for index in 0..<inner {
          target[row * inner + index] = Float(isMean ? sums[index] / Double(reduced) : sums[index])
        }
      }
    case .integer(let twin):
      guard let source = input.start(as: Int8.self), let target = outputs[0].start(as: Int8.self),
        let sums = scratch.start(as: Int32.self)
      else { return }
      for row in 0..<outer {
        sums.update(repeating: 0, count: inner)
        skiff_qs8_sum_rows(reduced, inner, source + row * reduced * inner, sums)
        for index in 0..<inner { target[row * inner + index] = twin.result(ofSum: sums[index]) }
      }
    }
  }
}
