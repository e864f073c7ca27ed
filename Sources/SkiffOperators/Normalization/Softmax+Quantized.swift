import SkiffBinary
import SkiffIR

extension Softmax: QuantizedKernel {
  public var parameterRule: ParameterRule { .fixed(scale: 1 / 256, zeroPoint: -128) }

  /// Integers along the last axis, results in 1/256 with the zero point -128, or those of int16 in 1/32768.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    if context.isWide {
      guard let (input, depth) = try context.lastAxis(axis), context.activationOutput == .wideUnit else {
        return nil
      }
      return context.kernel(computing: WideSoftmax(depth: depth, beta: beta, input: input))
    }
    guard let (input, depth) = try context.lastAxis(axis),
      context.int8Output == LinearQuantization(scale: 1 / 256, zeroPoint: -128),
      let kernel = QuantizedSoftmax(depth: depth, beta: beta, input: input)
    else { return nil }
    return IntegerKernel<Int8>(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      var span = result.mutableSpan
      kernel.run(input: input.span, output: &span)
    }
  }
}

extension LogSoftmax: QuantizedKernel {
  public var parameterRule: ParameterRule { .fixed(scale: 16 / 256, zeroPoint: 127) }

  /// Integers along the last axis, results in 1/16 with the zero point 127.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let (input, depth) = try context.lastAxis(axis),
      context.int8Output == LinearQuantization(scale: 1 / 16, zeroPoint: 127),
      let kernel = QuantizedLogSoftmax(depth: depth, input: input)
    else { return nil }
    return IntegerKernel<Int8>(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      var span = result.mutableSpan
      kernel.run(input: input.span, output: &span)
    }
  }
}

extension LpNormalization: QuantizedKernel {
  public var parameterRule: ParameterRule { .fixed(scale: 1 / 128, zeroPoint: 0) }

  /// Integers for the root of squares along the last axis, results in 1/128 with the zero point 0. The root is no less than a step,
  /// where not all are 0, and TensorFlow Lite does not look at its least norm.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard order == 2, let (input, depth) = try context.lastAxis(axis), leastNorm <= max(input.scale, 1e-6),
      context.int8Output == LinearQuantization(scale: 1 / 128, zeroPoint: 0)
    else { return nil }
    let kernel = QuantizedL2Normalization(
      depth: depth, input: input, gainsBitsFirst: context.isUnsigned)
    return IntegerKernel<Int8>(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      var span = result.mutableSpan
      kernel.run(input: input.span, output: &span)
    }
  }
}

extension QuantizedContext {
  /// The first operand's parameters and the size of its last axis, if that is the axis meant.
  fileprivate func lastAxis(_ axis: Int) throws(ModelError) -> (LinearQuantization, Int)? {
    guard let input = activation(0), let sizes = sizes(0), let depth = sizes.last,
      try normalizedAxis(axis, rank: sizes.count) == sizes.count - 1
    else { return nil }
    return (input, depth)
  }
}
