import SkiffBinary
import SkiffIR
import SkiffOperators

extension FactoredProduct {
  /// Replaces a table that is looked up by one of shorter rows and a product.
  func lookUp(
    _ node: Node, _ left: [Double], _ right: [Double], rank: Int, _ graph: inout Graph
  ) throws(ModelError) {
    let table = try constant(left, [weight.rows, rank], "_a", &graph)
    let rows = try graph.addNode(
      node.operator, [table] + node.inputs.dropFirst(), name: node.name, origins: node.origins, before: id)
    let columns = LowRankFactors.transposed(right, columns: weight.columns)
    let product = try constant(columns, [weight.columns, rank], "_b", &graph)
    graph.setNode(id, to: FullyConnected(), inputs: [rows[0], product])
  }
}
