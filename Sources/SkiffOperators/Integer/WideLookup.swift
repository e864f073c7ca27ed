/// A function of one int16 tensor by a table of 513 results, between which lines are drawn.
package struct WideLookup: Sendable {
  /// The results at every 128th integer, moved by half of what a line between them errs in its middle.
  let table: [Int16]

  /// Evaluates `function` in the type of its numbers.
  ///
  /// `input` and `output` are scales with zero points.
  init<Real: BinaryFloatingPoint>(
    input: (scale: Real, zeroPoint: Int), output: (scale: Real, zeroPoint: Int),
    _ function: (Real) -> Real
  ) {
    func real(_ integer: Int, _ type: (scale: Real, zeroPoint: Int)) -> Real {
      type.scale * Real(integer - type.zeroPoint)
    }
    func rounded(_ value: Real) -> Real { value.rounded(.toNearestOrAwayFromZero) }
    func clamped(_ value: Real) -> Int16 { value.isNaN ? 0 : Int16(min(max(value, -32768), 32767)) }
    let (least, greatest) = (real(-32768, input), real(32767, input))
    let steps = 512
    let step = (greatest - least) / Real(steps)
    let inverse = 65536 / (real(32767, output) - real(-32768, output))
    var table = (0..<steps).map { index in
      let start = least + Real(index) * step
      let value = rounded(function(start) * inverse)
      let line = rounded((function(least + Real(index + 1) * step) * inverse + value) / 2)
      let middle = rounded(function(start + step / 2) * inverse)
      return clamped(value - rounded((line - middle) / 2))
    }
    table.append(clamped(rounded(function(greatest) * inverse)))
    self.table = table
  }

  /// The table of a function of float32 for the parameters of two tensors.
  package init(
    _ function: TabulatedFunction, input: LinearQuantization, output: LinearQuantization
  ) {
    self.init(
      input: (input.scale, Int(input.zeroPoint)), output: (output.scale, Int(output.zeroPoint)),
      { function($0) })
  }

  /// One element: the seven lowest bits are the place between two entries.
  @inline(__always)
  package func element(_ value: Int16) -> Int16 {
    let index = 256 + Int(value >> 7)
    let slope = table[index + 1] &- table[index]
    let delta = (Int32(slope) * Int32(value & 0x7F) + 64) >> 7
    return Int16(truncatingIfNeeded: Int32(table[index]) + delta)
  }
}

