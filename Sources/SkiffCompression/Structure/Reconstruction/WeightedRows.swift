import SkiffBinary
import SkiffIR
import SkiffOperators

/// The rows of numbers that the weights of a node are multiplied with, and the results beside them.
struct WeightedRows {
  /// The number of rows.
  var count: Int { inputs.count }
  private let inputs: InputRows
  private let result: [Float]
  /// The outputs of a group.
  private let outputs: Int
  /// The distance of outputs in the result, and of places.
  private let outputStride: Int
  private let placeStride: Int
  /// How many places follow each other at that distance; behind them, all outputs have passed.
  private let run: Int

  /// - Parameter limit: The most rows.
  /// - Returns: Nil for an operator without weights, or whose sizes do not fit.
  init?(
    _ operator: any Operator, weights: [Int], input: Tensor, result: Tensor, limit: Int
  ) throws(ModelError) {
    guard let inputs = try InputRows(`operator`, weights: weights, input: input, limit: limit),
      result.count == inputs.total * weights[0]
    else { return nil }
    self.inputs = inputs
    self.result = try result.floats()
    outputs = weights[0] / inputs.groups
    if let convolution = `operator` as? Convolution, convolution.layout == .first {
      run = result.shape[convolution.layout.spatialAxes(rank: result.rank)].reduce(1, *)
      (outputStride, placeStride) = (run, 1)
    } else {
      run = max(1, inputs.total)
      (outputStride, placeStride) = (1, weights[0])
    }
  }

  /// Appends the numbers that the outputs of a group are made of at one place, and these outputs.
  func append(_ row: Int, group: Int, to x: inout [Double], _ y: inout [Double]) {
    inputs.append(row, group: group, to: &x)
    let place = inputs.place(row)
    let all = outputs * inputs.groups
    let first = place / run * run * all + place % run * placeStride
    for output in group * outputs..<(group + 1) * outputs {
      y.append(Double(result[first + output * outputStride]))
    }
  }
}
