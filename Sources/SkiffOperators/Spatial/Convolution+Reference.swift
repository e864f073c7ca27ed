import SkiffBinary
import SkiffIR

extension Convolution: ReferenceKernel {
  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, weights) = (try inputs.required(0), try inputs.required(1))
    guard input.rank >= 3, weights.rank == input.rank, groups > 0 else {
      throw ModelError(.invalidGraph, "an input \(Shape(input.shape)) with weights \(Shape(weights.shape))")
    }
    guard layout == .first else {
      var first = self
      first.layout = .first
      let moved = [try input.withChannelsFirst(), try weights.withChannelsFirst(), inputs.optional(2)]
      return [try first.evaluate(moved)[0].withChannelsLast()]
    }
    let (outputs, groupChannels) = (weights.shape[0], weights.shape[1])
    guard outputs % groups == 0, groupChannels * groups == input.shape[1] else {
      throw ModelError(.invalidGraph, "an input \(Shape(input.shape)) with weights \(Shape(weights.shape))")
    }
    let window = try window(weights: weights.shape)
    let space = Array(input.shape[2...])
    guard let outputSpace = Shape(try window.outputSizes(space.map { .fixed($0) })).fixed else {
      throw ModelError(.invalidGraph, "sizes must be known")
    }
    let shape = [input.shape[0], outputs] + outputSpace
    _ = try checkedCount(shape, of: input.dataType)
    let (x, w) = (try input.floats(), try weights.floats())
    let bias = try inputs.optional(2)?.floats() ?? [Float](repeating: 0, count: outputs)
    guard bias.count == outputs else {
      throw ModelError(.invalidGraph, "\(bias.count) biases for \(outputs) outputs")
    }
    let runs =
      weights.count == 0
      ? [] : WindowRun.all(window, small: outputSpace, large: space, begins: window.begins(space))
    let (plane, inputPlane) = (outputSpace.reduce(1, *), space.reduce(1, *))
    let windowCount = window.size.reduce(1, *)
    var result: [Float] = []
    result.reserveCapacity(input.shape[0] * outputs * plane)
    var sums = [Float](repeating: 0, count: plane)
    for batch in 0..<input.shape[0] {
      for output in 0..<outputs {
        for index in 0..<plane { sums[index] = bias[output] }
        let firstChannel = output / (outputs / groups) * groupChannels
        for channel in 0..<groupChannels {
          let from = (batch * input.shape[1] + firstChannel + channel) * inputPlane
          let weight = (output * groupChannels + channel) * windowCount
          for run in runs {
            let factor = w[weight + run.weight]
            var source = from + run.large
            for place in run.small..<run.small + run.count {
              sums[place] += x[source] * factor
              source += run.step
            }
          }
        }
        for sum in sums { result.append(activation(sum)) }
      }
    }
    return [try Tensor(floats: result, as: input.dataType, shape: shape)]
  }
}

extension Tensor {
  /// The tensor with its last axis second.
  func withChannelsFirst() throws(ModelError) -> Tensor {
    try permuted(by: [0, rank - 1] + Array(1..<max(1, rank - 1)))
  }

  /// The tensor with its second axis last.
  func withChannelsLast() throws(ModelError) -> Tensor {
    try permuted(by: [0] + Array(2..<max(2, rank)) + [1])
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
