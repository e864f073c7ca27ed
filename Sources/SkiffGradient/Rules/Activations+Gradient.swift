import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

// At a corner the slope is that of the flat side.

extension Identity: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula { dy }
}

extension Relu: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy.when(y.isGreater(than: 0))
  }
}

extension Clip: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let x = try node.operand(0)
    var dx = try node.cotangent()
    func bound(_ index: Int, _ number: Float?) throws(ModelError) -> Formula? {
      if let operand = node.optional(index) { return try operand.formed(as: []) }
      return try number.map { number throws(ModelError) in try x.number(number) }
    }
    if let low = try bound(1, minimum) { dx = try dx.when(x.applying(Greater(), low)) }
    if let high = try bound(2, maximum) { dx = try dx.when(x.applying(Less(), high)) }
    return [0: dx]
  }
}

extension LeakyRelu: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try (dy * alpha).when(x.isLess(than: 0), else: dy)
  }
}

extension ThresholdedRelu: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy.when(x.isGreater(than: alpha))
  }
}

extension Elu: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try (dy * (y + alpha)).when(x.isLess(than: 0), else: dy)
  }
}

extension Selu: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    let below = try y + y.exact(Double(alpha) * Double(gamma))
    return try (dy * below).when(x.isLess(than: 0), else: dy * gamma)
  }
}

extension Celu: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try (dy * (y * y.exact(1 / Double(alpha)) + 1)).when(x.isLess(than: 0), else: dy)
  }
}

extension Sigmoid: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * (y * y.complement())
  }
}

extension LogSigmoid: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * x.negated().applying(Sigmoid())
  }
}

extension Softplus: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * x.applying(Sigmoid())
  }
}

extension Softsign: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy / (x.applying(Abs()) + 1).squared()
  }
}

extension Tanh: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * y.squared().complement()
  }
}

extension Swish: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    let share = try x.applying(Sigmoid())
    return try dy * (share + y * share.complement())
  }
}

extension Mish: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    let share = try x.applying(Softplus()).applying(Tanh())
    return try dy * (share + x * share.squared().complement() * x.applying(Sigmoid()))
  }
}

extension HardSigmoid: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try (dy * alpha).inside(y, 0, 1)
  }
}

extension HardSwish: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    // x · h with h = clamp(x/6 + 1/2, 0, 1): h + x · h′.
    let sixth = try x * x.exact(1.0 / 6)
    let share = try (sixth + 0.5).applying(Clip(minimum: 0, maximum: 1))
    return try dy * (share + sixth.inside(x, -3, 3))
  }
}

extension Gelu: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    switch approximation {
    case .none:
      // Φ(x) + x · φ(x).
      let share = try ((x * x.exact(0.5.squareRoot())).applying(Erf()) + 1) * 0.5
      let density = try (x.squared() * -0.5).applying(Exp()) * x.exact(1 / (2 * Double.pi).squareRoot())
      return try dy * (share + x * density)
    case .tanh:
      let scale = (2 / Double.pi).squareRoot()
      let inner = try (x + x.squared() * x * x.exact(0.044715)) * x.exact(scale)
      let tangent = try inner.applying(Tanh())
      let slope = try (x.squared() * x.exact(3 * 0.044715) + 1) * x.exact(scale)
      return try dy * ((tangent + 1) * 0.5 + x * 0.5 * tangent.squared().complement() * slope)
    }
  }
}
