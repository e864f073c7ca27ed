/// Sum or difference of two int8 tensors with broadcasting.
///
/// Both inputs are brought to the scale of twice the larger one with 20 more fraction bits, added there and
/// brought to the output's scale.
package struct QuantizedAddition: Sendable {
  /// The fraction bits gained before the inputs are scaled.
  static let leftShift: Int32 = 20

  /// The alignment of the inputs.
  package let broadcast: QuantizedBroadcast
  /// Whether the second input is subtracted.
  package let subtracts: Bool
  /// The zero points of both inputs and of the output.
  package let zeroPoints: (first: Int32, second: Int32, output: Int32)
  /// The factors of both inputs and of the sum.
  package let multipliers:
    (first: QuantizedMultiplier, second: QuantizedMultiplier, output: QuantizedMultiplier)
  /// The bounds of the result.
  package let bounds: QuantizedBounds

  /// Derives the three factors in double precision.
  package init(
    broadcast: QuantizedBroadcast, subtracts: Bool = false, first: LinearQuantization,
    second: LinearQuantization, output: LinearQuantization, activation: FusedActivation = .none
  ) {
    self.broadcast = broadcast
    self.subtracts = subtracts
    self.zeroPoints = (first.zeroPoint, second.zeroPoint, output.zeroPoint)
    let twiceMaximum = 2 * Double(max(first.scale, second.scale))
    self.multipliers = (
      QuantizedMultiplier(Double(first.scale) / twiceMaximum),
      QuantizedMultiplier(Double(second.scale) / twiceMaximum),
      QuantizedMultiplier(Self.outputFactor(first: first, second: second, output: output))
    )
    self.bounds = activation.bounds(of: Int8.self, in: output)
  }

  /// The real factor from the sum to the output. An addition whose factor is 1 or more has no counterpart
  /// in the reference, which ends the process.
  package static func outputFactor(
    first: LinearQuantization, second: LinearQuantization, output: LinearQuantization
  ) -> Double {
    2 * Double(max(first.scale, second.scale)) / (Double(Int32(1) << leftShift) * Double(output.scale))
  }

  /// One element.
  ///
  /// |x - zeroPoint| <= 255 shifted by 20 is below 2^28; the input factors are at most 1/2, so each term is
  /// below 2^27 and the sum below 2^28.
  @inline(__always)
  package func element(_ first: Int8, _ second: Int8) -> Int8 {
    let a = multipliers.first.apply((Int32(first) &- zeroPoints.first) << Self.leftShift)
    let b = multipliers.second.apply((Int32(second) &- zeroPoints.second) << Self.leftShift)
    let sum = subtracts ? a &- b : a &+ b
    return Int8(truncatingIfNeeded: bounds.clamp(multipliers.output.apply(sum) &+ zeroPoints.output))
  }

  /// Adds or subtracts element by element.
  package func run(first: Span<Int8>, second: Span<Int8>, output: inout MutableSpan<Int8>) {
    broadcast.forEach { index, a, b in
      output[index] = element(first[a], second[b])
    }
  }
}

/// The square of the difference of two int8 tensors with broadcasting.
package struct QuantizedSquaredDifference: Sendable {
  /// The fraction bits gained before the inputs are scaled.
  static let leftShift: Int32 = 7

  /// The alignment of the inputs.
  package let broadcast: QuantizedBroadcast
  /// The zero points of both inputs and of the output.
  package let zeroPoints: (first: Int32, second: Int32, output: Int32)
  /// The factors of both inputs and of the square.
  package let multipliers:
    (first: QuantizedMultiplier, second: QuantizedMultiplier, output: QuantizedMultiplier)

  /// Derives the three factors in double precision.
  package init(
    broadcast: QuantizedBroadcast, first: LinearQuantization, second: LinearQuantization,
    output: LinearQuantization
  ) {
    self.broadcast = broadcast
    self.zeroPoints = (first.zeroPoint, second.zeroPoint, output.zeroPoint)
    let twiceMaximum = 2 * Double(max(first.scale, second.scale))
    self.multipliers = (
      QuantizedMultiplier(Double(first.scale) / twiceMaximum),
      QuantizedMultiplier(Double(second.scale) / twiceMaximum),
      QuantizedMultiplier(Self.outputFactor(first: first, second: second, output: output))
    )
  }

  /// The real factor from the square to the output; below 1 for every model that the reference accepts.
  package static func outputFactor(
    first: LinearQuantization, second: LinearQuantization, output: LinearQuantization
  ) -> Double {
    let twiceMaximum = 2 * Double(max(first.scale, second.scale))
    return twiceMaximum * twiceMaximum / (Double(Int32(1) << (2 * leftShift)) * Double(output.scale))
  }

  /// Squares the difference element by element.
  ///
  /// A term is at most 255 · 2^7 / 2 in magnitude, their difference at most 255 · 2^7 and its square below 2^30.
  package func run(first: Span<Int8>, second: Span<Int8>, output: inout MutableSpan<Int8>) {
    let bounds = QuantizedBounds(of: Int8.self)
    broadcast.forEach { index, i, j in
      let a = multipliers.first.apply((Int32(first[i]) &- zeroPoints.first) << Self.leftShift)
      let b = multipliers.second.apply((Int32(second[j]) &- zeroPoints.second) << Self.leftShift)
      let square = (a &- b) &* (a &- b)
      let scaled = multipliers.output.apply(square) &+ zeroPoints.output
      output[index] = Int8(truncatingIfNeeded: bounds.clamp(scaled))
    }
  }
}
