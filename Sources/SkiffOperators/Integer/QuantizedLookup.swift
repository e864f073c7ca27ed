/// A function of one int8 tensor by a table of its 256 results.
package struct QuantizedLookup: Sendable {
  /// The results, by the integer's bits read as unsigned.
  package let table: [Int8]

  /// Evaluates `function` for every integer in float32.
  ///
  /// x = scale · (q - zeroPoint); the result is round(f(x) · (1 / outputScale)) + outputZeroPoint, clamped.
  package init(_ function: TabulatedFunction, input: LinearQuantization, output: LinearQuantization) {
    let inverse = 1 / output.scale
    self.init { value in
      let real = input.scale * Float(value - input.zeroPoint)
      let rounded = (function(real) * inverse).rounded(.toNearestOrAwayFromZero)
      return Int32(saturating: rounded + Float(output.zeroPoint))
    }
  }

  /// Tabulates a function of integers, clamped to int8.
  package init(_ function: (Int32) -> Int32) {
    table = (0..<256).map { bits in
      let value = Int32(Int8(truncatingIfNeeded: bits))
      return Int8(clamping: function(value))
    }
  }

  /// One element.
  @inline(__always)
  package func element(_ value: Int8) -> Int8 { table[Int(UInt8(bitPattern: value))] }

  /// Looks up every element.
  package func run(input: Span<Int8>, output: inout MutableSpan<Int8>) {
    for index in 0..<input.count { output[index] = element(input[index]) }
  }
}

