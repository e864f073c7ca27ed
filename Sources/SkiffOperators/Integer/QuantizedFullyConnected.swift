/// A matrix product of int8 rows with symmetric int8 weights `[units, depth]`.
///
/// Unlike the convolutions it scales the accumulator in double precision, rounded once, halves away from zero.
package struct QuantizedFullyConnected: Sendable {
  /// The number of input rows.
  package let rows: Int
  /// The length of a row.
  package let depth: Int
  /// The number of outputs per row.
  package let units: Int
  /// What is subtracted from every input.
  package let inputZeroPoint: Int32
  /// What is subtracted from every weight: zero for symmetric weights.
  package let weightZeroPoint: Int32
  /// What is added to every result.
  package let outputZeroPoint: Int32
  /// One factor per unit, or one for all.
  package let factors: [Double]
  /// The bounds of the result.
  package let bounds: QuantizedBounds

  /// Derives the factors `input · weight / output` in double precision.
  ///
  /// - Parameter weightScales: one scale, or one per unit.
  package init(
    rows: Int, depth: Int, units: Int, input: LinearQuantization, weightScales: [Float],
    weightZeroPoint: Int32 = 0, output: LinearQuantization, activation: FusedActivation = .none
  ) {
    self.rows = rows
    self.depth = depth
    self.units = units
    self.inputZeroPoint = input.zeroPoint
    self.weightZeroPoint = weightZeroPoint
    self.outputZeroPoint = output.zeroPoint
    self.factors = weightScales.map { Double(input.scale) * Double($0) / Double(output.scale) }
    self.bounds = activation.bounds(of: Int8.self, in: output)
  }

  /// Multiplies `input` with `weights`; `bias` is empty or holds one number per unit.
  ///
  /// With symmetric weights a product is below 2^15 in magnitude and 65,793 of them fit the accumulator;
  /// with a zero point it is at most 255^2 and 33,025 fit. Beyond that it wraps, as the reference's does.
  package func run(
    input: Span<Int8>, weights: Span<Int8>, bias: Span<Int32>, output: inout MutableSpan<Int8>
  ) {
    for row in 0..<rows {
      for unit in 0..<units {
        var accumulator: Int32 = 0
        for index in 0..<depth {
          accumulator &+=
            (Int32(input[row * depth + index]) &- inputZeroPoint)
            &* (Int32(weights[unit * depth + index]) &- weightZeroPoint)
        }
        if !bias.isEmpty { accumulator &+= bias[unit] }
        let factor = factors.count == 1 ? factors[0] : factors[unit]
        output[row * units + unit] = result(accumulator, factor: factor)
      }
    }
  }

  /// The integer of an accumulator. Beyond 32 bits, where the reference is undefined, the product saturates.
  @inline(__always)
  private func result(_ accumulator: Int32, factor: Double) -> Int8 {
    let product = (Double(accumulator) * factor).rounded(.toNearestOrAwayFromZero)
    let scaled = Int32(min(max(product, -0x1p31), 0x1p31 - 1))
    return Int8(
      clamping: min(max(Int64(scaled) + Int64(outputZeroPoint), Int64(bounds.lower)), Int64(bounds.upper)))
  }
}
