import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// Reductions in real numbers, from sums and greatest elements.
  static let reductions: [LoweringRule] = [
    reduction(ReduceL1.self) { (x, sum) throws(ModelError) in try sum(x.applying(Abs())) },
    reduction(ReduceL2.self) { (x, sum) throws(ModelError) in try sum(x * x).applying(Sqrt()) },
    reduction(ReduceSumSquare.self) { (x, sum) throws(ModelError) in try sum(x * x) },
    reduction(ReduceLogSum.self) { (x, sum) throws(ModelError) in try sum(x).applying(Log()) },
    LoweringRule(ReduceLogSumExp.self) { (node, x) throws(ModelError) in
      guard x.type.dataType.isFloatingPoint else { return nil }
      // The greatest element keeps the exponentials from overflowing.
      let axes = try node.reducedAxes(rank: x.type.rank)
      let greatest = try x.reduced(by: ReduceMax.self, along: axes)
      let sum = try (x - greatest).applying(Exp()).reduced(
        by: ReduceSum.self, along: axes, keepsDimensions: node.keepsDimensions)
      let top =
        node.keepsDimensions ? greatest : try greatest.applying(Squeeze(axes: axes))
      return try sum.applying(Log()) + top
    },
  ]

  private static func reduction<Kind: Reduction>(
    _ kind: Kind.Type,
    _ formula:
      @escaping @Sendable (Formula, (Formula) throws(ModelError) -> Formula) throws(ModelError) -> Formula
  ) -> LoweringRule {
    LoweringRule(kind) { (node, x) throws(ModelError) in
      guard x.type.dataType.isFloatingPoint else { return nil }
      let axes = try node.reducedAxes(rank: x.type.rank)
      return try formula(x) { (terms) throws(ModelError) in
        try terms.reduced(by: ReduceSum.self, along: axes, keepsDimensions: node.keepsDimensions)
      }
    }
  }
}

extension Formula {
  /// The reduction along axes, which stay with size 1 unless told otherwise.
  package func reduced<Kind: Reduction>(
    by kind: Kind.Type, along axes: [Int], keepsDimensions: Bool = true
  ) throws(ModelError) -> Formula {
    var reduction = Kind()
    (reduction.axes, reduction.keepsDimensions) = (axes, keepsDimensions)
    return try applying(reduction)
  }
}
