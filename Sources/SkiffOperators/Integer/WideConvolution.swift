import SkiffBinary
import SkiffIR

/// Convolutions and matrix products of int16 activations with symmetric int8 weights, whose sums have 64 bits, or 32.
package struct WideConvolution: Sendable {
  /// How a sum becomes an integer.
  package enum Rounding: Sendable {
    /// As one product in double precision.
    case once
    /// By fixed point, of sums of 64 or of 32 bits.
    case wide, narrow
  }

  /// How a sum becomes an integer of the result.
  package enum Factors: Sendable {
    /// One product in double precision, rounded once, halves away from zero.
    case real([Double])
    /// 15 bits of each factor, halves up.
    case fixed([QuantizedMultiplier])
    /// Sums of 32 bits, which wrap, and 31 bits of each factor.
    case narrow([QuantizedMultiplier])
  }

  /// Window, sizes and channels.
  package let sums: ConvolutionSums
  /// What is subtracted from every input.
  package let inputZeroPoint: Int32
  /// What is added to every result.
  package let outputZeroPoint: Int32
  /// One factor per output channel.
  package let factors: Factors
  /// The bounds of the result.
  package let bounds: QuantizedBounds

  /// Derives the factors `input · weight / output` in double precision.
  ///
  /// - Parameter weightScales: one scale, or one per output channel.
  package init(
    _ sums: ConvolutionSums, rounding: Rounding, input: LinearQuantization, weightScales: [Float],
    output: LinearQuantization, activation: FusedActivation
  ) {
    self.sums = sums
    inputZeroPoint = input.zeroPoint
    outputZeroPoint = output.zeroPoint
    let real = (0..<sums.outputChannels).map { channel in
      let weightScale = weightScales.count == 1 ? weightScales[0] : weightScales[channel]
      return Double(input.scale) * Double(weightScale) / Double(output.scale)
    }
    factors =
      switch rounding {
      case .once: .real(real)
      case .wide: .fixed(real.map(QuantizedMultiplier.init))
      case .narrow: .narrow(real.map(QuantizedMultiplier.init))
      }
    bounds = activation.bounds(of: Int16.self, in: output)
  }

  /// Convolves `input`; `bias` is empty or holds one number per output channel.
  package func run(input: Span<Int16>, weights: Span<Int8>, bias: [Int]) -> [Int16] {
    let exact = sums.run(input: input, zeroPoint: inputZeroPoint, weights: weights, as: Int64.self)
    return exact.enumerated().map { position, sum in
      let channel = position % sums.outputChannels
      let total = bias.isEmpty ? sum : sum &+ Int64(bias[channel])
      return Int16(truncatingIfNeeded: bounds.clamp(scaled(total, channel) &+ outputZeroPoint))
    }
  }

  private func scaled(_ sum: Int64, _ channel: Int) -> Int32 {
    switch factors {
    case .fixed(let factors): return factors[channel].apply(wide: sum)
    case .narrow(let factors): return factors[channel].apply(Int32(truncatingIfNeeded: sum))
    case .real(let factors):
      let product = (Double(sum) * factors[channel]).rounded(.toNearestOrAwayFromZero)
      return Int32(min(max(product, -0x1p31), 0x1p31 - 1))
    }
  }
}

extension WideConvolution {
  /// The kernel over input, weights and an optional bias of 32 or 64 bits.
  func kernel(_ context: QuantizedContext) -> (any PreparedKernel)? {
    IntegerKernel<Int16>(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int16.self)
      let weights = try inputs.required(1).elements(as: Int8.self)
      result = run(
        input: input.span, weights: weights.span, bias: try inputs.optional(2)?.integers() ?? [])
    }
  }
}
