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
    // A vector is a matrix of one row or column.
    LoweringRule(MatrixMultiply.self) { (node, a) throws(ModelError) in
      guard let b = a.operand(1), a.type.rank == 1 || b.type.rank == 1 else { return nil }
      var product = node
      if a.type.rank == 1 { product.transposesA = false }
      if b.type.rank == 1 { product.transposesB = false }
      let matrices = try a.type.rank == 1 ? a.reshaped(to: [1, -1]) : a
      let result = try matrices.applying(product, b.type.rank == 1 ? b.reshaped(to: [-1, 1]) : b)
      let axes = (a.type.rank == 1 ? [-2] : []) + (b.type.rank == 1 ? [-1] : [])
      return try result.applying(Squeeze(axes: axes))
    },
  ]
}