/// The logistic function and the hyperbolic tangent of int16, whose results have the scale 2^-15.
///
/// Both interpolate one table of the logistic function at multiples of 1/24, since tanh x = 2 · logistic 2x − 1.
package struct WideSigmoid: Sendable {
  /// The logistic function at i/24 in 1/65536, moved by half of what a line errs in its middle.
  private static let table: [UInt32] =
    (0..<255).map { index in
      func logistic(_ place: Double) -> Double { 1 / (1 + exponential(-place / 24)) }
      let i = Double(index)
      let error = (logistic(i) + logistic(i + 1)) / 2 - logistic(i + 0.5)
      return UInt32(((logistic(i) - error / 2) * 65536).rounded(.toNearestOrAwayFromZero))
    } + [65535]

  private let factor: Int32
  private let shift: Int32
  private let isTangent: Bool

  /// The function for inputs of a scale; those of 2^-12, and for the tangent 2^-11, are scaled exactly.
  package init(isTangent: Bool, scale: Float) {
    self.isTangent = isTangent
    let isExact = scale == 0x1p-12 || isTangent && scale == 0x1p-11
    guard !isExact else {
      factor = scale == 0x1p-12 ? 3 : 6
      shift = 0
      return
    }
    var multiplier = Double(scale) * 4096 * 3
    var shift: Int32 = 0
    while multiplier <= 32767.0 / 2, shift <= 30 {
      shift += 1
      multiplier *= 2
    }
    factor = Int32(clamping: Int64(min(multiplier, 0x1p40)))
    self.shift = shift
  }

  /// One element.
  @inline(__always)
  package func element(_ value: Int16) -> Int16 {
    let nudge: Int32 = shift > 0 ? 1 &<< (shift - 1) : 0
    let scaled = (Int32(value) &* factor &+ nudge) &>> shift
    return isTangent ? tangent(scaled) : logistic(scaled)
  }

  private func logistic(_ scaled: Int32) -> Int16 {
    let magnitude = UInt32(scaled.magnitude)
    let index = Int(magnitude >> 9)
    var result: UInt32 = 0x7FFF << 10
    if index < 255 {
      let (a, b) = (Self.table[index], Self.table[index + 1])
      result = (a << 9) + (magnitude & 0x1FF) * (b - a)
    }
    result = scaled >= 0 ? result + (1 << 9) : (1 << 25) - result + (1 << 9) - 1
    return Int16(truncatingIfNeeded: result >> 10)
  }

  private func tangent(_ scaled: Int32) -> Int16 {
    let magnitude = UInt32(scaled.magnitude)
    let index = Int(magnitude >> 8)
    var result: Int32 = 0xFFFF << 8
    if index < 255 {
      let (a, b) = (Self.table[index], Self.table[index + 1])
      result = Int32((a << 8) + (magnitude & 0xFF) * (b - a))
    }
    result = scaled >= 0 ? result - (1 << 23) + (1 << 7) : -result + (1 << 23) + (1 << 7) - 1
    return Int16(truncatingIfNeeded: result >> 8)
  }
}

/// Softmax of int16 rows of `depth` neighbouring elements; results have the scale 2^-15.
package struct WideSoftmax: UnaryIntegerComputation {
  private static let exponentials = WideLookup(
    input: (10.0 / 65535, 32767), output: (2.0 / 65535, 0), exponential)
  /// 1 / (1 + x) for x from 0 to 1.
  private static let reciprocals = WideLookup(
    input: (1.0 / 65535, -32768), output: (2.0 / 65535, 0)
  ) { (x: Double) in 1 / (1 + x) }

  private let depth: Int
  private let factor: QuantizedMultiplier

  /// Scales differences such that −65535 stands for −10, below which exponentials count as zero.
  package init(depth: Int, beta: Float, input: LinearQuantization) {
    self.depth = depth
    factor = QuantizedMultiplier(Double(input.scale * beta) / (10.0 / 65535))
  }

  /// Computes the probabilities of every row; a sum of 65,535 exponentials fits 31 bits.
  package func run<Element: QuantizedElement>(input: Span<Element>, output: inout MutableSpan<Element>) {
    guard depth > 0 else { return }
    for row in 0..<input.count / depth {
      let places = row * depth..<(row + 1) * depth
      var largest = Element.min
      for index in places { largest = max(largest, input[index]) }
      var exponentials: [Int32] = []
      var sum: Int32 = 0
      for index in places {
        let difference = Int32(truncatingIfNeeded: input[index]) - Int32(truncatingIfNeeded: largest)
        let place = Int16(clamping: Int64(factor.apply(difference)) + 32767)
        exponentials.append(Int32(Self.exponentials.element(place)))
        sum &+= exponentials[exponentials.count - 1]
      }
      let headroom = Int32(truncatingIfNeeded: sum.leadingZeroBitCount)
      let shifted = ((Int64(sum) &<< Int64(headroom - 1)) &+ (1 << 13)) >> 14
      let reciprocal = Int64(Self.reciprocals.element(Int16(clamping: shifted - (1 << 15) - (1 << 16))))
      let shift = Int64(31 - headroom)
      for (index, value) in zip(places, exponentials) {
        let result = (Int64(value) * reciprocal &+ (1 &<< (shift - 1))) &>> shift
        output[index] = Element(clamping: min(max(result, 0), 32767))
      }
    }
  }
}
