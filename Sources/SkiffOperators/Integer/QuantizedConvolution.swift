/// Convolution of int8 activations with symmetric int8 weights: grouped, depthwise and dilated.
///
/// Input `[batch, height, width, inputChannels]`; weights `[outputChannels, kernelHeight, kernelWidth,
/// inputChannels / groups]`; bias one int32 per output channel or none. Padded positions add nothing.
package struct QuantizedConvolution: Sendable {
  /// Window, strides and sizes.
  package let geometry: WindowGeometry
  /// The input's channels.
  package let inputChannels: Int
  /// The output's channels.
  package let outputChannels: Int
  /// The number of groups; it divides both channel counts.
  package let groups: Int
  /// What is subtracted from every input.
  package let inputZeroPoint: Int32
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
    geometry: WindowGeometry, inputChannels: Int, outputChannels: Int, groups: Int = 1,
    input: LinearQuantization, weightScales: [Float], output: LinearQuantization,
    activation: FusedActivation = .none
  ) {
    self.geometry = geometry
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.groups = groups
    self.inputZeroPoint = input.zeroPoint
    self.outputZeroPoint = output.zeroPoint
    self.multipliers = QuantizedMultiplier.perChannel(
      count: outputChannels, input: input, weightScales: weightScales, output: output)
    self.bounds = activation.bounds(of: Int8.self, in: output)
  }

  /// Convolves `input` into `output`; `bias` is empty or holds one number per output channel.
  ///
  /// |x - zeroPoint| <= 255 and |w| <= 128 bound a product by 32,640, so that 65,793 products fit the 32-bit
  /// accumulator whatever the data; beyond that it wraps, as the reference's does.
  package func run(
    input: Span<Int8>, weights: Span<Int8>, bias: Span<Int32>, output: inout MutableSpan<Int8>
  ) {
    let inputDepth = inputChannels / groups
    let outputDepth = outputChannels / groups
    let taps = geometry.kernel.height * geometry.kernel.width
    var position = 0
    for batch in 0..<geometry.batch {
      for y in 0..<geometry.output.height {
        let rows = geometry.validRows(at: y)
        let top = y * geometry.stride.height - geometry.paddingBegin.height
        for x in 0..<geometry.output.width {
          let columns = geometry.validColumns(at: x)
          let left = x * geometry.stride.width - geometry.paddingBegin.width
          for channel in 0..<outputChannels {
            let group = channel / outputDepth
            var accumulator: Int32 = bias.isEmpty ? 0 : bias[channel]
            for row in rows {
              let line = batch * geometry.input.height + top + row * geometry.dilation.height
              for column in columns {
                let pixel = line * geometry.input.width + left + column * geometry.dilation.width
                let source = pixel * inputChannels + group * inputDepth
                let tap = row * geometry.kernel.width + column
                let weight = (channel * taps + tap) * inputDepth
                for depth in 0..<inputDepth {
                  accumulator &+=
                    (Int32(input[source + depth]) &- inputZeroPoint) &* Int32(weights[weight + depth])
                }
              }
            }
            let scaled = multipliers[channel].apply(accumulator) &+ outputZeroPoint
            output[position] = Int8(truncatingIfNeeded: bounds.clamp(scaled))
            position += 1
          }
        }
      }
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
