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
  /// RELU and its bounded forms, see ``IntegerFunction``.
  package static func rectifier(
    minimum: Float, maximum: Float, input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup {
    QuantizedLookup(
      IntegerFunction.rectifier(
        of: Int8.self, minimum: minimum, maximum: maximum, input: input, output: output))
  }

  /// LEAKY_RELU, see ``IntegerFunction``.
  package static func leakyRectifier(
    slope: Float, input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup {
    QuantizedLookup(IntegerFunction.leakyRectifier(slope: slope, input: input, output: output))
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

  /// ABS, see ``IntegerFunction``.
  package static func absolute(
    input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup {
    QuantizedLookup(IntegerFunction.absolute(input: input, output: output))
  }

  /// RSQRT, see ``IntegerFunction``.
  package static func reciprocalSquareRoot(
    input: LinearQuantization, output: LinearQuantization
  ) -> QuantizedLookup {
    QuantizedLookup(IntegerFunction.reciprocalSquareRoot(of: Int8.self, input: input, output: output))
  }
}

/// PRELU: a slope per element below zero, with broadcasting of the slopes.
package struct QuantizedParametricRectifier: BinaryIntegerComputation {
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
  package func run<Element: QuantizedElement>(
    first input: Span<Element>, second slopes: Span<Element>, output: inout MutableSpan<Element>
  ) {
    let bounds = QuantizedBounds(of: Element.self)
    broadcast.forEach { index, source, slope in
      let value = Int32(truncatingIfNeeded: input[source]) &- zeroPoints.input
      let scaled =
        value >= 0
        ? multipliers.identity.apply(value)
        : multipliers.scaled.apply(value &* (Int32(truncatingIfNeeded: slopes[slope]) &- zeroPoints.slope))
      output[index] = Element(truncatingIfNeeded: bounds.clamp(scaled &+ zeroPoints.output))
    }
  }
}
