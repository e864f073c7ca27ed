import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// The greatest element or the mean of each window, with the channels last.
struct PoolingKernel: DirectKernel {
  private enum Kind: Sendable {
    case floatMaximum, integerMaximum
    case floatAverage(FusedActivation)
    case integerAverage(QuantizedBounds)
  }

  private let kind: Kind
  private let shape: skiff_convolution

  var scratchByteCount: Int { shape.groups * MemoryLayout<Int32>.stride }
  var divisibleWork: Int {
    let taps = shape.kernel_height * shape.kernel_width
    return 4 * taps * shape.batch * shape.output_height * shape.output_width * shape.groups
  }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let pool = context.operator as? any Pooling, pool.layout == .last,
      let input = context.inputs[0], let sizes = input.shape.fixed,
      let result = context.outputs[0].shape.fixed, (3...4).contains(sizes.count), !result.contains(0),
      context.outputs[0].dataType == input.dataType, context.outputs[0].quantization == input.quantization
    else { return nil }
    let window = try pool.window
    guard window.size.reduce(1, *) < 1 << 20 else { return nil }
    let shape = skiff_convolution(pooling: window, input: sizes, output: result)
    switch (pool, input.dataType) {
    case (is MaxPool, .float32): return PoolingKernel(kind: .floatMaximum, shape: shape)
    case (is MaxPool, .int8): return PoolingKernel(kind: .integerMaximum, shape: shape)
    case (let average as AveragePool, _):
      let isPadded = window.padAmounts(Array(sizes[1..<sizes.count - 1])).contains { $0 != (0, 0) }
      guard !average.countsPadding || (!isPadded && !average.roundsUp) else { return nil }
      if input.dataType == .float32 {
        return PoolingKernel(kind: .floatAverage(average.activation), shape: shape)
      }
      guard input.dataType == .int8, let output = LinearQuantization(context.outputs[0]) else { return nil }
      let bounds = average.activation.bounds(of: Int8.self, in: output)
      return PoolingKernel(kind: .integerAverage(bounds), shape: shape)
    default: return nil
    }
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0] else { return }
    var shape = shape
    switch kind {
    case .floatMaximum:
      skiff_f32_maxpool(&shape, part, input.start(as: Float.self), outputs[0].start(as: Float.self))
    case .integerMaximum:
      skiff_qs8_maxpool(&shape, part, input.start(as: Int8.self), outputs[0].start(as: Int8.self))
    case .floatAverage(let activation):
      skiff_f32_avgpool(
        &shape, part, input.start(as: Float.self), activation.lowerBound, activation.upperBound,
        outputs[0].start(as: Float.self))
    case .integerAverage(let bounds):
      skiff_qs8_avgpool(
        &shape, part, input.start(as: Int8.self), bounds.lower, bounds.upper, outputs[0].start(as: Int8.self),
        scratch.start(as: Int32.self))
    }
  }
}

extension skiff_convolution {
  /// The form of a window over one or two spatial axes, with the channels last.
  fileprivate init(pooling window: Window, input: [Int], output: [Int]) {
    let isFlat = input.count == 3
    let begins = window.begins(Array(input[1..<input.count - 1]))
    func pair(_ numbers: [Int], else missing: Int) -> (Int, Int) {
      isFlat ? (missing, numbers[0]) : (numbers[0], numbers[1])
    }
    self.init()
    batch = input[0]
    (input_height, input_width) = pair(Array(input[1..<input.count - 1]), else: 1)
    (output_height, output_width) = pair(Array(output[1..<output.count - 1]), else: 1)
    (kernel_height, kernel_width) = pair(window.size, else: 1)
    (stride_height, stride_width) = pair(window.strides, else: 1)
    (dilation_height, dilation_width) = pair(window.dilations, else: 1)
    (padding_top, padding_left) = pair(begins, else: 0)
    groups = input[input.count - 1]
    (input_channels, output_channels) = (1, 1)
  }
}
