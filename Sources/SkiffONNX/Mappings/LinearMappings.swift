import SkiffBinary
import SkiffIR
import SkiffOperators

/// Matrix products.
enum LinearMappings {
  static let rows: [Mapping] = [
    .plain("Det", Determinant.self, since: 11),
    Mapping("Einsum", since: 12) { (node) throws(ModelError) in
      try node.add(Einsum(node.text("equation", default: "")), node.inputs)
    },
    Mapping("Gemm", gemm),
    .plain("MatMul", MatrixMultiply.self),
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

extension NodeImport {
  /// The value times a number; the value itself if the number is 1.
  mutating func scaled(
    _ value: ValueID, by factor: Float, _ dataType: DataType
  ) throws(ModelError) -> ValueID {
    guard factor != 1 else { return value }
    return try add(Multiply(), value, number(factor, as: dataType))
  }
}
