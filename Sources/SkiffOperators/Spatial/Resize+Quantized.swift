import SkiffBinary
import SkiffIR

extension Resize: QuantizedKernel {
  public var parameterRule: ParameterRule { .follows }

  /// Scales and a region of interest are not data.
  public var realOperands: Set<Int> { [1, 2] }

  /// Integers for the two spatial axes of a channel-last tensor whose parameters the result shares, in the
  /// coordinates that TensorFlow Lite has.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let input = context.activation(0), context.activationOutput == input,
      let sizes = context.sizes(0), let result = context.outputs[0].shape.fixed
    else { return nil }
    let hasScales = context.inputs.count > 2 && context.inputs[2] != nil
    let scales = hasScales ? try context.constants[2]?.floats() : nil
    guard hasScales == (scales != nil), let form = form(from: sizes, to: result, scales: scales) else {
      return nil
    }
    let kernel = QuantizedResize(
      form.isLinear ? context.isUnsigned ? .real : .bilinear : .nearest, batch: sizes[0],
      input: WindowGeometry.Size(height: sizes[1], width: sizes[2]),
      output: WindowGeometry.Size(height: result[1], width: result[2]), channels: sizes[3],
      alignCorners: form.alignsCorners, halfPixelCenters: form.hasHalfPixels)
    return context.kernel(computing: kernel)
  }
}
