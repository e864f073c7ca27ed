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
    let stride = window.strides[last]
    var runs: [WindowRun] = []
    forEachIndex(window.size) { element in
      let weight = zip(element, weightStrides).reduce(0) { $0 + $1.0 * $1.1 }
      // The places i with 0 ≤ i · stride + shift < size on the last axis.
      let shift = element[last] * window.dilations[last] - begins[last]
      let low = shift >= 0 ? 0 : (stride - 1 - shift) / stride
      let high = shift < large[last] ? min(small[last], (large[last] - shift + stride - 1) / stride) : 0
      guard low < high else { return }
      forEachIndex(Array(small[..<last])) { position in
        var (start, met) = (low, low * stride + shift)
        for axis in 0..<last {
          let place =
            position[axis] * window.strides[axis] + element[axis] * window.dilations[axis] - begins[axis]
          guard place >= 0, place < large[axis] else { return }
          start += position[axis] * smallStrides[axis]
          met += place * largeStrides[axis]
        }
        let run = WindowRun(weight: weight, small: start, large: met, count: high - low, step: stride)
        if let before = runs.last, before.isContinued(by: run) {
          runs[runs.count - 1].count += run.count
        } else {
          runs.append(run)
        }
      }
    }
    return runs
  }

  private func isContinued(by next: WindowRun) -> Bool {
    weight == next.weight && small + count == next.small && large + count * step == next.large
  }
}
