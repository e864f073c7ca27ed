/// Float32 to integers: round(x / scale) + zeroPoint, clamped; the quotient in float32, halves away from zero.
///
/// Quotients of 2^31 and more, for which the reference is undefined, saturate.
package struct FloatQuantization: Sendable {
  /// The parameters of the result.
  package let output: LinearQuantization

  /// A quantization to `output`.
  package init(output: LinearQuantization) { self.output = output }

  /// One element; not-a-number becomes the zero point.
  @inline(__always)
  package func element<Value: FixedWidthInteger>(_ real: Float, as type: Value.Type) -> Value {
    let steps = Double((real / output.scale).rounded(.toNearestOrAwayFromZero))
    guard !steps.isNaN else { return Value(clamping: output.zeroPoint) }
    let value = steps + Double(output.zeroPoint)
    return Value(min(max(value, Double(Value.min)), Double(Value.max)))
  }

  /// Quantizes every element.
  package func run<Value: FixedWidthInteger>(input: Span<Float>, output: inout MutableSpan<Value>) {
    for index in 0..<input.count { output[index] = element(input[index], as: Value.self) }
  }
}

/// Integers to float32: (q - zeroPoint) · scale, the product in float32.
package struct Dequantization: Sendable {
  /// The parameters of the input.
  package let input: LinearQuantization

  /// A dequantization of `input`.
  package init(input: LinearQuantization) { self.input = input }

  /// One element.
  @inline(__always)
  package func element<Value: FixedWidthInteger>(_ value: Value) -> Float {
    Float(Double(input.scale) * Double(Int32(truncatingIfNeeded: value) &- input.zeroPoint))
  }

  /// Dequantizes every element.
  package func run<Value: FixedWidthInteger>(input values: Span<Value>, output: inout MutableSpan<Float>) {
    for index in 0..<values.count { output[index] = element(values[index]) }
  }
}

/// Integers of one scale to integers of another.
package struct Requantization: Sendable {
  /// The input's and the output's zero point.
  package let zeroPoints: (input: Int32, output: Int32)
  /// The factor `input / output`.
  package let multiplier: QuantizedMultiplier

  /// Derives the factor in double precision.
  package init(input: LinearQuantization, output: LinearQuantization) {
    zeroPoints = (input.zeroPoint, output.zeroPoint)
    multiplier = QuantizedMultiplier(Double(input.scale) / Double(output.scale))
  }

  /// One element; |q - zeroPoint| of 16 bits is below 2^16.
  @inline(__always)
  package func element<Source: FixedWidthInteger, Target: FixedWidthInteger>(
    _ value: Source, as type: Target.Type
  ) -> Target {
    let centred = Int32(truncatingIfNeeded: value) &- zeroPoints.input
    return Target(clamping: multiplier.apply(centred) &+ zeroPoints.output)
  }

  /// Requantizes every element.
  package func run<Source: FixedWidthInteger, Target: FixedWidthInteger>(
    input: Span<Source>, output: inout MutableSpan<Target>
  ) {
    for index in 0..<input.count { output[index] = element(input[index], as: Target.self) }
  }
}
