/// Sum or difference of two tensors of int8 or int16 with broadcasting.
///
/// Both inputs are brought to the scale of twice the larger one with 20 more fraction bits, 15 for int16, added there and
/// brought to the output's scale.
package struct QuantizedAddition: BinaryIntegerComputation {
  /// The fraction bits gained before the inputs are scaled.
  package let leftShift: Int32
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
    broadcast: QuantizedBroadcast, subtracts: Bool = false, isWide: Bool = false, first: LinearQuantization,
    second: LinearQuantization, output: LinearQuantization, activation: FusedActivation = .none
  ) {
    leftShift = Self.leftShift(isWide: isWide)
    self.broadcast = broadcast
    self.subtracts = subtracts
    self.zeroPoints = (first.zeroPoint, second.zeroPoint, output.zeroPoint)
    let twiceMaximum = 2 * Double(max(first.scale, second.scale))
    self.multipliers = (
      QuantizedMultiplier(Double(first.scale) / twiceMaximum),
      QuantizedMultiplier(Double(second.scale) / twiceMaximum),
      QuantizedMultiplier(
        Self.outputFactor(first: first, second: second, output: output, isWide: isWide))
    )
    self.bounds =
      isWide
      ? activation.bounds(of: Int16.self, in: output) : activation.bounds(of: Int8.self, in: output)
  }

  /// The fraction bits for int16, or int8.
  private static func leftShift(isWide: Bool) -> Int32 { isWide ? 15 : 20 }

  /// The real factor from the sum to the output. An addition whose factor is 1 or more has no counterpart
  /// in the reference, which ends the process.
  package static func outputFactor(
    first: LinearQuantization, second: LinearQuantization, output: LinearQuantization, isWide: Bool = false
  ) -> Double {
    2 * Double(max(first.scale, second.scale))
      / (Double(Int32(1) << leftShift(isWide: isWide)) * Double(output.scale))
  }

  /// One element.
  ///
  /// |x - zeroPoint| <= 255 shifted by 20 is below 2^28, and 65,535 shifted by 15 below 2^31; the input factors are at most
  /// 1/2, so that the sum fits 31 bits.
  @inline(__always)
  package func element<Element: QuantizedElement>(_ first: Element, _ second: Element) -> Element {
    let a = multipliers.first.apply((Int32(truncatingIfNeeded: first) &- zeroPoints.first) << leftShift)
    let b = multipliers.second.apply((Int32(truncatingIfNeeded: second) &- zeroPoints.second) << leftShift)
    let sum = subtracts ? a &- b : a &+ b
    return Element(truncatingIfNeeded: bounds.clamp(multipliers.output.apply(sum) &+ zeroPoints.output))
  }

  /// Adds or subtracts element by element.
  package func run<Element: QuantizedElement>(
    first: Span<Element>, second: Span<Element>, output: inout MutableSpan<Element>
  ) {
    broadcast.forEach { index, a, b in
      output[index] = element(first[a], second[b])
    }
  }
}

/// The square of the difference of two int8 tensors with broadcasting.
package struct QuantizedSquaredDifference: BinaryIntegerComputation {
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
  package func run<Element: QuantizedElement>(
    first: Span<Element>, second: Span<Element>, output: inout MutableSpan<Element>
  ) {
    let bounds = QuantizedBounds(of: Element.self)
    broadcast.forEach { index, i, j in
      let a = multipliers.first.apply(
        (Int32(truncatingIfNeeded: first[i]) &- zeroPoints.first) << Self.leftShift)
      let b = multipliers.second.apply(
        (Int32(truncatingIfNeeded: second[j]) &- zeroPoints.second) << Self.leftShift)
      let square = (a &- b) &* (a &- b)
      let scaled = multipliers.output.apply(square) &+ zeroPoints.output
      output[index] = Element(truncatingIfNeeded: bounds.clamp(scaled))
    }
  }
}
