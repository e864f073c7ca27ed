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
    let geometry = try ConvolutionGeometry(self, input: input.shape, weights: weights.shape)
    _ = try checkedCount(geometry.shape, of: input.dataType)
    let outputs = weights.shape[0]
    if let bias = inputs.optional(2), bias.count != outputs {
      throw ModelError(.invalidGraph, "\(bias.count) biases for \(outputs) outputs")
    }
    if input.dataType == .float64 {
      let bias = try inputs.optional(2)?.doubles() ?? [Double](repeating: 0, count: outputs)
      let sums = geometry.sums(try input.doubles(), try weights.doubles(), bias) { $0 + $1 * $2 }
      return [Tensor(sums.map { activation($0) }, shape: geometry.shape)]
    }
    let bias = try inputs.optional(2)?.floats() ?? [Float](repeating: 0, count: outputs)
    let sums = geometry.sums(try input.floats(), try weights.floats(), bias) { $0 + $1 * $2 }
    return [try Tensor(floats: sums.map { activation($0) }, as: input.dataType, shape: geometry.shape)]
  }
}

/// Where the elements of a convolution with channels first are.
package struct ConvolutionGeometry {
  /// The sizes of the result.
  package let shape: [Int]
  private let groups: Int
  private let groupChannels: Int
  private let inputChannels: Int
  private let inputPlane: Int
  private let windowCount: Int
  private let runs: [WindowRun]

  /// The places of a convolution for an input and weights of these sizes.
  package init(_ convolution: Convolution, input: [Int], weights: [Int]) throws(ModelError) {
    guard input.count >= 3, weights.count == input.count, convolution.groups > 0 else {
      throw ModelError(.invalidGraph, "an input \(Shape(input)) with weights \(Shape(weights))")
    }
    groups = convolution.groups
    groupChannels = weights[1]
    inputChannels = input[1]
    let (needed, overflow) = groupChannels.multipliedReportingOverflow(by: groups)
    guard weights[0] % groups == 0, !overflow, needed == inputChannels else {
      throw ModelError(.invalidGraph, "an input \(Shape(input)) with weights \(Shape(weights))")
    }
    let window = try convolution.window(weights: weights)
    let space = Array(input[2...])
    guard let outputSpace = Shape(try window.outputSizes(space.map { .fixed($0) })).fixed else {
      throw ModelError(.invalidGraph, "sizes must be known")
    }
    shape = [input[0], weights[0]] + outputSpace
    inputPlane = space.reduce(1, *)
    windowCount = window.size.reduce(1, *)
    runs =
      weights.contains(0)
      ? [] : WindowRun.all(window, small: outputSpace, large: space, begins: window.begins(space))
  }

  /// The bias of each output plus all products; padded places count as zero.
  @inline(__always)
  package func sums<Number>(
    _ x: [Number], _ weights: [Number], _ bias: [Number],
    _ addProduct: (Number, Number, Number) -> Number
  ) -> [Number] {
    let plane = shape[2...].reduce(1, *)
    var result: [Number] = []
    result.reserveCapacity(shape.reduce(1, *))
    for batch in 0..<shape[0] {
      for output in 0..<shape[1] {
        var sums = [Number](repeating: bias[output], count: plane)
        let firstChannel = output / (shape[1] / groups) * groupChannels
        for channel in 0..<groupChannels {
          let from = (batch * inputChannels + firstChannel + channel) * inputPlane
          let weight = (output * groupChannels + channel) * windowCount
          for run in runs {
            let factor = weights[weight + run.weight]
            let met = x[from + run.large..<from + run.large + (run.count - 1) * run.step + 1]
            Self.each(run, of: &sums, met) { $0 = addProduct($0, $1, factor) }
          }
        }
        result += sums
      }
    }
    return result
  }

  /// Calls `body` with each place of a run and what it meets; neighbours in both several at a time.
  @inline(__always)
  private static func each<Number>(
    _ run: WindowRun, of small: inout [Number], _ large: ArraySlice<Number>,
    _ body: (inout Number, Number) -> Void
  ) {
    small.withUnsafeMutableBufferPointer { small in
      large.withUnsafeBufferPointer { large in
        let small = UnsafeMutableBufferPointer(rebasing: small[run.small..<run.small + run.count])
        if run.step == 1 {
          for place in 0..<run.count { body(&small[place], large[place]) }
        } else {
          for place in 0..<run.count { body(&small[place], large[place * run.step]) }
        }
      }
    }
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
