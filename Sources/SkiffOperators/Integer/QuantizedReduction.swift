/// Mean, sum, maximum, minimum and product of a tensor of int8 or int16 along axes.
package struct QuantizedReduction: UnaryIntegerComputation {
  /// What the elements along the axes become.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The arithmetic mean.
    case mean
    /// The sum.
    case sum
    /// The largest; input and output share scale and zero point.
    case maximum
    /// The smallest; input and output share scale and zero point.
    case minimum
    /// The product.
    case product
  }

  /// What the elements become.
  package let kind: Kind
  /// The input's shape.
  package let shape: [Int]
  /// The step in the output along each axis of the input; 0 along a reduced one.
  package let outputStrides: [Int]
  /// The number of elements of the output.
  package let outputCount: Int
  /// The number of elements that become one.
  package let reducedCount: Int
  /// The input's and the output's zero point.
  package let zeroPoints: (input: Int32, output: Int32)
  /// The factor of the mean, the sum or one step of the product.
  package let multiplier: QuantizedMultiplier

  /// Derives the factor. `axes` are in 0..<rank.
  package init(
    _ kind: Kind, shape: [Int], axes: Set<Int>, input: LinearQuantization, output: LinearQuantization
  ) {
    self.kind = kind
    self.shape = shape
    var strides = [Int](repeating: 0, count: shape.count)
    var step = 1
    for axis in shape.indices.reversed() where !axes.contains(axis) {
      strides[axis] = step
      step *= shape[axis]
    }
    self.outputStrides = strides
    self.outputCount = step
    self.reducedCount = axes.reduce(1) { $0 * shape[$1] }
    self.zeroPoints = (input.zeroPoint, output.zeroPoint)
    let ratio = QuantizedMultiplier(Double(input.scale) / Double(output.scale))
    switch kind {
    case .mean: self.multiplier = reducedCount > 0 ? ratio.divided(by: reducedCount) : .zero
    case .sum, .maximum, .minimum: self.multiplier = ratio
    case .product:
      // Each step is scaled by input / output^(1/n), so that the running product keeps its size.
      self.multiplier = QuantizedMultiplier(
        Double(input.scale) / power(Double(output.scale), 1 / Double(max(reducedCount, 1))))
    }
  }

  /// Reduces `input`. A sum of n bytes less n zero points is at most 255 n in magnitude: 2^23 elements fit 32 bits; so do
  /// 2^16 elements of 16 bits.
  package func run<Value: FixedWidthInteger>(input: Span<Value>, output: inout MutableSpan<Value>) {
    let initial: Int32 =
      switch kind {
      case .mean, .sum: 0
      case .maximum: Int32(truncatingIfNeeded: Value.min)
      case .minimum: Int32(truncatingIfNeeded: Value.max)
      case .product: 0
      }
    var accumulators = [Int32](repeating: initial, count: outputCount)
    var started = [Bool](repeating: false, count: kind == .product ? outputCount : 0)
    forEachElement { source, target in
      let value = Int32(truncatingIfNeeded: input[source])
      switch kind {
      case .mean, .sum: accumulators[target] &+= value
      case .maximum: accumulators[target] = max(accumulators[target], value)
      case .minimum: accumulators[target] = min(accumulators[target], value)
      case .product:
        let real = value &- zeroPoints.input
        if started[target] {
          accumulators[target] = multiplier.apply(wide: Int64(accumulators[target]) &* Int64(real))
        } else {
          accumulators[target] = real
          started[target] = true
        }
      }
    }
    let bounds = QuantizedBounds(of: Value.self)
    for index in 0..<outputCount {
      let result: Int32
      switch kind {
      case .mean, .sum:
        result = scaled(sum: accumulators[index])
      case .product:
        result = multiplier.apply(wide: Int64(accumulators[index])) &+ zeroPoints.output
      case .maximum, .minimum: result = accumulators[index]
      }
      output[index] = Value(truncatingIfNeeded: bounds.clamp(result))
    }
  }

  /// A sum of inputs in the integers of the output, before it is clamped.
  @inline(__always)
  private func scaled(sum: Int32) -> Int32 {
    let offset = Int32(truncatingIfNeeded: Int(zeroPoints.input) &* reducedCount)
    return multiplier.apply(sum &- offset) &+ zeroPoints.output
  }

  /// The result for a sum of int8 inputs, of a mean or a sum.
  package func result(ofSum sum: Int32) -> Int8 { Int8(clamping: scaled(sum: sum)) }

  /// Calls `body` with every input element and the output element it belongs to.
  @inline(__always)
  private func forEachElement(_ body: (_ source: Int, _ target: Int) -> Void) {
    var index = [Int](repeating: 0, count: shape.count)
    var target = 0
    for source in 0..<shape.reduce(1, *) {
      body(source, target)
      for axis in shape.indices.reversed() {
        index[axis] += 1
        target += outputStrides[axis]
        if index[axis] < shape[axis] { break }
        target -= outputStrides[axis] * shape[axis]
        index[axis] = 0
      }
    }
  }
}
