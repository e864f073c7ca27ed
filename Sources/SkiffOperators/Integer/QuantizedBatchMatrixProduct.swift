/// Products of stacks of matrices of int8 or int16, `[…, rows, depth] × […, depth, columns]`, with broadcast stacks.
package struct QuantizedBatchMatrixProduct: BinaryIntegerComputation {
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

  /// Multiplies; a product of two bytes is at most 255^2, so 33,025 of them fit an accumulator of 32 bits, which wraps
  /// beyond as the reference's does. Those of 16 bits are added in 64 bits and scaled from there.
  package func run<Element: QuantizedElement>(
    first: Span<Element>, second: Span<Element>, output: inout MutableSpan<Element>
  ) {
    let bounds = QuantizedBounds(of: Element.self)
    let (rowStep, firstStep) = transposesFirst ? (1, rows) : (depth, 1)
    let (secondStep, columnStep) = transposesSecond ? (1, depth) : (columns, 1)
    broadcast.forEach { matrix, i, j in
      let a = i * rows * depth
      let b = j * depth * columns
      for row in 0..<rows {
        for column in 0..<columns {
          var sum = 0
          for index in 0..<depth {
            sum &+=
              (Int(first[a + row * rowStep + index * firstStep]) - Int(zeroPoints.first))
              &* (Int(second[b + index * secondStep + column * columnStep]) - Int(zeroPoints.second))
          }
          let scaled =
            Element.bitWidth == 8
            ? multiplier.apply(Int32(truncatingIfNeeded: sum)) : multiplier.apply(wide: Int64(sum))
          output[(matrix * rows + row) * columns + column] = Element(
            truncatingIfNeeded: bounds.clamp(scaled &+ zeroPoints.output))
        }
      }
    }
  }
}
