import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// Hyperbolic functions and inverse ones of real numbers, from exponentials, logarithms and the angle of a point.
  static let functions: [LoweringRule] = [
    LoweringRule(Sinh.self) { (_, x) throws(ModelError) in
      try (x.applying(Exp()) - x.applying(Negate()).applying(Exp())) * 0.5
    },
    LoweringRule(Cosh.self) { (_, x) throws(ModelError) in
      try (x.applying(Exp()) + x.applying(Negate()).applying(Exp())) * 0.5
    },
    // Of the magnitude, so that nothing cancels.
    LoweringRule(Asinh.self) { (_, x) throws(ModelError) in
      let magnitude = try x.applying(Abs())
      let sum = try magnitude + (magnitude * magnitude + 1).applying(Sqrt())
      return try x.applying(Sign()) * sum.applying(Log())
    },
    LoweringRule(Acosh.self) { (_, x) throws(ModelError) in
      try (x + ((x - 1) * (x + 1)).applying(Sqrt())).applying(Log())
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
  /// `√(1 − x²)`.
  fileprivate func otherSide() throws(ModelError) -> Formula {
    try ((number(1) - self) * (self + 1)).applying(Sqrt())
  }
}
