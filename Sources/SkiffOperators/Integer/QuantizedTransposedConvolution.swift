/// Transposed convolution of int8 activations with symmetric int8 weights.
///
/// Input `[batch, height, width, inputChannels]`; weights `[outputChannels, kernelHeight, kernelWidth,
/// inputChannels]`. `geometry` reads as that of the convolution whose gradient this is: its strides and
/// padding apply to the output's grid.
package struct QuantizedTransposedConvolution: Sendable {
  /// Window, strides and sizes; ``WindowGeometry/input`` is the smaller side.
  package let geometry: WindowGeometry
  /// The input's channels.
  package let inputChannels: Int
  /// The output's channels.
  package let outputChannels: Int
  /// What is subtracted from every input.
  package let inputZeroPoint: Int32
  /// What is added to every result.
  package let outputZeroPoint: Int32
  /// One factor per output channel.
  package let multipliers: [QuantizedMultiplier]
  /// The bounds of the result.
  package let bounds: QuantizedBounds

  /// Derives the factors as ``QuantizedConvolution`` does.
  package init(
    geometry: WindowGeometry, inputChannels: Int, outputChannels: Int, input: LinearQuantization,
    weightScales: [Float], output: LinearQuantization, activation: FusedActivation = .none
  ) {
    self.geometry = geometry
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.inputZeroPoint = input.zeroPoint
    self.outputZeroPoint = output.zeroPoint
    self.multipliers = QuantizedMultiplier.perChannel(
      count: outputChannels, input: input, weightScales: weightScales, output: output)
    self.bounds = activation.bounds(of: Int8.self, in: output)
  }

  /// Convolves `input` into `output`; `bias` is empty or holds one number per output channel.
  ///
  /// An output collects at most kernelHeight · kernelWidth · inputChannels products below 2^15 in magnitude;
  /// the accumulator holds 65,793 of them and wraps beyond.
  package func run(
    input: Span<Int8>, weights: Span<Int8>, bias: Span<Int32>, output: inout MutableSpan<Int8>
  ) {
    let kernel = geometry.kernel
    var position = 0
    for batch in 0..<geometry.batch {
      for y in 0..<geometry.output.height {
        for x in 0..<geometry.output.width {
          for channel in 0..<outputChannels {
            var accumulator: Int32 = 0
            for row in 0..<kernel.height {
              let down = y + geometry.paddingBegin.height - row
              guard down >= 0, down % geometry.stride.height == 0 else { continue }
              let inputY = down / geometry.stride.height
              guard inputY < geometry.input.height else { continue }
              for column in 0..<kernel.width {
                let right = x + geometry.paddingBegin.width - column
                guard right >= 0, right % geometry.stride.width == 0 else { continue }
                let inputX = right / geometry.stride.width
                guard inputX < geometry.input.width else { continue }
                let line = batch * geometry.input.height + inputY
                let source = (line * geometry.input.width + inputX) * inputChannels
                let weight = ((channel * kernel.height + row) * kernel.width + column) * inputChannels
                for depth in 0..<inputChannels {
                  accumulator &+=
                    (Int32(input[source + depth]) &- inputZeroPoint) &* Int32(weights[weight + depth])
                }
              }
            }
            if !bias.isEmpty { accumulator &+= bias[channel] }
            let scaled = multipliers[channel].apply(accumulator) &+ outputZeroPoint
            output[position] = Int8(truncatingIfNeeded: bounds.clamp(scaled))
            position += 1
          }
        }
      }
    }
  }
}
