import SkiffBinary
import SkiffIR
import SkiffOperators

/// The rows of numbers that the weights of a node are multiplied with: one for each place of its results, in each group.
struct WeightedRows {
  /// The number of rows.
  let count: Int
  /// The numbers of one row, as many as an output has weights.
  let width: Int
  /// The groups that inputs and outputs are divided into.
  let groups: Int
  /// The outputs of all groups.
  let outputs: Int
  private let input: [Float]
  private let result: [Float]
  private let places: Places

  private enum Places {
    case lines
    case windows(Windows)
  }

  fileprivate struct Windows {
    let layout: ChannelLayout
    let window: Window
    let begins: [Int]
    let input: [Int]
    let result: [Int]
  }

  /// - Returns: Nil for an operator without weights, or whose sizes do not fit.
  init?(_ operator: any Operator, weights: [Int], input: Tensor, result: Tensor) throws(ModelError) {
    guard let outputs = weights.first else { return nil }
    self.outputs = outputs
    width = weights.dropFirst().reduce(1, *)
    self.input = try input.floats()
    self.result = try result.floats()
    guard outputs > 0, width > 0 else { return nil }
    count = result.count / outputs
    switch `operator` {
    case is FullyConnected:
      guard input.count == count * width else { return nil }
      groups = 1
      places = .lines
    case let convolution as Convolution:
      guard input.rank == weights.count, result.rank == weights.count else { return nil }
      groups = convolution.groups
      let window = try convolution.window(weights: weights)
      let axes = convolution.layout.spatialAxes(rank: input.rank)
      places = .windows(
        Windows(
          layout: convolution.layout, window: window, begins: window.begins(Array(input.shape[axes])),
          input: input.shape, result: result.shape))
    default: return nil
    }
  }

  /// Appends the numbers that the outputs of a group are made of at one place, and these outputs.
  func append(_ row: Int, group: Int, to x: inout [Double], _ y: inout [Double]) {
    let each = outputs / groups
    switch places {
    case .lines:
      for index in row * width..<(row + 1) * width { x.append(Double(input[index])) }
      for index in row * outputs..<(row + 1) * outputs { y.append(Double(result[index])) }
    case .windows(let windows):
      let rank = windows.input.count
      let axes = windows.layout.spatialAxes(rank: rank)
      let channelAxis = windows.layout.channelAxis(rank: rank)
      let (strides, resultStrides) = (Tensor.strides(of: windows.input), Tensor.strides(of: windows.result))
      var rest = row
      var place = [Int](repeating: 0, count: axes.count)
      for (index, axis) in axes.enumerated().reversed() {
        place[index] = rest % windows.result[axis]
        rest /= windows.result[axis]
      }
      var target = rest * resultStrides[0]
      for (index, axis) in axes.enumerated() { target += place[index] * resultStrides[axis] }
      for output in group * each..<(group + 1) * each {
        y.append(Double(result[target + output * resultStrides[channelAxis]]))
      }
      let taps = windows.window.size.reduce(1, *)
      let channels = width / taps
      let first = rest * strides[0] + group * channels * strides[channelAxis]
      let offsets = (0..<taps).map { windows.offset(of: $0, at: place, strides, axes) }
      let step = strides[channelAxis]
      if windows.layout == .last {
        for offset in offsets {
          for channel in 0..<channels {
            x.append(offset.map { Double(input[first + $0 + channel * step]) } ?? 0)
          }
        }
      } else {
        for channel in 0..<channels {
          for offset in offsets { x.append(offset.map { Double(input[first + $0 + channel * step]) } ?? 0) }
        }
      }
    }
  }
}

extension WeightedRows.Windows {
  /// Where an element under the window is; nil if it is in the padding.
  fileprivate func offset(of tap: Int, at place: [Int], _ strides: [Int], _ axes: Range<Int>) -> Int? {
    var (rest, result) = (tap, 0)
    for (index, axis) in axes.enumerated().reversed() {
      let position =
        place[index] * window.strides[index] - begins[index]
        + rest % window.size[index] * window.dilations[index]
      rest /= window.size[index]
      guard position >= 0, position < input[axis] else { return nil }
      result += position * strides[axis]
    }
    return result
  }
}
