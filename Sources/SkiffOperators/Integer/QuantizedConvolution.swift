/// Convolution of int8 activations with int8 weights; bias one int32 per output channel or none.
package struct QuantizedConvolution: Sendable {
  /// Window, sizes and channels.
  package let sums: ConvolutionSums
  /// What is subtracted from every input.
  package let inputZeroPoint: Int32
  /// What is subtracted from every weight: zero for symmetric weights.
  package let weightZeroPoint: Int32
  /// What is added to every result.
  package let outputZeroPoint: Int32
  /// One factor per output channel.
  package let multipliers: [QuantizedMultiplier]
  /// The bounds of the result.
  package let bounds: QuantizedBounds

  /// Derives the factors `input · weight / output`, each product and quotient in double precision.
  ///
  /// - Parameter weightScales: one scale, or one per output channel.
  package init(
    _ sums: ConvolutionSums, input: LinearQuantization, weightScales: [Float], output: LinearQuantization,
    activation: FusedActivation = .none
  ) {
    self.sums = sums
    inputZeroPoint = input.zeroPoint
    weightZeroPoint = 0
    outputZeroPoint = output.zeroPoint
    multipliers = QuantizedMultiplier.perChannel(
      count: sums.outputChannels, input: input, weightScales: weightScales, output: output)
    bounds = activation.bounds(of: Int8.self, in: output)
  }

  /// The legacy form for unsigned bytes, here each less by 128: weights with a zero point, and one factor for all channels.
  package init(
    unsigned sums: ConvolutionSums, input: LinearQuantization, weights: LinearQuantization,
    output: LinearQuantization, activation: FusedActivation = .none
  ) {
    self.sums = sums
    inputZeroPoint = input.zeroPoint
    weightZeroPoint = weights.zeroPoint
    outputZeroPoint = output.zeroPoint
    let factor = QuantizedMultiplier.perTensor(input: input, weightScale: weights.scale, output: output)
    multipliers = [QuantizedMultiplier](repeating: factor, count: sums.outputChannels)
    bounds = activation.bounds(of: Int8.self, in: output)
  }

  /// Convolves `input` into `output`; `bias` is empty or holds one number per output channel.
  package func run(
    input: Span<Int8>, weights: Span<Int8>, bias: Span<Int32>, output: inout MutableSpan<Int8>
  ) {
    let exact = sums.run(
      input: input, zeroPoint: inputZeroPoint, weights: weights, weightZeroPoint: weightZeroPoint)
    for (position, sum) in exact.enumerated() {
      let channel = position % sums.outputChannels
      let total = bias.isEmpty ? sum : sum &+ bias[channel]
      let scaled = multipliers[channel].apply(total) &+ outputZeroPoint
      output[position] = Int8(truncatingIfNeeded: bounds.clamp(scaled))
    }
  }
}

extension QuantizedMultiplier {
  /// One factor per output channel: `input · weight / output`, in double precision throughout.
  ///
  /// - Parameter weightScales: one scale for all channels, or one for each.
  package static func perChannel(
    count: Int, input: LinearQuantization, weightScales: [Float], output: LinearQuantization
  ) -> [QuantizedMultiplier] {
    (0..<count).map { channel in
      let weightScale = weightScales.count == 1 ? weightScales[0] : weightScales[channel]
      return QuantizedMultiplier(Double(input.scale) * Double(weightScale) / Double(output.scale))
    }
  }

  /// One factor for all channels: `input · weight` as a float32 product, then divided in double precision.
  package static func perTensor(
    input: LinearQuantization, weightScale: Float, output: LinearQuantization
  ) -> QuantizedMultiplier {
    QuantizedMultiplier(Double(input.scale * weightScale) / Double(output.scale))
  }
}
