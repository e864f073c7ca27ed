/// Functions of single integers of one scale, in those of another; the result is not clamped to its type yet.
enum IntegerFunction {
  /// A function from the integers of the input to those of the output.
  typealias Body = @Sendable (Int32) -> Int32

  /// RELU and its bounded forms as operators of their own: rescale, then clamp. The factor is a float32 quotient;
  /// an infinite bound leaves its end open.
  static func rectifier<Element: QuantizedElement>(
    of type: Element.Type, minimum: Float, maximum: Float, input: LinearQuantization,
    output: LinearQuantization
  ) -> Body {
    let bounds = QuantizedBounds(of: type, minimum: minimum, maximum: maximum, in: output)
    let factor = QuantizedMultiplier(Double(input.scale / output.scale))
    return { bounds.clamp(factor.apply($0 - input.zeroPoint) &+ output.zeroPoint) }
  }

  /// LEAKY_RELU: one factor on each side of zero, both computed in float32. A negative slope multiplies by its
  /// magnitude and negates.
  static func leakyRectifier(slope: Float, input: LinearQuantization, output: LinearQuantization) -> Body {
    let identity = QuantizedMultiplier(Double(input.scale / output.scale))
    var factor = QuantizedMultiplier(Double(input.scale * slope / output.scale))
    let negates = factor.multiplier < 0
    if negates { factor.multiplier = -factor.multiplier }
    let scaled = factor
    return { value in
      let centred = value - input.zeroPoint
      if centred >= 0 { return output.zeroPoint &+ identity.apply(centred) }
      let result = scaled.apply(centred)
      return output.zeroPoint &+ (negates ? 0 &- result : result)
    }
  }

  /// ABS: the magnitude, rescaled by a float32 quotient unless the scales are equal.
  static func absolute(input: LinearQuantization, output: LinearQuantization) -> Body {
    let factor = QuantizedMultiplier(Double(input.scale / output.scale))
    return { value in
      let magnitude = Int32((value - input.zeroPoint).magnitude)
      return (input.scale == output.scale ? magnitude : factor.apply(magnitude)) &+ output.zeroPoint
    }
  }

  /// RSQRT: 20 fraction bits between two fixed-point multiplications; zero yields the largest integer.
  ///
  /// The root and its product with the output's scale are float32, the reciprocal of that product float64.
  /// Negative reals have no result; they get the largest integer too.
  static func reciprocalSquareRoot<Element: QuantizedElement>(
    of type: Element.Type, input: LinearQuantization, output: LinearQuantization
  ) -> Body {
    let fractionBits: Int32 = 20
    var scale = QuantizedMultiplier(1 / Double(input.scale.squareRoot() * output.scale))
    scale.shift -= fractionBits
    let factor = scale
    return { value in
      let centred = value - input.zeroPoint
      guard centred > 0 else { return Int32(clamping: type.max) }
      var inverse = FixedPoint.inverseSquareRoot(centred)
      inverse.shift += fractionBits
      return factor.apply(inverse.apply(1)) &+ output.zeroPoint
    }
  }
}
