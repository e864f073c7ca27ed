import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// Hyperbolic functions and inverse ones of real numbers, from exponentials, logarithms and the angle of a point.
  static let functions: [LoweringRule] = [
    // Halves of the exponents, whose powers do not overflow before the result does.
    LoweringRule(Sinh.self) { (_, x) throws(ModelError) in
      let (plus, minus) = (try (x * 0.5).applying(Exp()), try (x * -0.5).applying(Exp()))
      return try plus * 0.5 * plus - minus * 0.5 * minus
    },
    LoweringRule(Cosh.self) { (_, x) throws(ModelError) in
      let (plus, minus) = (try (x * 0.5).applying(Exp()), try (x * -0.5).applying(Exp()))
      return try plus * 0.5 * plus + minus * 0.5 * minus
    },
    LoweringRule(Asinh.self) { (_, x) throws(ModelError) in
      let magnitude = try x.applying(Abs())
      let distance = try magnitude.logarithmOfSum { (x) throws(ModelError) in
        try (x * x + 1).applying(Sqrt())
      }
      return try x.applying(Sign()) * distance
    },
    LoweringRule(Acosh.self) { (_, x) throws(ModelError) in
      try x.logarithmOfSum { (x) throws(ModelError) in try ((x - 1) * (x + 1)).applying(Sqrt()) }
    },
    LoweringRule(Atanh.self) { (_, x) throws(ModelError) in
      try ((x + 1) / (x.number(1) - x)).applying(Log()) * 0.5
    },
    // The angle of a point at a distance of 1, which is no number where x is none.
    LoweringRule(Atan.self) { (_, x) throws(ModelError) in
      try x.applying(Atan2(), x.applying(Equal(), x).applying(Cast(to: x.type.dataType)))
    },
    LoweringRule(Asin.self) { (_, x) throws(ModelError) in try x.applying(Atan2(), x.otherSide()) },
    LoweringRule(Acos.self) { (_, x) throws(ModelError) in try x.otherSide().applying(Atan2(), x) },
    // The remainder of the magnitudes, with the sign of the dividend.
    LoweringRule(Modulo.self) { (node, x) throws(ModelError) in
      guard node.truncates, let divisor = x.operand(1) else { return nil }
      let floored = Modulo()
      guard !x.type.dataType.isUnsignedInteger else { return try x.applying(floored, divisor) }
      func magnitude(_ value: Formula) throws(ModelError) -> Formula {
        try value.applying(Maximum(), value.applying(Negate()))
      }
      let rest = try magnitude(x).applying(floored, magnitude(divisor))
      return try x.applying(Less(), x.number(0)).applying(Select(), rest.applying(Negate()), rest)
    },
  ]
}

extension Formula {
  /// `ln(x + other(x))` for another summand that is the same as x for large x: there `ln x + ln 2`, since squares overflow.
  fileprivate func logarithmOfSum(
    _ other: (Formula) throws(ModelError) -> Formula
  ) throws(ModelError) -> Formula {
    let most = try number(1e9)
    let capped = try applying(Minimum(), most)
    let small = try (capped + other(capped)).applying(Log())
    let large = try applying(Log()) + 0.693_147_2
    return try applying(LessOrEqual(), most).applying(Select(), small, large)
  }

  /// `√(1 − x²)`.
  fileprivate func otherSide() throws(ModelError) -> Formula {
    try ((number(1) - self) * (self + 1)).applying(Sqrt())
  }
}
