import SkiffBinary
import SkiffIR

extension Convolution: ReferenceKernel {
  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let weights = try inputs.required(1)
    let geometry = try Geometry(self, input: input.shape, weights: weights.shape)
    let (x, w) = (try input.floats(), try weights.floats())
    let bias = try inputs.optional(2)?.floats() ?? [Float](repeating: 0, count: geometry.outputs)
    var result = [Float](repeating: 0, count: geometry.outputShape.reduce(1, *))
    geometry.forEachOutput { position, taps in
      var sum = bias[position.channel]
      for tap in taps {
        let (input, weight) = (position.input + tap.input, position.weight + tap.weight)
        for channel in 0..<geometry.groupChannels {
          sum +=
            x[input + channel * geometry.inputChannelStride]
            * w[weight + channel * geometry.weightChannelStride]
        }
      }
      result[position.output] = activation(sum)
    }
    return [try Tensor(floats: result, as: input.dataType, shape: geometry.outputShape)]
  }

  /// The offsets of a convolution whose sizes are known, the same for every number type.
  package struct Geometry {
    /// Where one element of the window falls, counted from the offsets of a ``Position``.
    package struct Tap {
      package let input: Int
      package let weight: Int
    }

    /// One element of the result: its offset and channel, and where its group's inputs and its weights begin.
    package struct Position {
      package let output: Int
      package let channel: Int
      package let input: Int
      package let weight: Int
    }

    package let outputShape: [Int]
    package let outputs: Int
    package let groupChannels: Int
    package let inputChannelStride: Int
    package let weightChannelStride: Int
    private let window: Window
    private let space: [Int]
    private let outputSpace: [Int]
    private let batches: Int
    private let groupOutputs: Int
    private let begins: [Int]
    private let inputStrides: [Int]
    private let weightStrides: [Int]
    private let outputStrides: [Int]
    private let axes: Range<Int>
    private let channelAxis: Int

    package init(_ convolution: Convolution, input: [Int], weights: [Int]) throws(ModelError) {
      let rank = input.count
      guard rank >= 3, weights.count == rank, input[0] >= 0 else {
        throw ModelError(.invalidGraph, "an input \(Shape(input)) with weights \(Shape(weights))")
      }
      let layout = convolution.layout
      axes = layout.spatialAxes(rank: rank)
      channelAxis = layout.channelAxis(rank: rank)
      window = try convolution.window(weights: weights)
      space = Array(input[axes])
      begins = window.begins(space)
      let sizes = try window.outputSizes(space.map { .fixed($0) })
      guard let outputSpace = Shape(sizes).fixed,
        let shape = layout.shape(batch: .fixed(input[0]), channels: .fixed(weights[0]), space: sizes).fixed
      else { throw ModelError(.invalidGraph, "sizes must be known") }
      self.outputSpace = outputSpace
      outputShape = shape
      batches = input[0]
      outputs = weights[0]
      groupOutputs = outputs / convolution.groups
      groupChannels = weights[channelAxis]
      inputStrides = Tensor.strides(of: input)
      weightStrides = Tensor.strides(of: weights)
      outputStrides = Tensor.strides(of: outputShape)
      inputChannelStride = inputStrides[channelAxis]
      weightChannelStride = weightStrides[channelAxis]
    }

    /// Calls `body` with each element of the result and the taps that fall inside the input.
    package func forEachOutput(_ body: (Position, [Tap]) -> Void) {
      guard groupOutputs > 0 else { return }
      for batch in 0..<batches {
        forEachIndex(outputSpace) { position in
          let taps = taps(at: position)
          var offset = batch * outputStrides[0]
          for (index, axis) in axes.enumerated() { offset += position[index] * outputStrides[axis] }
          for output in 0..<outputs {
            let start = batch * inputStrides[0] + output / groupOutputs * groupChannels * inputChannelStride
            body(
              Position(
                output: offset + output * outputStrides[channelAxis], channel: output, input: start,
                weight: output * weightStrides[0]), taps)
          }
        }
      }
    }

    /// The elements of the window that lie inside the input, padding left out.
    private func taps(at position: [Int]) -> [Tap] {
      var taps: [Tap] = []
      forEachIndex(window.size) { element in
        var (input, weight) = (0, 0)
        for (index, axis) in axes.enumerated() {
          let place =
            position[index] * window.strides[index] - begins[index]
            + element[index] * window.dilations[index]
          guard place >= 0, place < space[index] else { return }
          input += place * inputStrides[axis]
          weight += element[index] * weightStrides[axis]
        }
        taps.append(Tap(input: input, weight: weight))
      }
      return taps
    }
  }
}

/// Calls `body` with every index below `sizes`, the last axis changing fastest.
package func forEachIndex(_ sizes: [Int], _ body: ([Int]) -> Void) {
  guard sizes.allSatisfy({ $0 > 0 }) else { return }
  var index = [Int](repeating: 0, count: sizes.count)
  while true {
    body(index)
    var axis = sizes.count - 1
    while axis >= 0 {
      index[axis] += 1
      if index[axis] < sizes[axis] { break }
      index[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}
