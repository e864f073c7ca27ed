import SkiffIR
import SkiffOperators

extension Graph {
  /// The products that a node adds up, nil where a size is not fixed; 0 for operators that are not made of them.
  public func multiplications(of node: Node) -> Int? {
    guard let output = node.outputs.first, node.inputs.count >= 2 else { return 0 }
    switch node.operator {
    case is Convolution, is FullyConnected:
      guard let weights = node.inputs[1], let sizes = self[weights].type?.shape.fixed,
        let outputs = sizes.first,
        let count = self[output].type?.shape.elementCount
      else { return nil }
      return outputs == 0 ? 0 : count.multipliedChecked(by: sizes.dropFirst().checkedProduct())
    case is MatrixMultiply:
      guard let left = node.inputs[0], let inner = self[left].type?.shape.dimensions.last?.fixed else {
        return nil
      }
      return self[output].type?.shape.elementCount?.multipliedChecked(by: inner)
    case is any RecurrentOperator:
      // Each row of each step meets all weights.
      guard node.inputs.count > 2, let input = node.inputs[0], let shape = self[input].type?.shape.fixed,
        let weights = node.inputs[1].flatMap({ self[$0].type?.shape.elementCount }),
        let recurrent = node.inputs[2].flatMap({ self[$0].type?.shape.elementCount })
      else { return nil }
      return shape.dropLast().checkedProduct()?.multipliedChecked(by: weights + recurrent)
    default: return 0
    }
  }
}

extension Int {
  fileprivate func multipliedChecked(by other: Int?) -> Int? {
    guard let other else { return nil }
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? nil : product
  }
}
