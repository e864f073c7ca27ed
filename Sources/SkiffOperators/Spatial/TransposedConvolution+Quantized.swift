import SkiffBinary
import SkiffIR

extension TransposedConvolution: QuantizedKernel {
  public var parameterRule: ParameterRule { .weighted }

  /// Integers for two spatial axes with the channels last, without groups and dilation.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard layout == .last, groups == 1, let input = context.activation(0),
      let output = context.activationOutput,
      let scales = context.weightScales(1), let sizes = context.sizes(0), let weights = context.sizes(1),
      let result = context.outputs[0].shape.fixed, sizes.count == 4, context.hasIntegerBias(2)
    else { return nil }
    let window = try window(weights: weights)
    guard window.dilations.allSatisfy({ $0 == 1 }) else { return nil }
    let begins = begins(Array(sizes[1...2]), Array(result[1...2]), window)
    func size(_ numbers: [Int]) -> WindowGeometry.Size {
      WindowGeometry.Size(height: numbers[0], width: numbers[1])
    }
    let geometry = WindowGeometry(
      batch: sizes[0], input: size([sizes[1], sizes[2]]), output: size([result[1], result[2]]),
      kernel: size(window.size), stride: size(window.strides), paddingBegin: size(begins))
    if context.isUnsigned, let weights = context.int8(1) {
      return kernel(
        QuantizedTransposedConvolution(
          unsigned: geometry, inputChannels: sizes[3], outputChannels: result[3], input: input,
          weights: weights, output: output, activation: activation), context)
    }
    return kernel(
      QuantizedTransposedConvolution(
        geometry: geometry, inputChannels: sizes[3], outputChannels: weights[0], isWide: context.isWide,
        input: input, weightScales: scales, output: output, activation: activation), context)
  }

  /// Bytes with sums of 32 bits; int16 with those of the bias, 64 where it is left out.
  private func kernel(
    _ kernel: QuantizedTransposedConvolution, _ context: QuantizedContext
  ) -> (any PreparedKernel)? {
    guard context.isWide else { return Self.kernel(kernel, context, of: Int8.self, sums: Int32.self) }
    let bias = context.inputs.count > 2 ? context.inputs[2] : nil
    return bias?.dataType == .int32
      ? Self.kernel(kernel, context, of: Int16.self, sums: Int32.self)
      : Self.kernel(kernel, context, of: Int16.self, sums: Int64.self)
  }

  private static func kernel<
    Element: QuantizedElement, Sum: TensorElement & FixedWidthInteger & SignedInteger
  >(
    _ kernel: QuantizedTransposedConvolution, _ context: QuantizedContext, of type: Element.Type,
    sums: Sum.Type
  ) -> (any PreparedKernel)? {
    IntegerKernel<Element>(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: type)
      let weights = try inputs.required(1).elements(as: Int8.self)
      let bias = try inputs.optional(2)?.elements(as: sums) ?? []
      var span = result.mutableSpan
      kernel.run(input: input.span, weights: weights.span, bias: bias.span, output: &span)
    }
  }
}
