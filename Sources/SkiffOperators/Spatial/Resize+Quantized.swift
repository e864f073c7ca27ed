import SkiffBinary
import SkiffIR

extension Resize: QuantizedKernel {
  public var parameterRule: ParameterRule { .follows }

  /// Integers for the two spatial axes of a channel-last tensor whose parameters the result shares, in the
  /// coordinates that TensorFlow Lite has.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let input = context.int8(0), context.int8Output == input, !antialiases, !excludesOutside,
      let sizes = context.sizes(0), let result = context.outputs[0].shape.fixed, sizes.count == 4,
      sizes[0] == result[0], sizes[3] == result[3], sizes.allSatisfy({ $0 > 0 }), let form = quantizedForm
    else { return nil }
    let kernel = QuantizedResize(
      form.method, batch: sizes[0], input: WindowGeometry.Size(height: sizes[1], width: sizes[2]),
      output: WindowGeometry.Size(height: result[1], width: result[2]), channels: sizes[3],
      alignCorners: form.alignCorners, halfPixelCenters: form.halfPixelCenters)
    return IntegerKernel(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      var span = result.mutableSpan
      kernel.run(input: input.span, output: &span)
    }
  }

  private var quantizedForm: (method: QuantizedResize.Method, alignCorners: Bool, halfPixelCenters: Bool)? {
    switch (mode, coordinates, rounding) {
    case (.nearest, .asymmetric, .floor): (.nearest, false, false)
    case (.nearest, .alignCorners, .roundPreferCeil): (.nearest, true, false)
    case (.nearest, .tfHalfPixelForNN, .floor): (.nearest, false, true)
    case (.linear, .asymmetric, _): (.bilinear, false, false)
    case (.linear, .alignCorners, _): (.bilinear, true, false)
    case (.linear, .halfPixel, _): (.bilinear, false, true)
    default: nil
    }
  }
}
