import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// Functions of each element on its own.
  static let activations: [LoweringRule] = [
    LoweringRule(Identity.self, suitsIntegers: true) { _, x in x },
    LoweringRule(Relu.self, suitsIntegers: true) { (_, x) throws(ModelError) in
      try x.applying(Maximum(), x.number(0))
    },
    LoweringRule(Clip.self, suitsIntegers: true) { (clip, x) throws(ModelError) in
      var result = x
      if let low = try x.bound(1, else: clip.minimum) { result = try result.applying(Maximum(), low) }
      if let high = try x.bound(2, else: clip.maximum) { result = try result.applying(Minimum(), high) }
      return result
    },
    LoweringRule(Swish.self, suitsIntegers: true) { (_, x) throws(ModelError) in
      try x * x.applying(Sigmoid())
    },
    // A clamp at 6 is one that additions have, and rounds to 8 bits what is left of the line, not the whole of it.
    LoweringRule(HardSigmoid.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      var sum = Add()
      sum.activation = .relu6
      let line = try x * (6 * node.alpha)
      return try line.applying(sum, x.number(6 * node.beta)) * (1 / 6)
    },
    LoweringRule(HardSwish.self) { (_, x) throws(ModelError) in
      var sum = Add()
      sum.activation = .relu6
      return try x * (x.applying(sum, x.number(3)) * (1 / 6))
    },
    LoweringRule(Elu.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      try x.applying(Relu()) + x.negativePart() * node.alpha
    },
    LoweringRule(Selu.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      try (x.applying(Relu()) + x.negativePart() * node.alpha) * node.gamma
    },
    LoweringRule(Celu.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      // Below zero, a negative scale makes the exponential grow, which the minimum does not hold back.
      guard node.alpha > 0 else { return nil }
      return try x.applying(Relu()) + (x * (1 / node.alpha)).negativePart() * node.alpha
    },
    LoweringRule(Gelu.self) { (node, x) throws(ModelError) in
      let distribution: Formula
      switch node.approximation {
      case .none: distribution = try (x * Float(0.5).squareRoot()).applying(Erf())
      case .tanh:
        let cube = try x * x * x
        distribution = try ((x + cube * 0.044715) * 0.797_884_6).applying(Tanh())
      }
      return try x * 0.5 * (distribution + 1)
    },
    LoweringRule(Reciprocal.self) { (_, x) throws(ModelError) in try x.number(1) / x },
    LoweringRule(Softplus.self) { (_, x) throws(ModelError) in try x.softplus() },
    LoweringRule(LogSigmoid.self) { (_, x) throws(ModelError) in
      try x.applying(Negate()).softplus().applying(Negate())
    },
    // tanh(ln(1 + e^x)) is n / (n + 2) with n = e^x · (e^x + 2), which keeps its digits where e^x is small; from the bound on
    // it is 1.
    LoweringRule(Mish.self) { (_, x) throws(ModelError) in
      let power = try x.applying(Minimum(), x.number(x.type.dataType == .float16 ? 5 : 20)).applying(Exp())
      let n = try power * (power + 2)
      return try x * (n / (n + 2))
    },
    LoweringRule(Softsign.self) { (_, x) throws(ModelError) in try x / (x.applying(Abs()) + 1) },
    LoweringRule(Tan.self) { (_, x) throws(ModelError) in try x.applying(Sin()) / x.applying(Cos()) },
    LoweringRule(ThresholdedRelu.self) { (node, x) throws(ModelError) in
      let isAbove = try x.applying(Greater(), x.number(node.alpha))
      return try isAbove.applying(Select(), x, x.number(0))
    },
    // sign(x) · (2 · Φ(√2 · |x|) − 1) with the Gaussian distribution Φ, which Gelu has times its argument. The least
    // magnitude keeps the quotients defined at zero, where both are 0.
    LoweringRule(Erf.self) { (_, x) throws(ModelError) in
      let magnitude = try x.applying(Abs()).applying(Maximum(), x.number(1e-20))
      let y = try magnitude * Float(2).squareRoot()
      return try (y.applying(Gelu()) / y * 2 - 1) * (x / magnitude)
    },
  ]
}

extension Formula {
  /// A bound that is an operand of the node, else a number; nil for neither.
  fileprivate func bound(_ index: Int, else number: Float?) throws(ModelError) -> Formula? {
    if let operand = operand(index) { return operand }
    guard let number, number.isFinite else { return nil }
    return try self.number(number)
  }

  /// `e^min(x, 0) − 1`.
  fileprivate func negativePart() throws(ModelError) -> Formula {
    try applying(Minimum(), number(0)).applying(Exp()) - 1
  }

  /// `max(x, 0) + ln(1 + e^−|x|)`, which never overflows.
  fileprivate func softplus() throws(ModelError) -> Formula {
    let rest = try (applying(Abs()).applying(Negate()).applying(Exp()) + 1).applying(Log())
    return try applying(Relu()) + rest
  }
}
