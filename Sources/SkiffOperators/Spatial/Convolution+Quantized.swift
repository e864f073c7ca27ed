import SkiffBinary
import SkiffIR

extension Convolution: QuantizedKernel {
  public var parameterRule: ParameterRule { .weighted }

  /// Integers for one or two spatial axes with the channels last, symmetric int8 weights and an int32 bias; or real numbers
  /// that are rounded to integers for such weights.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    if let hybrid = try hybrid(context) { return hybrid }
    if context.isWide { return try wide(context)?.kernel(context) }
    guard let kernel = try quantized(context), context.hasIntegerBias(2) else { return nil }
    return IntegerKernel<Int8>(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      let weights = try inputs.required(1).elements(as: Int8.self)
      let bias = try inputs.optional(2)?.elements(as: Int32.self) ?? []
      var span = result.mutableSpan
      kernel.run(input: input.span, weights: weights.span, bias: bias.span, output: &span)
    }
  }

  /// The integer form; nil if there is none for these types.
  package func quantized(_ context: QuantizedContext) throws(ModelError) -> QuantizedConvolution? {
    guard layout == .last, let input = context.int8(0), let output = context.int8Output,
      let scales = context.weightScales(1), let sizes = context.sizes(0), let weights = context.sizes(1),
      let result = context.outputs[0].shape.fixed,
      let geometry = WindowGeometry(try window(weights: weights), input: sizes, output: result)
    else { return nil }
    let sums = ConvolutionSums(
      geometry: geometry, inputChannels: sizes[sizes.count - 1], outputChannels: weights[0], groups: groups)
    if context.isUnsigned, let weights = context.int8(1) {
      return QuantizedConvolution(
        unsigned: sums, input: input, weights: weights, output: output, activation: activation)
    }
    return QuantizedConvolution(
      sums, input: input, weightScales: scales, output: output, activation: activation)
  }
}

extension Convolution {
  /// The form of int16 activations; nil for other types.
  private func wide(_ context: QuantizedContext) throws(ModelError) -> WideConvolution? {
    guard layout == .last, context.hasIntegerBias(2), let input = context.activation(0),
      let output = context.activationOutput, let scales = context.weightScales(1),
      let sizes = context.sizes(0), let weights = context.sizes(1),
      let result = context.outputs[0].shape.fixed,
      let geometry = WindowGeometry(try window(weights: weights), input: sizes, output: result)
    else { return nil }
    let sums = ConvolutionSums(
      geometry: geometry, inputChannels: sizes[sizes.count - 1], outputChannels: weights[0], groups: groups)
    let bias = context.inputs.count > 2 ? context.inputs[2] : nil
    return WideConvolution(
      sums, rounding: bias?.dataType == .int32 ? .narrow : .wide, input: input, weightScales: scales,
      output: output, activation: activation)
  }

  /// The form for a real input and int8 weights; nil for other types.
  private func hybrid(_ context: QuantizedContext) throws(ModelError) -> HybridKernel? {
    guard layout == .last, context.isHybrid, let scales = context.weightScales(1),
      let sizes = context.sizes(0), let weights = context.sizes(1),
      let result = context.outputs[0].shape.fixed, let batch = sizes.first, batch > 0,
      let geometry = WindowGeometry(try window(weights: weights), input: sizes, output: result)
    else { return nil }
    // Each sample has a range of its own.
    var single = geometry
    single.batch = 1
    return HybridKernel(
      rows: batch, isAsymmetric: scales.count > 1, weightScales: scales,
      multipliesScales: groups > 1 || scales.count == 1,
      activation: activation, output: context.outputs[0],
      sums: ConvolutionSums(
        geometry: single, inputChannels: sizes[sizes.count - 1], outputChannels: weights[0], groups: groups))
  }
}

extension WindowGeometry {
  /// The geometry of a window over channel-last tensors with one or two spatial axes; nil for others.
  package init?(_ window: Window, input: [Int], output: [Int]) {
    guard input.count == output.count, input.count == window.size.count + 2,
      (3...4).contains(input.count)
    else { return nil }
    func size(_ numbers: [Int], else missing: Int) -> Size {
      numbers.count == 2
        ? Size(height: numbers[0], width: numbers[1]) : Size(height: missing, width: numbers[0])
    }
    let space = Array(input[1..<input.count - 1])
    self.init(
      batch: input[0], input: size(space, else: 1),
      output: size(Array(output[1..<output.count - 1]), else: 1),
      kernel: size(window.size, else: 1), stride: size(window.strides, else: 1),
      dilation: size(window.dilations, else: 1), paddingBegin: size(window.begins(space), else: 0))
  }
}
