/// The exact sums of a convolution of integers with bytes: grouped, depthwise and dilated.
///
/// Input `[batch, height, width, inputChannels]`; weights `[outputChannels, kernelHeight, kernelWidth,
/// inputChannels / groups]`. Padded positions add nothing.
package struct ConvolutionSums: Hashable, Sendable {
  /// Window, strides and sizes.
  package let geometry: WindowGeometry
  /// The input's channels.
  package let inputChannels: Int
  /// The output's channels.
  package let outputChannels: Int
  /// The number of groups; it divides both channel counts.
  package let groups: Int

  /// Sums of a geometry.
  package init(geometry: WindowGeometry, inputChannels: Int, outputChannels: Int, groups: Int) {
    self.geometry = geometry
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.groups = groups
  }

  /// The sums of products of rows of `depth` numbers with `units` rows of weights.
  package init(rows: Int, depth: Int, units: Int) {
    let one = WindowGeometry.Size(height: 1, width: 1)
    self.init(
      geometry: WindowGeometry(batch: rows, input: one, output: one, kernel: one), inputChannels: depth,
      outputChannels: units, groups: 1)
  }

  /// One sum for each element of the result, the channels innermost.
  ///
  /// |x − zeroPoint| ≤ 255 and |w − weightZeroPoint| ≤ 255 bound a product by 65,025, so that 33,025 products fit the 32-bit
  /// sum of bytes whatever the data; beyond that it wraps, as the reference's does.
  package func run<Element: QuantizedElement, Sum: FixedWidthInteger & SignedInteger>(
    input: Span<Element>, zeroPoint: Int32, weights: Span<Int8>, weightZeroPoint: Int32 = 0,
    as type: Sum.Type = Int32.self
  ) -> [Sum] {
    let inputDepth = inputChannels / groups
    let outputDepth = outputChannels / groups
    let taps = geometry.kernel.height * geometry.kernel.width
    let count = geometry.batch * geometry.output.height * geometry.output.width * outputChannels
    var sums: [Sum] = []
    sums.reserveCapacity(count)
    for batch in 0..<geometry.batch {
      for y in 0..<geometry.output.height {
        let rows = geometry.validRows(at: y)
        let top = y * geometry.stride.height - geometry.paddingBegin.height
        for x in 0..<geometry.output.width {
          let columns = geometry.validColumns(at: x)
          let left = x * geometry.stride.width - geometry.paddingBegin.width
          for channel in 0..<outputChannels {
            let group = channel / outputDepth
            var sum: Sum = 0
            for row in rows {
              let line = batch * geometry.input.height + top + row * geometry.dilation.height
              for column in columns {
                let pixel = line * geometry.input.width + left + column * geometry.dilation.width
                let source = pixel * inputChannels + group * inputDepth
                let tap = row * geometry.kernel.width + column
                let weight = (channel * taps + tap) * inputDepth
                for depth in 0..<inputDepth {
                  let x = Int32(truncatingIfNeeded: input[source + depth]) &- zeroPoint
                  let w = Int32(weights[weight + depth]) &- weightZeroPoint
                  sum &+= Sum(truncatingIfNeeded: x &* w)
                }
              }
            }
            sums.append(sum)
          }
        }
      }
    }
    return sums
  }
}
