import SkiffBinary
import SkiffIR
import SkiffOperators

/// Matrices and tables: the product of two, by singular values.
extension FactoredProduct {
  /// Replaces the product by two.
  ///
  /// - Parameter stride: How many times as many places the first product has; nil for a table, of which only the size counts.
  func applyToMatrix(
    _ graph: inout Graph, stride: Int?
  ) throws(ModelError) -> LowRankApproximation.Change? {
    let (outputs, inputs) = (weight.rows, weight.columns)
    // Before anything of the size of the weights is made.
    guard min(outputs, inputs) <= LowRankFactors.largestSize else { return nil }
    let matrix = try weight.matrix(in: graph).map(Double.init)
    guard let factors = LowRankFactors(matrix, outputs: outputs, moments: moments) else { return nil }
    let rank =
      switch amount {
      case .error(let share): factors.rank(losing: share)
      case .weights(let share): Int(Double(matrix.count) * share) / (outputs + inputs)
      }
    let after = rank * (outputs + inputs)
    guard rank > 0, after < matrix.count, rank * ((stride ?? 1) * inputs + outputs) < matrix.count else {
      return nil
    }
    let (left, right) = factors.factors(rank: rank)
    let node = graph[id]
    switch node.operator {
    case is Gather: try lookUp(node, left, right, rank: rank, &graph)
    case let product as MatrixMultiply:
      func stored(_ matrix: [Double], _ shape: [Int], _ suffix: String) throws(ModelError) -> ValueID {
        if product.transposesB { return try constant(matrix, shape, suffix, &graph) }
        let columns = LowRankFactors.transposed(matrix, columns: shape[1])
        return try constant(columns, shape.reversed(), suffix, &graph)
      }
      let first = try stored(right, [rank, inputs], "_b")
      let middle = try graph.addNode(
        product, [node.inputs[0], first], name: node.name, origins: node.origins, before: id)
      let second = try stored(left, [outputs, rank], "_a")
      graph.setNode(id, to: product, inputs: [middle[0], second])
    default:
      let ones = [Int](repeating: 1, count: weight.shape.count - 2)
      let first = try constant(right, [rank] + ones + [inputs], "_b", &graph)
      let middle = try graph.addNode(
        node.operator.unclamped ?? node.operator, [node.inputs[0], first], name: node.name,
        origins: node.origins, before: id)
      let second = try constant(left, [outputs] + ones + [rank], "_a", &graph)
      graph.setNode(id, to: node.operator.pointwise, inputs: [middle[0], second] + node.inputs.dropFirst(2))
    }
    return LowRankApproximation.Change(
      location: node.location, ranks: [rank], weightsBefore: matrix.count, weightsAfter: after,
      error: factors.losses[rank])
  }
}
