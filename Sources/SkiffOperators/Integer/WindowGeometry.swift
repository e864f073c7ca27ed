/// Where a two-dimensional window stands on a channel-last tensor `[batch, height, width, channels]`.
///
/// One-dimensional operators use height 1. The padding at the end needs no number of its own: it only
/// decides the output's size, which is given.
package struct WindowGeometry: Hashable, Sendable {
  /// The extents along the two spatial axes.
  package struct Size: Hashable, Sendable {
    /// Along the vertical axis.
    package var height: Int
    /// Along the horizontal axis.
    package var width: Int

    /// Two extents.
    package init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// The number of independent images.
  package var batch: Int
  /// The input's spatial size.
  package var input: Size
  /// The output's spatial size.
  package var output: Size
  /// The window's size in taps.
  package var kernel: Size
  /// The distance of two windows.
  package var stride: Size
  /// The distance of two taps of a window.
  package var dilation: Size
  /// The rows above and the columns left of the input that the first window covers.
  package var paddingBegin: Size

  /// A geometry; distances default to 1 and padding to 0.
  package init(
    batch: Int, input: Size, output: Size, kernel: Size, stride: Size = Size(height: 1, width: 1),
    dilation: Size = Size(height: 1, width: 1), paddingBegin: Size = Size(height: 0, width: 0)
  ) {
    self.batch = batch
    self.input = input
    self.output = output
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.paddingBegin = paddingBegin
  }

  /// The taps of the window at output position `index` that lie inside the input along one axis.
  @inline(__always)
  static func validTaps(at index: Int, kernel: Int, stride: Int, dilation: Int, padding: Int, input: Int)
    -> Range<Int>
  {
    let origin = index * stride - padding
    // Smallest tap with origin + tap * dilation >= 0, and the first one at or beyond the input's end.
    let first = origin >= 0 ? 0 : (-origin + dilation - 1) / dilation
    let end = origin >= input ? 0 : (input - origin + dilation - 1) / dilation
    let lower = min(first, kernel)
    return lower..<max(lower, min(end, kernel))
  }

  /// The valid rows of the window at output row `y`.
  @inline(__always)
  package func validRows(at y: Int) -> Range<Int> {
    Self.validTaps(
      at: y, kernel: kernel.height, stride: stride.height, dilation: dilation.height,
      padding: paddingBegin.height, input: input.height)
  }

  /// The valid columns of the window at output column `x`.
  @inline(__always)
  package func validColumns(at x: Int) -> Range<Int> {
    Self.validTaps(
      at: x, kernel: kernel.width, stride: stride.width, dilation: dilation.width,
      padding: paddingBegin.width, input: input.width)
  }
}
