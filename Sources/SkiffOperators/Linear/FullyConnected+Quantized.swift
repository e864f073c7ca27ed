import SkiffBinary
import SkiffIR

extension FullyConnected: QuantizedKernel {
  public var parameterRule: ParameterRule { .weighted }

  /// Integers for symmetric int8 weights and an int32 bias; or real numbers that are rounded to integers for such weights.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    if let hybrid = hybrid(context) { return hybrid }
    if context.isWide { return wide(context)?.kernel(context) }
    guard let kernel = quantized(context), context.hasIntegerBias(2) else { return nil }
    return IntegerKernel<Int8>(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      let weights = try inputs.required(1).elements(as: Int8.self)
      let bias = try inputs.optional(2)?.elements(as: Int32.self) ?? []
      var span = result.mutableSpan
      kernel.run(input: input.span, weights: weights.span, bias: bias.span, output: &span)
    }
  }

  /// The form of int16 activations; nil for other types.
  private func wide(_ context: QuantizedContext) -> WideConvolution? {
    guard context.hasIntegerBias(2), let input = context.activation(0), let output = context.activationOutput,
      let scales = context.weightScales(1), let sizes = context.sizes(0), let weights = context.sizes(1)
    else { return nil }
    let sums = ConvolutionSums(
      rows: sizes.dropLast().reduce(1, *), depth: weights[1], units: weights[0])
    return WideConvolution(
      sums, rounding: .once, input: input, weightScales: scales, output: output, activation: activation)
  }

  /// The form for a real input and int8 weights; nil for other types.
  private func hybrid(_ context: QuantizedContext) -> HybridKernel? {
    guard context.isHybrid, let scales = context.weightScales(1), let sizes = context.sizes(0),
      let weights = context.sizes(1)
    else { return nil }
    return HybridKernel(
      rows: sizes.dropLast().reduce(1, *), isAsymmetric: quantizesAsymmetrically, weightScales: scales,
      multipliesScales: true, activation: activation, output: context.outputs[0],
      sums: ConvolutionSums(rows: 1, depth: weights[1], units: weights[0]))
  }

  /// The integer form; nil if there is none for these types.
  package func quantized(_ context: QuantizedContext) -> QuantizedFullyConnected? {
    guard let input = context.int8(0), let output = context.int8Output,
      let scales = context.weightScales(1), let sizes = context.sizes(0), let weights = context.sizes(1)
    else { return nil }
    return QuantizedFullyConnected(
      rows: sizes.dropLast().reduce(1, *), depth: weights[1], units: weights[0], input: input,
      weightScales: scales, weightZeroPoint: context.weightZeroPoint(1),
      output: output, activation: activation)
  }
}
