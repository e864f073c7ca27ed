import SkiffBinary
import SkiffIR

extension TransposedConvolution: QuantizedKernel {
  /// Integers for two spatial axes with the channels last, without groups and dilation.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard layout == .last, groups == 1, let input = context.int8(0), let output = context.int8Output,
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
    let kernel = QuantizedTransposedConvolution(
      geometry: geometry, inputChannels: sizes[3], outputChannels: weights[0], input: input,
      weightScales: scales, output: output, activation: activation)
    return IntegerKernel(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      let weights = try inputs.required(1).elements(as: Int8.self)
      let bias = try inputs.optional(2)?.elements(as: Int32.self) ?? []
      var span = result.mutableSpan
      kernel.run(input: input.span, weights: weights.span, bias: bias.span, output: &span)
    }
  }
}
