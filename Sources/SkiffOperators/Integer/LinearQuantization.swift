/// How one tensor's integers stand for reals: `real = (q - zeroPoint) * scale`.
package struct LinearQuantization: Hashable, Sendable {
  /// The real distance of two neighbouring integers; positive.
  package var scale: Float
  /// The integer that stands for zero.
  package var zeroPoint: Int32

  /// Parameters of one tensor.
  package init(scale: Float, zeroPoint: Int32) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }
}

/// The bounds that an operator applies to its result, in the integers of its output.
package struct QuantizedBounds: Hashable, Sendable {
  /// The smallest integer.
  package var lower: Int32
  /// The largest integer.
  package var upper: Int32

  /// Bounds as they are.
  package init(lower: Int32, upper: Int32) {
    self.lower = lower
    self.upper = upper
  }

  /// The whole range of an integer type.
  package init<Value: FixedWidthInteger>(of type: Value.Type) {
    self.init(lower: Int32(clamping: Value.min), upper: Int32(clamping: Value.max))
  }

  /// The range of a type cut to the reals from `minimum` to `maximum`; an infinite one leaves its end open.
  ///
  /// A bound is `zeroPoint + round(real / scale)` with the quotient in float32, halves away from zero.
  package init<Value: FixedWidthInteger>(
    of type: Value.Type, minimum: Float, maximum: Float, in output: LinearQuantization
  ) {
    self.init(of: type)
    func integer(_ real: Float) -> Int32 {
      let steps = Int32(saturating: (real / output.scale).rounded(.toNearestOrAwayFromZero))
      return Int32(clamping: Int64(output.zeroPoint) + Int64(steps))
    }
    if minimum.isFinite { lower = max(lower, integer(minimum)) }
    if maximum.isFinite { upper = min(upper, integer(maximum)) }
  }

  /// `value` raised to the lower bound first, then lowered to the upper one.
  @inline(__always)
  package func clamp(_ value: Int32) -> Int32 { min(max(value, lower), upper) }
}

extension FusedActivation {
  /// The bounds in the integers of an output.
  package func bounds<Value: FixedWidthInteger>(
    of type: Value.Type, in output: LinearQuantization
  ) -> QuantizedBounds {
    QuantizedBounds(of: type, minimum: lowerBound, maximum: upperBound, in: output)
  }
}
