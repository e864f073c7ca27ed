/// Average and maximum over windows of a channel-last tensor of int8 or int16; input and output share their parameters.
package struct QuantizedPooling: UnaryIntegerComputation {
  /// What a window is reduced to.
  package enum Kind: Hashable, Sendable {
    /// The mean of the elements inside the input, halves away from zero.
    case average
    /// The mean of the elements inside the input, halves up: that of unsigned bytes, here each less by 128.
    case averageRoundingUp
    /// The largest element inside the input.
    case maximum
  }

  /// Window, strides and sizes.
  package let geometry: WindowGeometry
  /// The channels.
  package let channels: Int
  /// What a window is reduced to.
  package let kind: Kind
  /// The bounds of the result.
  package let bounds: QuantizedBounds

  /// A pooling with the parameters of its output.
  package init(
    _ kind: Kind, geometry: WindowGeometry, channels: Int, isWide: Bool = false,
    output: LinearQuantization, activation: FusedActivation = .none
  ) {
    self.kind = kind
    self.geometry = geometry
    self.channels = channels
    self.bounds =
      isWide
      ? activation.bounds(of: Int16.self, in: output) : activation.bounds(of: Int8.self, in: output)
  }

  /// Reduces every window of `input`.
  ///
  /// A sum of n elements is at most 2^15 n in magnitude; it is kept in 64 bits. A window that holds no element
  /// yields the lower bound.
  package func run<Element: QuantizedElement>(
    input: Span<Element>, output: inout MutableSpan<Element>
  ) {
    var position = 0
    for batch in 0..<geometry.batch {
      for y in 0..<geometry.output.height {
        let rows = geometry.validRows(at: y)
        let top = y * geometry.stride.height - geometry.paddingBegin.height
        for x in 0..<geometry.output.width {
          let columns = geometry.validColumns(at: x)
          let left = x * geometry.stride.width - geometry.paddingBegin.width
          let count = rows.count * columns.count
          for channel in 0..<channels {
            var sum = 0
            var largest = Int32(truncatingIfNeeded: Element.min)
            for row in rows {
              let line = batch * geometry.input.height + top + row * geometry.dilation.height
              for column in columns {
                let pixel = line * geometry.input.width + left + column * geometry.dilation.width
                let value = input[pixel * channels + channel]
                sum += Int(value)
                largest = max(largest, Int32(truncatingIfNeeded: value))
              }
            }
            let result: Int32
            switch kind {
            case .maximum: result = largest
            case .average where count == 0, .averageRoundingUp where count == 0: result = bounds.lower
            case .averageRoundingUp: result = Int32((sum + count / 2 + 128 * count) / count - 128)
            case .average: result = Int32((sum > 0 ? sum + count / 2 : sum - count / 2) / count)
            }
            output[position] = Element(truncatingIfNeeded: bounds.clamp(result))
            position += 1
          }
        }
      }
    }
  }
}