extension QuantizedLookup {
  /// RELU and its bounded forms as operators of their own: rescale, then clamp. The factor is a float32 quotient;
  /// an infinite bound leaves its end open.
  package static func rectifier(
    minimum: Float, maximum: Float, input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup {
    let bounds = QuantizedBounds(of: Int8.self, minimum: minimum, maximum: maximum, in: output)
    let factor = QuantizedMultiplier(Double(input.scale / output.scale))
    return QuantizedLookup { value in
      bounds.clamp(factor.apply(value - input.zeroPoint) &+ output.zeroPoint)
    }
  }

  /// LEAKY_RELU: one factor on each side of zero, both computed in float32. A negative slope multiplies by its
  /// magnitude and negates.
  package static func leakyRectifier(
    slope: Float, input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup {
    let identity = QuantizedMultiplier(Double(input.scale / output.scale))
    var scaled = QuantizedMultiplier(Double(input.scale * slope / output.scale))
    let negates = scaled.multiplier < 0
    if negates { scaled.multiplier = -scaled.multiplier }
    return QuantizedLookup { value in
      let centred = value - input.zeroPoint
      if centred >= 0 { return output.zeroPoint &+ identity.apply(centred) }
      let result = scaled.apply(centred)
      return output.zeroPoint &+ (negates ? 0 &- result : result)
    }
  }

  /// HARD_SWISH: a pipeline of 16-bit fixed-point steps with float32 factors.
  ///
  /// Returns nil where the reference refuses: an output factor of 2 or more (in real terms, input / 128 · output).
  package static func hardSwish(
    input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup? {
    let fineInputScale = (1.0 as Float / 128) * input.scale
    let outputFactor = QuantizedMultiplier(Double(fineInputScale / output.scale))
    let gateFactor = QuantizedMultiplier(Double(fineInputScale / (3.0 as Float / 32768)))
    guard outputFactor.shift <= 0 else { return nil }
    let outputMultiplier = reduced(outputFactor.multiplier)
    let gateMultiplier = reduced(gateFactor.multiplier)
    return QuantizedLookup { value in
      // |q - zeroPoint| <= 255, so seven more bits fit 16.
      let fine = Int16(truncatingIfNeeded: (value - input.zeroPoint) << 7)
      let linear = saturatingRoundingDoublingHighMultiply(fine, outputMultiplier)
      // The gate is (x + 3) / 6 clamped to [0, 1], in Q0.15: first x / 3 saturated to [-1, 1].
      var gate = fine
      if gateFactor.shift > 0 { gate = saturating(Int64(gate) << Int64(gateFactor.shift - 1)) }
      gate = saturatingRoundingDoublingHighMultiply(gate, gateMultiplier)
      if gateFactor.shift > 0 { gate = saturating(Int64(gate) << 1) }
      if gateFactor.shift < 0 { gate = roundingDivide(gate, byPowerOfTwo: -gateFactor.shift) }
      gate = Int16(truncatingIfNeeded: (Int32(gate) + (1 << 15)) >> 1)
      // The last product truncates: gate >= 0, so the saturating case (-2^15)^2 cannot occur.
      let product = Int16(truncatingIfNeeded: Int32(gate) * Int32(linear) / (1 << 15))
      return Int32(roundingDivide(product, byPowerOfTwo: -outputFactor.shift)) + output.zeroPoint
    }
  }

  private static func reduced(_ multiplier: Int32) -> Int16 {
    multiplier >= Int32.max - (1 << 15) ? .max : Int16(truncatingIfNeeded: (multiplier + (1 << 15)) >> 16)
  }

  private static func saturating(_ value: Int64) -> Int16 { Int16(clamping: value) }

  /// ABS: the magnitude, rescaled by a float32 quotient unless the scales are equal.
  package static func absolute(
    input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup {
    let factor = QuantizedMultiplier(Double(input.scale / output.scale))
    return QuantizedLookup { value in
      let magnitude = Int32((value - input.zeroPoint).magnitude)
      return (input.scale == output.scale ? magnitude : factor.apply(magnitude)) &+ output.zeroPoint
    }
  }

  /// RSQRT: 20 fraction bits between two fixed-point multiplications; zero yields the largest integer.
  ///
  /// Negative reals have no result; the table holds the largest integer for them too.
  package static func reciprocalSquareRoot(
    input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup {
    let fractionBits: Int32 = 20
    var factor = QuantizedMultiplier(Double(1 / (input.scale.squareRoot() * output.scale)))
    factor.shift -= fractionBits
    return QuantizedLookup { value in
      let centred = value - input.zeroPoint
      guard centred > 0 else { return Int32(Int8.max) }
      var inverse = FixedPoint.inverseSquareRoot(centred)
      inverse.shift += fractionBits
      return factor.apply(inverse.apply(1)) &+ output.zeroPoint
    }
  }
}

/// PRELU: a slope per element below zero, with broadcasting of the slopes.
package struct QuantizedParametricRectifier: Sendable {
  /// The alignment of input and slopes.
  package let broadcast: QuantizedBroadcast
  /// The zero points of the input, the slopes and the output.
  package let zeroPoints: (input: Int32, slope: Int32, output: Int32)
  /// The factors above and below zero.
  package let multipliers: (identity: QuantizedMultiplier, scaled: QuantizedMultiplier)

  /// Derives both factors in float32.
  package init(
    broadcast: QuantizedBroadcast, input: LinearQuantization, slope: LinearQuantization,
    output: LinearQuantization
  ) {
    self.broadcast = broadcast
    self.zeroPoints = (input.zeroPoint, slope.zeroPoint, output.zeroPoint)
    self.multipliers = (
      QuantizedMultiplier(Double(input.scale / output.scale)),
      QuantizedMultiplier(Double(input.scale * slope.scale / output.scale))
    )
  }

  /// Multiplies every negative element by its slope; a product is at most 255^2 in magnitude.
  package func run(input: Span<Int8>, slopes: Span<Int8>, output: inout MutableSpan<Int8>) {
    let bounds = QuantizedBounds(of: Int8.self)
    broadcast.forEach { index, source, slope in
      let value = Int32(input[source]) &- zeroPoints.input
      let scaled =
        value >= 0
        ? multipliers.identity.apply(value)
        : multipliers.scaled.apply(value &* (Int32(slopes[slope]) &- zeroPoints.slope))
      output[index] = Int8(truncatingIfNeeded: bounds.clamp(scaled &+ zeroPoints.output))
    }
  }
}
