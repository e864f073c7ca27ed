/// Products of stacks of int8 matrices, `[…, rows, depth] × […, depth, columns]`, with broadcast stacks.
package struct QuantizedBatchMatrixProduct: Sendable {
  /// The alignment of the stacks.
  package let broadcast: QuantizedBroadcast
  /// The size of one product.
  package let rows: Int, depth: Int, columns: Int
  /// Whether the last two axes of an input are exchanged.
  package let transposesFirst: Bool, transposesSecond: Bool
  /// The zero points of both inputs and of the output.
  package let zeroPoints: (first: Int32, second: Int32, output: Int32)
  /// The factor of a product.
  package let multiplier: QuantizedMultiplier

  /// Derives the factor; `first · second` is a float32 product.
  package init(
    broadcast: QuantizedBroadcast, rows: Int, depth: Int, columns: Int, transposesFirst: Bool = false,
    transposesSecond: Bool = false, first: LinearQuantization, second: LinearQuantization,
    output: LinearQuantization
  ) {
    self.broadcast = broadcast
    self.rows = rows
    self.depth = depth
    self.columns = columns
    self.transposesFirst = transposesFirst
    self.transposesSecond = transposesSecond
    self.zeroPoints = (first.zeroPoint, second.zeroPoint, output.zeroPoint)
    self.multiplier = QuantizedMultiplier.perTensor(input: first, weightScale: second.scale, output: output)
  }

  /// Multiplies; a product of two elements is at most 255^2, so 33,025 of them fit the accumulator, which
  /// wraps beyond as the reference's does.
  package func run(first: Span<Int8>, second: Span<Int8>, output: inout MutableSpan<Int8>) {
    let bounds = QuantizedBounds(of: Int8.self)
    let (rowStep, firstStep) = transposesFirst ? (1, rows) : (depth, 1)
    let (secondStep, columnStep) = transposesSecond ? (1, depth) : (columns, 1)
    broadcast.forEach { matrix, i, j in
      let a = i * rows * depth
      let b = j * depth * columns
      for row in 0..<rows {
        for column in 0..<columns {
          var accumulator: Int32 = 0
          for index in 0..<depth {
            accumulator &+=
              (Int32(first[a + row * rowStep + index * firstStep]) &- zeroPoints.first)
              &* (Int32(second[b + index * secondStep + column * columnStep]) &- zeroPoints.second)
          }
          let scaled = multiplier.apply(accumulator) &+ zeroPoints.output
          output[(matrix * rows + row) * columns + column] = Int8(truncatingIfNeeded: bounds.clamp(scaled))
        }
      }
    }
  }
}
