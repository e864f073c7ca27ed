import SkiffBinary
import SkiffIR
import SkiffOperators

/// Says a sum of products by transpositions, matrix products and sums along axes, which have fast kernels and which every
/// format has.
///
/// `Einsum(q, k) {equation = "bqhd,bkhd->bhqk"}` → `MatrixMultiply(Transpose(q), Transpose(k))`. Three and more operands are
/// taken two by two. Declines on integers, on diagonals, on axes of size 1 that are repeated other than by an ellipsis, and
/// where axes have to be joined whose sizes are not known.
public struct ExpandEinsum: Rewrite {
  public static let name = "expand-einsum"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let einsum = node.operator as? Einsum else { return false }
    let types = node.inputs.compactMap { $0.flatMap { graph[$0].type } }
    guard types.count == node.inputs.count, types.allSatisfy({ $0.dataType.isFloatingPoint }) else {
      return false
    }
    let terms = try einsum.terms(ranks: types.map(\.rank))
    guard terms.operands.allSatisfy({ Set($0).count == $0.count }), Self.sizesAgree(terms, types) else {
      return false
    }
    let scope = FormulaScope(graph, replacing: id)
    var factors = zip(node.inputs, terms.operands).compactMap { input, labels in
      input.map { EinsumFactor(formula: Formula($0, in: scope), labels: labels) }
    }
    while factors.count > 1 {
      let (a, b) = (factors.removeFirst(), factors.removeFirst())
      let needed = Set(terms.result).union(factors.flatMap(\.labels))
      guard let product = try a.times(b, keeping: needed) else { return false }
      factors.insert(product, at: 0)
    }
    let result = try factors[0].summed(keeping: Set(terms.result)).ordered(terms.result).formula
    guard let type = graph[node.outputs[0]].type, result.type.isCompatible(with: type) else { return false }
    graph = scope.finished(with: [result])
    return true
  }

  /// Whether each letter has one size; the axes of an ellipsis may broadcast.
  private static func sizesAgree(_ terms: Einsum.Terms, _ types: [TensorType]) -> Bool {
    var sizes: [String: Shape.Dimension] = [:]
    for (labels, type) in zip(terms.operands, types) {
      for (label, size) in zip(labels, type.shape.dimensions)
      where !label.hasPrefix(".") || !terms.result.contains(label) {
        guard sizes[label] ?? size == size, size != .unknown else { return false }
        sizes[label] = size
      }
    }
    return true
  }
}

/// One factor of a sum of products, with a label for each axis.
private struct EinsumFactor {
  let formula: Formula
  let labels: [String]

  /// The factor with its axes in another order.
  func ordered(_ order: [String]) throws(ModelError) -> EinsumFactor {
    let permutation = order.compactMap { labels.firstIndex(of: $0) }
    guard permutation != Array(labels.indices) else { return self }
    return EinsumFactor(formula: try formula.applying(Transpose(permutation)), labels: order)
  }

  /// The factor summed along the axes that nothing needs.
  func summed(keeping needed: Set<String>) throws(ModelError) -> EinsumFactor {
    let axes = labels.indices.filter { !needed.contains(labels[$0]) }
    guard !axes.isEmpty else { return self }
    return EinsumFactor(
      formula: try formula.reduced(by: ReduceSum.self, along: axes, keepsDimensions: false),
      labels: labels.filter(needed.contains))
  }

  /// The product with another factor, summed along axes of both that nothing else needs; nil where axes of sizes that are not
  /// known would have to be joined.
  func times(_ other: EinsumFactor, keeping needed: Set<String>) throws(ModelError) -> EinsumFactor? {
    let a = try summed(keeping: needed.union(other.labels))
    let b = try other.summed(keeping: needed.union(labels))
    let shared = a.labels.filter(b.labels.contains)
    let batch = shared.filter(needed.contains)
    let contracted = shared.filter { !needed.contains($0) }
    let rows = a.labels.filter { !shared.contains($0) }
    let columns = b.labels.filter { !shared.contains($0) }
    let (left, right) = (
      try a.ordered(batch + rows + contracted), try b.ordered(batch + contracted + columns)
    )
    let labels = batch + rows + columns
    if contracted.isEmpty {
      // An axis of size 1 in the place of each that only the other factor has.
      let places = Array(batch.count..<batch.count + rows.count)
      let behind = Array(batch.count + rows.count..<labels.count)
      let first = try behind.isEmpty ? left.formula : left.formula.applying(Unsqueeze(axes: behind))
      let second = try places.isEmpty ? right.formula : right.formula.applying(Unsqueeze(axes: places))
      return EinsumFactor(formula: try first * second, labels: labels)
    }
    guard
      let matrix = try left.formula.joined(batch.count, rows.count, contracted.count),
      let second = try right.formula.joined(batch.count, contracted.count, columns.count)
    else { return nil }
    let product = try matrix.applying(MatrixMultiply(), second)
    guard rows.count != 1 || columns.count != 1 else { return EinsumFactor(formula: product, labels: labels) }
    let sizes =
      left.formula.type.shape.dimensions[batch.count..<batch.count + rows.count]
      + right.formula.type.shape.dimensions[(batch.count + contracted.count)...]
    guard sizes.count(where: { $0.fixed == nil }) <= 1, sizes.allSatisfy({ $0 != .fixed(0) }) else {
      return nil
    }
    let shape = [Int](repeating: 0, count: batch.count) + sizes.map { $0.fixed ?? -1 }
    return EinsumFactor(formula: try product.reshaped(to: shape), labels: labels)
  }
}

extension Formula {
  /// Matrices whose rows are so many axes behind the first `batch` ones, and whose columns the others; nil where the sizes of
  /// several axes that become one are not known.
  fileprivate func joined(_ batch: Int, _ rows: Int, _ columns: Int) throws(ModelError) -> Formula? {
    guard rows != 1 || columns != 1 else { return self }
    let shape = type.shape
    func size(_ range: Range<Int>) -> Int? {
      let sizes = range.map { shape[$0].fixed }
      return sizes.contains(nil) ? nil : sizes.compactMap(\.self).checkedProduct()
    }
    let (height, width) = (size(batch..<batch + rows), size(batch + rows..<shape.rank))
    guard height != nil || width != nil, height != 0, width != 0 else { return nil }
    return try reshaped(to: [Int](repeating: 0, count: batch) + [height ?? -1, width ?? -1])
  }
}
