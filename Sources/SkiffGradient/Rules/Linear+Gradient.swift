import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension FullyConnected: GradientRule {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let dy = try node.cotangent(before: activation)
    let (x, weights) = (try node.operand(0), try node.operand(1))
    let (outputs, channels) = (try weights.sizes[0], try weights.sizes[1])
    let count = try x.sizes.dropLast().reduce(1, *)
    let rows = try dy.formed(as: [count, outputs])
    var result: [Int: Formula] = [:]
    if node.wants(0) { result[0] = try rows.applying(MatrixMultiply(), weights).formed(as: x.sizes) }
    if node.wants(1) {
      var product = MatrixMultiply()
      product.transposesA = true
      result[1] = try rows.applying(product, x.formed(as: [count, channels]))
    }
    if node.wants(2) { result[2] = try rows.reduced(by: ReduceSum.self, along: [0], keepsDimensions: false) }
    return result
  }
}

extension MatrixMultiply: GradientRule {
  /// For `y = a · b`: `dy · bᵀ` and `aᵀ · dy`, of which the transposed is wanted where an operand is.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    let (first, second) = (try node.operand(0), try node.operand(1))
    // A vector is a matrix of one row, or of one column.
    let a = try first.type.rank == 1 ? first.formed(as: [1] + first.sizes) : first
    let b = try second.type.rank == 1 ? second.formed(as: second.sizes + [1]) : second
    let transposesA = first.type.rank > 1 && transposesA
    let transposesB = second.type.rank > 1 && transposesB
    var sizes = try node.result().sizes
    if first.type.rank == 1 { sizes.insert(1, at: second.type.rank == 1 ? sizes.count : sizes.count - 1) }
    if second.type.rank == 1 { sizes.append(1) }
    let dy = try node.cotangent().formed(as: sizes)
    func product(
      _ a: Formula, _ transposesA: Bool, _ b: Formula, _ transposesB: Bool
    ) throws(ModelError) -> Formula {
      var product = MatrixMultiply()
      (product.transposesA, product.transposesB) = (transposesA, transposesB)
      return try a.applying(product, b)
    }
    var result: [Int: Formula] = [:]
    if node.wants(0) {
      let gradient =
        try transposesA ? product(b, transposesB, dy, true) : product(dy, false, b, !transposesB)
      result[0] = try gradient.summed(like: a).formed(as: first.sizes)
    }
    if node.wants(1) {
      let gradient =
        try transposesB ? product(dy, true, a, transposesA) : product(a, !transposesA, dy, false)
      result[1] = try gradient.summed(like: b).formed(as: second.sizes)
    }
    return result
  }
}
