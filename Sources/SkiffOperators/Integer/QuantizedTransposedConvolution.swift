/// Transposed convolution of activations of int8 or int16 with int8 weights.
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
  /// What is subtracted from every weight: zero for symmetric weights.
  package let weightZeroPoint: Int32
  /// What is added to every result.
  package let outputZeroPoint: Int32
  /// One factor per output channel.
  package let multipliers: [QuantizedMultiplier]
  /// The bounds of the result.
  package let bounds: QuantizedBounds

  /// Derives the factors as ``QuantizedConvolution`` does.
  package init(
    geometry: WindowGeometry, inputChannels: Int, outputChannels: Int, isWide: Bool = false,
    input: LinearQuantization, weightScales: [Float], output: LinearQuantization,
    activation: FusedActivation = .none
  ) {
    self.geometry = geometry
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.inputZeroPoint = input.zeroPoint
    self.weightZeroPoint = 0
    self.outputZeroPoint = output.zeroPoint
    self.multipliers = QuantizedMultiplier.perChannel(
      count: outputChannels, input: input, weightScales: weightScales, output: output)
    self.bounds =
      isWide
      ? activation.bounds(of: Int16.self, in: output) : activation.bounds(of: Int8.self, in: output)
  }

  /// The form for unsigned bytes, here each less by 128: weights with a zero point, and one factor for all channels.
  package init(
    unsigned geometry: WindowGeometry, inputChannels: Int, outputChannels: Int, input: LinearQuantization,
    weights: LinearQuantization, output: LinearQuantization, activation: FusedActivation = .none
  ) {
    self.geometry = geometry
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.inputZeroPoint = input.zeroPoint
    self.weightZeroPoint = weights.zeroPoint
    self.outputZeroPoint = output.zeroPoint
    let factor = QuantizedMultiplier.perTensor(input: input, weightScale: weights.scale, output: output)
    self.multipliers = [QuantizedMultiplier](repeating: factor, count: outputChannels)
    self.bounds = activation.bounds(of: Int8.self, in: output)
  }

  /// Convolves `input` into `output`; `bias` is empty or holds one number per output channel.
  ///
  /// An output collects at most kernelHeight · kernelWidth · inputChannels products, of bytes at most 255^2 in magnitude; an
  /// accumulator of 32 bits holds 33,025 of them and wraps beyond. One of 64 bits is scaled by 15 bits of the factor.
  package func run<Element: QuantizedElement, Sum: FixedWidthInteger & SignedInteger>(
    input: Span<Element>, weights: Span<Int8>, bias: Span<Sum>, output: inout MutableSpan<Element>
  ) {
    let kernel = geometry.kernel
    var position = 0
    for batch in 0..<geometry.batch {
      for y in 0..<geometry.output.height {
        for x in 0..<geometry.output.width {
          for channel in 0..<outputChannels {
            var accumulator: Sum = 0
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
                  let value = Int32(truncatingIfNeeded: input[source + depth]) &- inputZeroPoint
                  let factor = Int32(weights[weight + depth]) &- weightZeroPoint
                  accumulator &+= Sum(truncatingIfNeeded: value &* factor)
                }
              }
            }
            if !bias.isEmpty { accumulator &+= bias[channel] }
            let scaled =
              Sum.bitWidth == 32
              ? multipliers[channel].apply(Int32(truncatingIfNeeded: accumulator))
              : multipliers[channel].apply(wide: Int64(accumulator))
            output[position] = Element(truncatingIfNeeded: bounds.clamp(scaled &+ outputZeroPoint))
            position += 1
          }
        }
      }
    }
  }
}
