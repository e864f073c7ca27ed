import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension Add: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let dy = try node.cotangent(before: activation)
    return try node.broadcast { _ throws(ModelError) in
      dy
    } second: { _ throws(ModelError) in
      dy
    }
  }
}

extension Subtract: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let dy = try node.cotangent(before: activation)
    return try node.broadcast { _ throws(ModelError) in
      dy
    } second: { _ throws(ModelError) in
      try dy.negated()
    }
  }
}

extension Multiply: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let dy = try node.cotangent(before: activation)
    return try node.broadcast { b throws(ModelError) in
      try dy * b
    } second: { a throws(ModelError) in
      try dy * a
    }
  }
}

extension Divide: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let dy = try node.cotangent(before: activation)
    let divisor = try node.operand(1)
    return try node.broadcast { b throws(ModelError) in
      try dy / b
    } second: { a throws(ModelError) in
      try (dy / divisor * (a / divisor)).negated()
    }
  }
}

extension SquaredDifference: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let slope = try node.cotangent() * (node.operand(0) - node.operand(1)) * 2
    return try node.broadcast { _ throws(ModelError) in
      slope
    } second: { _ throws(ModelError) in
      try slope.negated()
    }
  }
}

extension Maximum: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    try node.chosen(by: Greater())
  }
}

extension Minimum: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    try node.chosen(by: Less())
  }
}

extension Atan2: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let (a, b) = (try node.operand(0), try node.operand(1))
    let scaled = try node.cotangent() / (a.squared() + b.squared())
    return try node.broadcast { b throws(ModelError) in
      try scaled * b
    } second: { a throws(ModelError) in
      try (scaled * a).negated()
    }
  }
}

extension Power: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let (dy, y, a) = (try node.cotangent(), node.result(), try node.operand(0))
    let given = try node.operand(1)
    let exponent =
      try given.type.dataType == a.type.dataType ? given : given.applying(Cast(to: a.type.dataType))
    var result: [Int: Formula] = [:]
    if node.wants(0) {
      // The power of 0 is constant, also where the one before it is infinite.
      let slope = try exponent * a.applying(Power(), exponent - 1)
      let varies = try exponent.applying(NotEqual(), exponent.number(0))
      result[0] = try (dy * slope.when(varies)).summed(like: a)
    }
    if node.wants(1), given.type.dataType == a.type.dataType {
      let logarithm = try a.applying(Log()).when(a.isGreater(than: 0))
      result[1] = try (dy * y * logarithm).summed(like: given)
    }
    return result
  }
}

extension PRelu: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let (dy, x, slope) = (try node.cotangent(), try node.operand(0), try node.operand(1))
    let isBelow = try x.isLess(than: 0)
    var result = [0: try (dy * slope).when(isBelow, else: dy)]
    if node.wants(1) { result[1] = try (dy * x).when(isBelow).summed(like: slope) }
    return result
  }
}

extension Select: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let (dy, condition) = (try node.cotangent(), try node.operand(0))
    var result: [Int: Formula] = [:]
    if node.wants(1) { result[1] = try dy.when(condition).summed(like: node.operand(1)) }
    if node.wants(2) {
      result[2] = try dy.number(0).when(condition, else: dy).summed(like: node.operand(2))
    }
    return result
  }
}

extension DifferentiatedNode {
  /// The gradients of two operands that broadcast, each from the other operand.
  fileprivate func broadcast(
    _ first: (Formula) throws(ModelError) -> Formula, second: (Formula) throws(ModelError) -> Formula
  ) throws(ModelError) -> [Int: Formula] {
    let (a, b) = (try operand(0), try operand(1))
    var result: [Int: Formula] = [:]
    if wants(0) { result[0] = try first(b).summed(like: a) }
    if wants(1) { result[1] = try second(a).summed(like: b) }
    return result
  }

  /// The gradients where one of two operands is taken: all for it, half for each of equal ones.
  fileprivate func chosen(by comparison: any Operator) throws(ModelError) -> [Int: Formula] {
    let (dy, a, b) = (try cotangent(), try operand(0), try operand(1))
    let half = try (dy * 0.5).when(a.applying(Equal(), b))
    let (isFirst, isSecond) = (try a.applying(comparison, b), try b.applying(comparison, a))
    return try broadcast { _ throws(ModelError) in
      try dy.when(isFirst, else: half)
    } second: {
      _ throws(ModelError) in
      try dy.when(isSecond, else: half)
    }
  }
}
