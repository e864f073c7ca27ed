/// Product of two tensors of int8 or int16 with broadcasting.
package struct QuantizedMultiplication: BinaryIntegerComputation {
  /// The alignment of the inputs.
  package let broadcast: QuantizedBroadcast
  /// The zero points of both inputs and of the output.
  package let zeroPoints: (first: Int32, second: Int32, output: Int32)
  /// The factor of the product.
  package let multiplier: QuantizedMultiplier
  /// The bounds of the result.
  package let bounds: QuantizedBounds

  /// Derives the factor `first · second / output` in float32.
  package init(
    broadcast: QuantizedBroadcast, isWide: Bool = false, first: LinearQuantization,
    second: LinearQuantization, output: LinearQuantization, activation: FusedActivation = .none
  ) {
    self.broadcast = broadcast
    self.zeroPoints = (first.zeroPoint, second.zeroPoint, output.zeroPoint)
    self.multiplier = QuantizedMultiplier(Double(first.scale * second.scale / output.scale))
    self.bounds =
      isWide
      ? activation.bounds(of: Int16.self, in: output) : activation.bounds(of: Int8.self, in: output)
  }

  /// Multiplies element by element; a product is at most 255^2 in magnitude, or 2^30 without zero points.
  package func run<Element: QuantizedElement>(
    first: Span<Element>, second: Span<Element>, output: inout MutableSpan<Element>
  ) {
    broadcast.forEach { index, a, b in
      let product =
        (Int32(truncatingIfNeeded: first[a]) &- zeroPoints.first)
        &* (Int32(truncatingIfNeeded: second[b]) &- zeroPoints.second)
      let scaled = multiplier.apply(product) &+ zeroPoints.output
      output[index] = Element(truncatingIfNeeded: bounds.clamp(scaled))
    }
  }
}

/// Larger or smaller of two tensors that share scale and zero point with the output.
package struct QuantizedExtremum: BinaryIntegerComputation {
  /// The alignment of the inputs.
  package let broadcast: QuantizedBroadcast
  /// Whether the larger element wins.
  package let takesMaximum: Bool

  /// An extremum.
  package init(broadcast: QuantizedBroadcast, takesMaximum: Bool) {
    self.broadcast = broadcast
    self.takesMaximum = takesMaximum
  }

  /// Compares the integers as they are.
  package func run<Element: QuantizedElement>(
    first: Span<Element>, second: Span<Element>, output: inout MutableSpan<Element>
  ) {
    broadcast.forEach { index, a, b in
      output[index] = takesMaximum ? max(first[a], second[b]) : min(first[a], second[b])
    }
  }
}
