import SkiffBinary
import SkiffIR
import SkiffOperators

/// Says a product of integers that is rounded to integers as the product of real numbers between conversions, the form
/// in which quantized models say everything else.
///
/// `RequantizeLinear(IntegerConvolution(x, w, …), sx · sw / sy, zero)` →
/// `QuantizeLinear(Convolution(DequantizeLinear(x), DequantizeLinear(w), …), sy, zero)`, and the same for matrices.
///
/// Declines: scales that are not constant, and several for the input.
public struct RealizeIntegerProducts: Rewrite {
  public static let name = "realize-integer-products"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let requantize = node.operator as? RequantizeLinear,
      let scales = Scales(multiplier: node.inputs[1], in: graph), let sums = Sums(node.inputs[0], in: graph)
    else { return false }
    var factors: [ValueID?] = []
    for (index, scale) in [scales.first, scales.second].enumerated() {
      var dequantize = DequantizeLinear()
      dequantize.axis = sums.axes[index]
      factors.append(
        try graph.add(
          dequantize, sums.operands[index], scale, sums.zeroPoints[index], name: node.name,
          origins: node.origins,
          before: id))
    }
    let bias = try sums.bias.map { bias throws(ModelError) in
      graph.addConstant(try scales.bias(graph[bias].constant, in: graph), name: graph[bias].name)
    }
    if let bias, sums.operator is Convolution { factors.append(bias) }
    var result = try graph.addNode(
      sums.operator, factors, name: node.name, origins: node.origins, before: id)[0]
    if let bias, factors.count == 2 {
      result = try graph.add(Add(), result, bias, name: node.name, origins: node.origins, before: id)
    }
    var quantize = QuantizeLinear()
    quantize.dataType = requantize.dataType
    let integers = try graph.add(
      quantize, result, scales.result, node.inputs.count > 2 ? node.inputs[2] : nil, name: node.name,
      origins: node.origins, outputName: graph[node.outputs[0]].name, before: id)
    graph.replaceUses(of: node.outputs[0], with: integers)
    return true
  }
}

/// The scales whose products and quotient a multiplier is.
private struct Scales {
  let first, second, result: ValueID

  init?(multiplier: ValueID?, in graph: Graph) {
    guard let quotient = multiplier.flatMap({ graph.producer(of: $0) }), quotient.operator is Divide,
      let product = quotient.inputs[0].flatMap({ graph.producer(of: $0) }), product.operator is Multiply,
      let first = product.inputs[0], let second = product.inputs[1], let result = quotient.inputs[1],
      [first, second, result].allSatisfy({ graph[$0].constant != nil }),
      graph[first].type?.shape.elementCount == 1
    else { return nil }
    (self.first, self.second, self.result) = (first, second, result)
  }

  /// A bias in the product of both scales, as integers that are dequantized when they are read.
  func bias(_ constant: Constant?, in graph: Graph) throws(ModelError) -> Constant {
    guard let integers = try constant?.materialize(), integers.rank == 1,
      let first = try graph[first].constant?.materialize().floats(),
      let second = try graph[second].constant?.materialize().floats(), first.count == 1
    else { throw ModelError(.unsupported, "a bias that is not constant") }
    let scales = second.map { first[0] * $0 }
    let parameters =
      scales.count == 1
      ? QuantizationParameters(scale: scales[0]) : QuantizationParameters(scales: scales, axis: 0)
    try parameters.verify(dataType: integers.dataType, shape: Shape(integers.shape))
    return try Constant(integers.quantized(with: parameters)).transformed(by: .dequantize)
  }
}

/// A sum of products of integers: its operands, and the operator on real numbers that it is.
private struct Sums {
  let operands: [ValueID]
  let zeroPoints: [ValueID?]
  let bias: ValueID?
  let `operator`: any Operator
  /// The axes that lists of scales belong to.
  let axes: [Int]

  init?(_ value: ValueID?, in graph: Graph) {
    guard var node = value.flatMap({ graph.producer(of: $0) }) else { return nil }
    var bias: ValueID?
    if node.operator is Add, let sum = node.inputs[0].flatMap({ graph.producer(of: $0) }) {
      bias = node.inputs[1]
      node = sum
      guard node.operator is IntegerMatrixMultiply else { return nil }
    }
    func operand(_ index: Int) -> ValueID? { index < node.inputs.count ? node.inputs[index] : nil }
    guard let a = operand(0), let b = operand(1) else { return nil }
    switch node.operator {
    case let integer as IntegerConvolution:
      (`operator`, axes, bias) = (integer.convolution, [1, 0], operand(4))
    case let integer as IntegerMatrixMultiply:
      (`operator`, axes) = (integer.product, [-2, integer.transposesB ? -2 : -1])
    default: return nil
    }
    if let bias, graph[bias].constant == nil || graph[bias].type?.rank != 1 { return nil }
    operands = [a, b]
    zeroPoints = [operand(2), operand(3)]
    self.bias = bias
  }
}
