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
    let biasCount = inputs.optional(2)?.count ?? outputs
    guard biasCount == outputs else {
      throw ModelError(.invalidGraph, "\(biasCount) biases for \(outputs) outputs")
    }
    let runs =
      weights.count == 0
      ? []
      : WindowRun.all(
        window, small: space, large: outputSpace, begins: begins(space, outputSpace, window))
    if input.dataType == .float64 {
      let sums = sums(
        try input.doubles(), try weights.doubles(), try inputs.optional(2)?.doubles(), runs,
        input: input.shape,
        shape, windowCount: window.size.reduce(1, *))
      return [Tensor(sums, shape: shape)]
    }
    let sums = sums(
      try input.floats(), try weights.floats(), try inputs.optional(2)?.floats(), runs, input: input.shape,
      shape,
      windowCount: window.size.reduce(1, *))
    return [try Tensor(floats: sums, as: input.dataType, shape: shape)]
  }

  /// What each place of the input adds under its window, for channels first.
  private func sums<Real: RealNumber>(
    _ x: [Real], _ w: [Real], _ bias: [Real]?, _ runs: [WindowRun], input: [Int], _ shape: [Int],
    windowCount: Int
  ) -> [Real] {
    let (channels, outputs) = (input[1], shape[1])
    let (plane, inputPlane) = (shape[2...].reduce(1, *), input[2...].reduce(1, *))
    let (groupInputs, groupOutputs) = (channels / groups, outputs / groups)
    var result: [Real] = []
    result.reserveCapacity(input[0] * outputs * plane)
    var sums = [Real](repeating: 0, count: plane)
    for batch in 0..<input[0] {
      for output in 0..<outputs {
        for index in 0..<plane { sums[index] = bias?[output] ?? 0 }
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
    return result
  }
}
