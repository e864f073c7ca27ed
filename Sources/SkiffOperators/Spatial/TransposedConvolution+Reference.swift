import SkiffBinary
import SkiffIR

extension TransposedConvolution: ReferenceKernel {
  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, weights) = (try inputs.required(0), try inputs.required(1))
    guard input.rank >= 3, weights.rank == input.rank, groups > 0 else {
      throw ModelError(.invalidGraph, "an input \(Shape(input.shape)) with weights \(Shape(weights.shape))")
    }
    guard layout == .first else {
      var first = self
      first.layout = .first
      // [outputs / groups, window…, inputs] becomes [inputs, outputs / groups, window…].
      let order = [weights.rank - 1] + Array(0..<weights.rank - 1)
      let moved = [try input.withChannelsFirst(), try weights.permuted(by: order), inputs.optional(2)]
      return [try first.evaluate(moved)[0].withChannelsLast()]
    }
    let (channels, groupOutputs) = (input.shape[1], weights.shape[1])
    let (outputs, overflow) = groupOutputs.multipliedReportingOverflow(by: groups)
    guard !overflow, channels == weights.shape[0], channels % groups == 0 else {
      throw ModelError(.invalidGraph, "an input \(Shape(input.shape)) with weights \(Shape(weights.shape))")
    }
    let window = try window(weights: weights.shape)
    let space = Array(input.shape[2...])
    guard let outputSpace = Shape(try self.space(space.map { .fixed($0) }, window)).fixed else {
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
      ? []
      : WindowRun.all(
        window, small: space, large: outputSpace, begins: begins(space, outputSpace, window))
    let (plane, inputPlane) = (outputSpace.reduce(1, *), space.reduce(1, *))
    let windowCount = window.size.reduce(1, *)
    let groupInputs = channels / groups
    var result: [Float] = []
    result.reserveCapacity(input.shape[0] * outputs * plane)
    var sums = [Float](repeating: 0, count: plane)
    for batch in 0..<input.shape[0] {
      for output in 0..<outputs {
        for index in 0..<plane { sums[index] = bias[output] }
        let (group, inGroup) = (output / groupOutputs, output % groupOutputs)
        for channel in group * groupInputs..<(group + 1) * groupInputs {
          let from = (batch * channels + channel) * inputPlane
          let weight = (channel * groupOutputs + inGroup) * windowCount
          for run in runs {
            let factor = w[weight + run.weight]
            var target = run.large
            for place in from + run.small..<from + run.small + run.count {
              sums[target] += x[place] * factor
              target += run.step
            }
          }
        }
        for sum in sums { result.append(activation(sum)) }
      }
    }
    return [try Tensor(floats: result, as: input.dataType, shape: shape)]
  }
}
