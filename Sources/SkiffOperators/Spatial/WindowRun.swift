import SkiffBinary
import SkiffIR

/// A run along the last spatial axis: places of a window's smaller side, and what one element of the window meets
/// at them on the larger side.
///
/// In a convolution the result is the smaller side and the input the larger one, in a transposed one it is the
/// other way round.
struct WindowRun {
  /// The element of the window, as an offset in the weights.
  var weight: Int
  /// The offset of the first place on the smaller side.
  var small: Int
  /// The offset of what it meets on the larger side.
  var large: Int
  /// The number of places.
  var count: Int
  /// The distance of neighbouring places on the larger side; on the smaller side they are neighbours in memory.
  var step: Int

  /// All runs that lie inside, for densely stored planes of these sizes; `begins` is the padding at the larger
  /// side's beginnings.
  static func all(_ window: Window, small: [Int], large: [Int], begins: [Int]) -> [WindowRun] {
    let last = small.count - 1
    let (smallStrides, largeStrides) = (Tensor.strides(of: small), Tensor.strides(of: large))
    let weightStrides = Tensor.strides(of: window.size)
    var runs: [WindowRun] = []
    forEachIndex(window.size) { element in
      let weight = zip(element, weightStrides).reduce(0) { $0 + $1.0 * $1.1 }
      let shifts = element.indices.map { element[$0] * window.dilations[$0] - begins[$0] }
      let inside = element.indices.map { axis in
        places(shift: shifts[axis], stride: window.strides[axis], small: small[axis], large: large[axis])
      }
      guard !inside[last].isEmpty else { return }
      forEachIndex(inside[..<last].map(\.count)) { offsets in
        let position = (0..<last).map { inside[$0].lowerBound + offsets[$0] } + [inside[last].lowerBound]
        var (start, met) = (0, 0)
        for axis in position.indices {
          start += position[axis] * smallStrides[axis]
          met += (position[axis] * window.strides[axis] + shifts[axis]) * largeStrides[axis]
        }
        let run = WindowRun(
          weight: weight, small: start, large: met, count: inside[last].count, step: window.strides[last])
        if let before = runs.last, before.isContinued(by: run) {
          runs[runs.count - 1].count += run.count
        } else {
          runs.append(run)
        }
      }
    }
    return runs
  }

  /// The places i on the smaller side with 0 ≤ i · stride + shift < large.
  private static func places(shift: Int, stride: Int, small: Int, large: Int) -> Range<Int> {
    let low = shift >= 0 ? 0 : (stride - 1 - shift) / stride
    let high = shift < large ? min(small, (large - shift + stride - 1) / stride) : 0
    return low..<max(low, high)
  }

  private func isContinued(by next: WindowRun) -> Bool {
    weight == next.weight && small + count == next.small && large + count * step == next.large
  }
}
