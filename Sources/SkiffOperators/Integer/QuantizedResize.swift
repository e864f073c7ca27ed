/// Resizing of the two spatial axes of a channel-last tensor of int8 or int16; input and output share their parameters.
package struct QuantizedResize: UnaryIntegerComputation {
  /// How a result is found between the input's elements.
  package enum Method: Hashable, Sendable {
    /// The nearest element.
    case nearest
    /// The mean of four, weighted with 10 fraction bits.
    case bilinear
    /// The mean of four in float32, halves up: that of unsigned bytes, here each less by 128.
    case real
  }

  /// One output index along an axis: two input indices and the second one's weight in 1/1024.
  struct Tap: Hashable, Sendable {
    var lower: Int
    var upper: Int
    /// The position less 1024 · lower; it can be negative at the border with half-pixel centres.
    var weight: Int
    /// The second one's weight in float32.
    var share: Float = 0
  }

  /// The method.
  package let method: Method
  /// The number of images, the input's width and the channels.
  let batch: Int, inputHeight: Int, inputWidth: Int, channels: Int
  /// What each output row and column reads.
  let rows: [Tap], columns: [Tap]

  /// Derives what each output row and column reads. `alignCorners` and `halfPixelCenters` exclude each other
  /// for the bilinear method.
  package init(
    _ method: Method, batch: Int, input: WindowGeometry.Size, output: WindowGeometry.Size, channels: Int,
    alignCorners: Bool, halfPixelCenters: Bool
  ) {
    self.method = method
    self.batch = batch
    self.channels = channels
    inputHeight = input.height
    inputWidth = input.width
    let tap =
      switch method {
      case .nearest: Self.nearest
      case .bilinear: Self.bilinear
      case .real: Self.linear
      }
    rows = (0..<output.height).map { tap($0, input.height, output.height, alignCorners, halfPixelCenters) }
    columns = (0..<output.width).map { tap($0, input.width, output.width, alignCorners, halfPixelCenters) }
  }

  /// The nearest index, in float32 steps.
  private static func nearest(_ index: Int, _ input: Int, _ output: Int, _ align: Bool, _ half: Bool) -> Tap {
    let scale =
      align && output > 1 ? Float(input - 1) / Float(output - 1) : Float(input) / Float(output)
    let position = (Float(index) + (half ? 0.5 : 0)) * scale
    let rounded = position.rounded(align ? .toNearestOrAwayFromZero : .down)
    let found = max(0, min(Int(Int32(saturating: rounded)), input - 1))
    return Tap(lower: found, upper: found, weight: 0)
  }

  /// The neighbours of an index, in 10-bit fixed point; quotients truncate towards zero.
  private static func bilinear(_ index: Int, _ input: Int, _ output: Int, _ align: Bool, _ half: Bool) -> Tap
  {
    let one = 1 << 10
    let scale =
      align && output > 1
      ? (one * (input - 1) + (output - 1) / 2) / (output - 1) : (one * input + output / 2) / output
    let position = half ? index * scale + scale / 2 - one / 2 : index * scale
    let lower = max(position / one, 0)
    let upper = min((position + one - 1) / one, input - 1)
    // The scale is rounded, so the last position may pass the border by a fraction: it stays on the last element.
    return Tap(lower: min(lower, input - 1), upper: max(upper, 0), weight: position - one * lower)
  }

  /// The neighbours of an index, in float32.
  private static func linear(_ index: Int, _ input: Int, _ output: Int, _ align: Bool, _ half: Bool) -> Tap {
    let scale =
      align && output > 1 ? Float(input - 1) / Float(output - 1) : Float(input) / Float(output)
    let position = half ? (Float(index) + 0.5) * scale - 0.5 : Float(index) * scale
    let lower = min(max(Int(position.rounded(.down)), 0), input - 1)
    let upper = max(min(Int(position.rounded(.up)), input - 1), 0)
    return Tap(lower: lower, upper: upper, weight: 0, share: position - Float(lower))
  }

  /// Resizes `input`. Weights have 20 fraction bits together, so a sum is below 2^36 in magnitude.
  package func run<Element: QuantizedElement>(
    input: Span<Element>, output: inout MutableSpan<Element>
  ) {
    var position = 0
    for image in 0..<batch {
      for row in rows {
        let upper = (image * inputHeight + row.lower) * inputWidth
        let lower = (image * inputHeight + row.upper) * inputWidth
        for column in columns {
          for channel in 0..<channels {
            let topLeft = Int(input[(upper + column.lower) * channels + channel])
            guard method != .nearest else {
              output[position] = Element(truncatingIfNeeded: topLeft)
              position += 1
              continue
            }
            let bottomLeft = Int(input[(lower + column.lower) * channels + channel])
            let topRight = Int(input[(upper + column.upper) * channels + channel])
            let bottomRight = Int(input[(lower + column.upper) * channels + channel])
            let corners = (topLeft, bottomLeft, topRight, bottomRight)
            output[position] = Element(
              truncatingIfNeeded: method == .bilinear
                ? Self.mean(corners, row.weight, column.weight)
                : Self.realMean(corners, row.share, column.share))
            position += 1
          }
        }
      }
    }
  }

  /// The mean of top left, bottom left, top right and bottom right, halves away from zero.
  private static func mean(_ corners: (Int, Int, Int, Int), _ down: Int, _ right: Int) -> Int {
    let sum =
      corners.0 * (1024 - down) * (1024 - right) + corners.1 * down * (1024 - right)
      + corners.2 * (1024 - down) * right + corners.3 * down * right
    let nudge = sum > 0 ? 1 << 19 : -(1 << 19)
    return (sum + nudge) / (1 << 20)
  }

  /// The mean of bytes that are 128 less, in float32 and rounded, halves up.
  private static func realMean(_ corners: (Int, Int, Int, Int), _ down: Float, _ right: Float) -> Int {
    func part(_ corner: Int, _ a: Float, _ b: Float) -> Float { Float(corner + 128) * a * b }
    var sum = part(corners.0, 1 - down, 1 - right) + part(corners.1, down, 1 - right)
    sum += part(corners.2, 1 - down, right)
    sum += part(corners.3, down, right)
    return Int(min(max(sum + 0.5, 0), 255)) - 128
  }
}
