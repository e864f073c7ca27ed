import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension Negate: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula { try dy.negated() }
}

extension Abs: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * x.applying(Sign())
  }
}

extension Square: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula { try dy * (x * 2) }
}

extension Reciprocal: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try (dy * y.squared()).negated()
  }
}

extension Sqrt: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula { try dy / (y * 2) }
}

extension Rsqrt: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * (y.squared() * y * -0.5)
  }
}

extension Exp: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula { try dy * y }
}

extension Log: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula { try dy / x }
}

extension Erf: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * (x.squared().negated().applying(Exp()) * x.exact(2 / Double.pi.squareRoot()))
  }
}

extension Sin: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * x.applying(Cos())
  }
}

extension Cos: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try (dy * x.applying(Sin())).negated()
  }
}

extension Tan: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * (y.squared() + 1)
  }
}

extension Asin: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy / x.squared().complement().applying(Sqrt())
  }
}

extension Acos: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try (dy / x.squared().complement().applying(Sqrt())).negated()
  }
}

extension Atan: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy / (x.squared() + 1)
  }
}

extension Sinh: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * x.applying(Cosh())
  }
}

extension Cosh: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy * x.applying(Sinh())
  }
}

extension Asinh: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy / (x.squared() + 1).applying(Sqrt())
  }
}

extension Acosh: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy / (x.squared() - 1).applying(Sqrt())
  }
}

extension Atanh: UnaryGradient {
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula {
    try dy / x.squared().complement()
  }
}

extension Cast: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    [0: try node.cotangent().applying(Cast(to: node.operand(0).type.dataType))]
  }
}

extension ArgMax: StepFunction {}
extension ArgMin: StepFunction {}
extension Ceil: StepFunction {}
extension Equal: StepFunction {}
extension EyeLike: StepFunction {}
extension Floor: StepFunction {}
extension FloorDivide: StepFunction {}
extension Greater: StepFunction {}
extension GreaterOrEqual: StepFunction {}
extension Hardmax: StepFunction {}
extension IsInf: StepFunction {}
extension IsNaN: StepFunction {}
extension Less: StepFunction {}
extension LessOrEqual: StepFunction {}
extension MaxPoolPositions: StepFunction {}
extension NonZero: StepFunction {}
extension NotEqual: StepFunction {}
extension Round: StepFunction {}
extension ShapeOf: StepFunction {}
extension Sign: StepFunction {}
extension SizeOf: StepFunction {}
