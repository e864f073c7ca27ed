import SkiffBinary
import SkiffIR

extension AveragePool: QuantizedKernel {
  public var parameterRule: ParameterRule { .follows }

  /// Integers for one or two spatial axes with the channels last, where input and result share their parameters.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard layout == .last, let input = context.activation(0), let output = context.activationOutput,
      input == output,
      let sizes = context.sizes(0), let result = context.outputs[0].shape.fixed
    else { return nil }
    let window = try window
    let space = Array(sizes[1..<sizes.count - 1])
    let isPadded = window.padAmounts(space).contains { $0.begin != 0 || $0.end != 0 }
    guard !countsPadding || !isPadded,
      let geometry = WindowGeometry(window, input: sizes, output: result)
    else { return nil }
    let kernel = QuantizedPooling(
      context.isUnsigned ? .averageRoundingUp : .average, geometry: geometry,
      channels: sizes[sizes.count - 1], isWide: context.isWide, output: output, activation: activation)
    return context.kernel(computing: kernel)
  }
}
