import SkiffBinary
import SkiffIR

extension SVDF: QuantizedKernel {
  /// Integers for int8 input, int8 or int16 state, symmetric int8 feature weights, int8 or int16 time weights and an int32 bias.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard context.inputs.count == 5, let input = context.int8(0), let output = context.int8Output,
      let features = context.int8(1), features.zeroPoint == 0, context.hasIntegerBias(3),
      let timeType = context.inputs[2], let stateType = context.inputs[4],
      [.int8, .int16].contains(timeType.dataType), [.int8, .int16].contains(stateType.dataType),
      let time = LinearQuantization(timeType), time.zeroPoint == 0, let state = LinearQuantization(stateType),
      let sizes = context.sizes(0), let memory = timeType.shape.fixed, rank > 0
    else { return nil }
    let run = SVDFRun(batch: sizes[0], depth: sizes[1], filters: memory[0], memory: memory[1])
    return QuantizedSVDF(
      run: run, rank: rank, inputZeroPoint: input.zeroPoint, stateZeroPoint: state.zeroPoint,
      outputZeroPoint: output.zeroPoint,
      toState: QuantizedMultiplier(Double(input.scale * features.scale / state.scale)),
      toOutput: QuantizedMultiplier(Double(state.scale * time.scale / output.scale)), stateType: stateType,
      outputType: context.outputs[0])
  }
}

/// A filter in integers: what a step adds to the state is scaled to it, and what is weighed over time to the result.
private struct QuantizedSVDF: PreparedKernel {
  let run: SVDFRun
  let rank: Int
  let inputZeroPoint: Int32
  let stateZeroPoint: Int32
  let outputZeroPoint: Int32
  let toState: QuantizedMultiplier
  let toOutput: QuantizedMultiplier
  let stateType: TensorType
  let outputType: TensorType

  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let x = try inputs.required(0).elements(as: Int8.self)
    let w = try inputs.required(1).elements(as: Int8.self)
    let time = try inputs.required(2).integers().map { Int32($0) }
    let bias = try inputs.optional(3)?.elements(as: Int32.self)
    let range = stateType.dataType.integerRange()
    var state = try inputs.required(4).integers()
    run.shift(&state)
    var result: [Int8] = []
    for sample in 0..<run.batch {
      for filter in 0..<run.filters where run.memory > 0 {
        var sum: Int32 = 0
        for index in 0..<run.depth {
          sum &+=
            (Int32(x[sample * run.depth + index]) &- inputZeroPoint) &* Int32(w[filter * run.depth + index])
        }
        let scaled = Int(toState.apply(sum)) + Int(stateZeroPoint)
        state[run.newest(sample, filter)] = min(max(scaled, range.lowerBound), range.upperBound)
      }
      for unit in 0..<run.filters / rank {
        var sum = bias?[unit] ?? 0
        for filter in unit * rank..<(unit + 1) * rank {
          for (step, place) in run.places(sample, filter).enumerated() {
            sum &+= (Int32(state[place]) &- stateZeroPoint) &* time[filter * run.memory + step]
          }
        }
        result.append(Int8(clamping: toOutput.apply(sum) &+ outputZeroPoint))
      }
    }
    return [
      Tensor(result, shape: [run.batch, run.filters / rank], quantization: outputType.quantization),
      try Tensor(integers: state, as: stateType.dataType, shape: stateType.shape.fixed ?? []).quantized(
        with: stateType.quantization),
    ]
  }
}
