import SkiffBinary
import SkiffIR
import SkiffOperators

/// Matrix products.
enum LinearMappings {
  static let rows: [Mapping] = [
    .plain("Det", Determinant.self, since: 11),
    Mapping("Einsum", since: 12) { (node) throws(ModelError) in
      try node.add(Einsum(node.text("equation", default: "")), node.inputs)
    }.writing(Einsum.self) { (einsum, node) throws(ModelError) in
      try node.add("Einsum", node.operands(), ["equation": .text(einsum.equation)])
    },
    Mapping("Gemm", gemm).writing(FullyConnected.self, when: { _, node, graph in node.isGemm(in: graph) }) {
      (_, node) throws(ModelError) in try node.add("Gemm", node.operands(), ["transB": .flag(true)])
    },
    .expressing(FullyConnected.self) { (_, node) throws(ModelError) in
      let product = try node.add("MatMul", node.operand(0), node.permuted(1, by: [1, 0]))
      return [try node.has(2) ? node.add("Add", product, node.operand(2)) : product]
    },
    Mapping("MatMul") { (node) throws(ModelError) in try node.add(MatrixMultiply(), node.inputs) }
      .writing(MatrixMultiply.self) { (product, node) throws(ModelError) in
        guard product.transposesA || product.transposesB else { return try node.addNumeric("MatMul") }
        let a = try node.matrix(0, transposed: product.transposesA)
        return [try node.add("MatMul", a, node.matrix(1, transposed: product.transposesB))]
      },
  ]

  /// `alpha · a · b + beta · c`, as a product and what it needs of the rest.
  static func gemm(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    // Below version 7 it says whether c may broadcast; in valid files that always gives the same result.
    node.ignore("broadcast")
    var product = MatrixMultiply()
    product.transposesA = try node.flag("transA")
    product.transposesB = try node.flag("transB")
    let a = try node.input(0)
    let type = try node.type(of: a)
    guard type.rank == 2, try node.type(of: node.input(1)).rank == 2 else {
      throw ModelError(.malformed, "the product of other than two matrices")
    }
    var result = try node.add(product, a, node.input(1))
    result = try node.scaled(result, by: node.real("alpha", default: 1), type.dataType)
    if let c = node.optional(2) {
      let addend = try node.scaled(c, by: node.real("beta", default: 1), type.dataType)
      result = try node.add(Add(), result, addend)
    } else {
      node.ignore("beta")
    }
    return [result]
  }
}

extension Node {
  /// Whether a product of rows with weights is one of two matrices of real numbers.
  fileprivate func isGemm(in graph: Graph) -> Bool {
    guard let type = inputs.first.flatMap(\.self).flatMap({ graph[$0].type }) else { return false }
    return type.rank == 2 && (type.isQuantized || type.dataType.isFloatingPoint)
  }
}

extension NodeExport {
  /// An operand with its last two axes exchanged, or as it is; a vector has but one.
  func matrix(_ index: Int, transposed: Bool) throws(ModelError) -> String {
    let rank = try type(index).rank
    guard transposed, rank > 1 else { return try operand(index) }
    return try permuted(index, by: Array(0..<rank - 2) + [rank - 1, rank - 2])
  }
}

extension NodeImport {
  /// The value times a number; the value itself if the number is 1.
  mutating func scaled(
    _ value: ValueID, by factor: Float, _ dataType: DataType
  ) throws(ModelError) -> ValueID {
    guard factor != 1 else { return value }
    return try add(Multiply(), value, number(factor, as: dataType))
  }
}
