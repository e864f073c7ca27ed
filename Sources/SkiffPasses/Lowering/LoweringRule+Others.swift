import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// Forms of operators that targets have in others only.
  static let others: [LoweringRule] = [
    // By constants: their inverses, which integers can be multiplied by.
    LoweringRule(Divide.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      guard let divisor = x.operand(1), let elements = try divisor.constant,
        elements.allSatisfy({ $0 != 0 && (1 / $0).isFinite }), let shape = divisor.type.shape.fixed
      else { return nil }
      var product = Multiply()
      product.activation = node.activation
      return try x.applying(product, x.constant(elements.map { 1 / $0 }, shape: shape))
    },
    // Nothing else differs from itself.
    LoweringRule(IsNaN.self) { (_, x) throws(ModelError) in try x.applying(NotEqual(), x) },
    LoweringRule(IsInf.self) { (node, x) throws(ModelError) in
      let (plus, minus) = (try x.number(.infinity), try x.number(-.infinity))
      return switch (node.detectsPositive, node.detectsNegative) {
      case (true, true): try x.applying(Abs()).applying(Equal(), plus)
      case (true, false): try x.applying(Equal(), plus)
      case (false, true): try x.applying(Equal(), minus)
      case (false, false): try x.applying(NotEqual(), x).applying(And(), x.applying(Equal(), plus))
      }
    },
    // A mean that counts places in the padding is one of zeros before it.
    LoweringRule(AveragePool.self, suitsIntegers: true) { (node, x) throws(ModelError) in
      let axes = node.layout.spatialAxes(rank: x.type.rank)
      guard node.countsExplicitPadding, !node.roundsUp, node.pads.count == 2 * axes.count else { return nil }
      var pads = [Int](repeating: 0, count: 2 * x.type.rank)
      for (index, axis) in axes.enumerated() {
        pads[axis] = node.pads[index]
        pads[x.type.rank + axis] = node.pads[axes.count + index]
      }
      var pool = node
      (pool.pads, pool.countsPadding) = ([], false)
      return try x.applying(Pad(), x.integers(pads)).applying(pool)
    },
  ]
}

extension AveragePool {
  /// Whether places outside of the input count, and there are some.
  var countsExplicitPadding: Bool {
    countsPadding && padding == .explicit && pads.contains { $0 != 0 }
  }
}
