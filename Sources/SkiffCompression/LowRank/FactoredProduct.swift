import SkiffBinary
import SkiffIR
import SkiffOperators

/// A product that can become smaller ones.
struct FactoredProduct {
  let id: NodeID
  let weight: WeightTensor
  /// The sums of products of inputs, nil if all count the same.
  let moments: [Double]?
  let amount: LowRankApproximation.Amount

  /// Replaces the product; nil if that saves nothing.
  func apply(to graph: inout Graph) throws(ModelError) -> LowRankApproximation.Change? {
    let node = graph[id]
    let position = node.inputs.firstIndex(of: weight.value)
    switch node.operator {
    case is FullyConnected where position == 1: return try applyToMatrix(&graph, stride: 1)
    case let product as MatrixMultiply
    where position == 1 && weight.shape.count == 2 && !product.transposesA:
      return try applyToMatrix(&graph, stride: 1)
    case let gather as Gather
    where position == 0 && weight.shape.count == 2 && [0, -2].contains(gather.axis)
      && gather.batchDimensions == 0:
      return try applyToMatrix(&graph, stride: nil)
    case let convolution as Convolution
    where position == 1 && convolution.groups == 1 && convolution.layout == .last:
      let stride = convolution.strides.reduce(1, *)
      return weight.columns == weight.shape[weight.shape.count - 1]
        ? try applyToMatrix(&graph, stride: stride) : try applyToConvolution(convolution, &graph, stride)
    default: return nil
    }
  }

  /// A constant that holds a matrix of rows.
  func constant(
    _ matrix: [Double], _ shape: [Int], _ suffix: String, _ graph: inout Graph
  ) throws(ModelError) -> ValueID {
    let elements = matrix.map(Float.init)
    guard elements.allSatisfy(\.isFinite) else {
      throw ModelError(.invalidArgument, "a weight is too large", at: Location(tensor: weight.name))
    }
    let name = weight.name.isEmpty ? "" : weight.name + suffix
    return graph.addConstant(Tensor(elements, shape: shape), name: name)
  }
}

extension Operator {
  /// The same at single places: with the clamp, but neither steps nor padding.
  var pointwise: any Operator {
    guard let convolution = self as? Convolution else { return self }
    var pointwise = Convolution()
    (pointwise.layout, pointwise.activation) = (convolution.layout, convolution.activation)
    return pointwise
  }
}
