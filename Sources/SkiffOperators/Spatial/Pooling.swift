import SkiffBinary
import SkiffIR

/// An operator that reduces each window of each channel to one number.
package protocol Pooling: ReferenceKernel {
  var layout: ChannelLayout { get }
  var window: Window { get throws(ModelError) }
}

extension Pooling {
  package func inferPooledType(_ context: InferenceContext) throws(ModelError) -> TensorType {
    let input = try context.type(0)
    let window = try window
    guard input.rank == window.size.count + 2 else {
      throw ModelError(.invalidGraph, "a window of \(window.size.count) axes on an input \(input.shape)")
    }
    let axes = layout.spatialAxes(rank: input.rank)
    let space = try window.outputSizes(axes.map { input.shape[$0] })
    let channels = input.shape[layout.channelAxis(rank: input.rank)]
    return TensorType(
      input.dataType, layout.shape(batch: input.shape[0], channels: channels, space: space))
  }
}

/// Where the windows of a pooling fall in a tensor of known sizes.
package struct PoolingGeometry {
  package let outputShape: [Int]
  package let outputCount: Int
  package let window: Window
  private let input: [Int]
  private let axes: Range<Int>
  private let channelAxis: Int
  private let begins: [Int]
  private let ends: [Int]

  package init(_ window: Window, layout: ChannelLayout, input: [Int]) throws(ModelError) {
    guard input.count == window.size.count + 2 else {
      throw ModelError(.invalidGraph, "a window of \(window.size.count) axes on an input \(Shape(input))")
    }
    axes = layout.spatialAxes(rank: input.count)
    channelAxis = layout.channelAxis(rank: input.count)
    let space = Array(input[axes])
    let sizes = try window.outputSizes(space.map { .fixed($0) })
    guard
      let shape = layout.shape(batch: .fixed(input[0]), channels: .fixed(input[channelAxis]), space: sizes)
        .fixed
    else { throw ModelError(.invalidGraph, "sizes must be known") }
    outputShape = shape
    outputCount = try checkedCount(shape, of: .float64)
    self.window = window
    self.input = input
    begins = window.padAmounts(space).map(\.begin)
    ends = window.padAmounts(space).map(\.end)
  }

  /// Calls `body` with the offset of each element of the result, the offset in the input that its channel's
  /// elements are counted from, those elements under its window in order, and how many places the window covers
  /// when the padding counts.
  @inline(__always)
  package func forEachOutput(
    _ body: (_ output: Int, _ start: Int, _ taps: [Int], _ paddedCount: Int) -> Void
  ) {
    guard outputCount > 0 else { return }
    let inputStrides = Tensor.strides(of: input)
    let outputStrides = Tensor.strides(of: outputShape)
    forEachIndex(axes.map { outputShape[$0] }) { position in
      var offset = 0
      for (index, axis) in axes.enumerated() { offset += position[index] * outputStrides[axis] }
      let (taps, paddedCount) = taps(at: position, inputStrides)
      for batch in 0..<input[0] {
        for channel in 0..<input[channelAxis] {
          let start = batch * inputStrides[0] + channel * inputStrides[channelAxis]
          let target = offset + batch * outputStrides[0] + channel * outputStrides[channelAxis]
          body(target, start, taps, paddedCount)
        }
      }
    }
  }

  private func taps(at position: [Int], _ strides: [Int]) -> (offsets: [Int], paddedCount: Int) {
    var places: [[Int]] = []
    var paddedCount = 1
    for (index, axis) in axes.enumerated() {
      let start = position[index] * window.strides[index] - begins[index]
      let step = window.dilations[index]
      /// How many elements of the window lie before a place.
      func count(before place: Int) -> Int {
        min(window.size[index], max(0, (place - start + step - 1) / step))
      }
      // Rounding up can push a window beyond the padding at the end; those places never count.
      let (product, overflow) = paddedCount.multipliedReportingOverflow(
        by: count(before: input[axis] + ends[index]))
      paddedCount = overflow ? .max : product
      let (first, last) = (count(before: 0), count(before: input[axis]))
      places.append((first..<max(first, last)).map { start + $0 * step })
    }
    return (combinedOffsets(places, strides: axes.map { strides[$0] }), paddedCount)
  }
}
