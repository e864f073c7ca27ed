import SkiffBinary
import SkiffIR
import SkiffOperators

/// A constant of real numbers that an operator computes with, as a matrix: a row for each output, and a column for each
/// number that is multiplied and added up for it.
package struct WeightTensor: Sendable {
  /// The constant.
  package let value: ValueID
  /// Its name.
  package let name: String
  /// The nodes that use it.
  package let users: [NodeID]
  /// The sizes of its axes.
  package let shape: [Int]
  /// The axis of the outputs.
  package let axis: Int
  /// What the graph computes with: real numbers of 16 or 32 bits.
  package let dataType: DataType
  /// The type of 16 bits that is stored, and widened to real numbers of 32 bits; nil if there is none.
  let narrowType: DataType?

  /// Its name, or what uses it.
  func label(in graph: Graph) -> String {
    guard name.isEmpty, let user = users.first.map({ graph[$0] }) else { return name }
    return "weights of \(user.names.first { !$0.isEmpty } ?? type(of: user.operator).name)"
  }

  /// The constants of a graph that hold at least `least` real numbers along two axes or more, in the order of the graph: what operators
  /// compute with, and what a graph without any has for outputs.
  package static func all(in graph: Graph, least: Int) -> [WeightTensor] {
    let outputs = Set(graph.outputs.map(\.value))
    return graph.constantIDs.compactMap { id in
      guard let constant = graph[id].constant,
        [.float32, .float16, .bfloat16].contains(constant.type.dataType),
        let shape = constant.type.shape.fixed, shape.count >= 2, shape.reduce(1, *) >= max(1, least),
        !graph[id].users.isEmpty || outputs.contains(id)
      else { return nil }
      return WeightTensor(
        value: id, name: graph[id].name, users: graph[id].users, shape: shape,
        axis: outputAxis(of: id, rank: shape.count, in: graph), dataType: constant.type.dataType,
        narrowType: (constant.widened?.narrow.type.dataType).flatMap {
          [.float16, .bfloat16].contains($0) ? $0 : nil
        })
    }
  }

  /// How many such constants are inside of the branches and bodies of a graph, where they are left alone.
  package static func countInside(_ graph: Graph, least: Int) -> Int {
    graph.nodeIDs.flatMap { graph[$0].operator.subgraphs }.reduce(0) { count, inside in
      count + all(in: inside.graph, least: least).count + countInside(inside.graph, least: least)
    }
  }

  /// The axis of the outputs: of a matrix on the right of a product the one that is not added up, else the first.
  private static func outputAxis(of value: ValueID, rank: Int, in graph: Graph) -> Int {
    for id in graph[value].users {
      let node = graph[id]
      if let product = node.operator as? MatrixMultiply, node.inputs.count > 1, node.inputs[1] == value {
        return product.outputAxis(ofWeights: rank)
      }
    }
    return 0
  }

  /// The axis along which blocks of weights share a scale: the innermost that is not the outputs'.
  package var blockAxis: Int { axis == shape.count - 1 ? shape.count - 2 : shape.count - 1 }
  package var rows: Int { shape[axis] }
  package var columns: Int { rows == 0 ? 0 : shape.reduce(1, *) / rows }

  /// The elements, row by row.
  package func matrix(in graph: Graph) throws(ModelError) -> [Float] {
    try locating(Location(tensor: name)) { () throws(ModelError) in
      guard let constant = graph[value].constant else { return [] }
      let tensor = try constant.materialize()
      let elements = try rowsFirst(tensor).floats()
      constant.bytes.releasePages()
      guard elements.allSatisfy(\.isFinite) else {
        throw ModelError(.invalidArgument, "a weight is infinite or not a number")
      }
      return elements
    }
  }

  /// Whether it is only combined with other tensors element by element, as positions, masks and tables of angles are.
  func isOnlyOperand(in graph: Graph) -> Bool {
    !users.isEmpty
      && users.allSatisfy { graph[$0].operator is any BinaryOperator || graph[$0].operator is Select }
  }

  /// Whether it has numbers that stand for -∞, as masks of attention do.
  func isMask(in graph: Graph) throws(ModelError) -> Bool {
    guard let constant = graph[value].constant else { return false }
    return try locating(Location(tensor: name)) { () throws(ModelError) in
      try constant.materialize().floats().contains { $0 <= -1e4 }
    }
  }

  /// A tensor of which one axis has a part of the elements.
  func dividing(_ axis: Int, by divisor: Int) -> WeightTensor {
    var sizes = shape
    sizes[axis] /= divisor
    return WeightTensor(
      value: value, name: name, users: users, shape: sizes, axis: self.axis, dataType: dataType,
      narrowType: narrowType)
  }

  /// Whether a number stays one in the constant's type.
  func isFinite(_ number: Float) -> Bool {
    switch dataType {
    case .float16: Float16(number).isFinite
    case .bfloat16: BFloat16(number).float.isFinite
    default: number.isFinite
    }
  }

  func tooLarge(for coding: String) -> ModelError {
    ModelError(.invalidArgument, "a weight is too large for \(coding)", at: Location(tensor: name))
  }

  /// Elements of a tensor of the constant's sizes, row by row.
  func rowsFirst<Element: TensorElement>(_ elements: [Element]) throws(ModelError) -> [Element] {
    try axis == 0 ? elements : rowsFirst(Tensor(elements, shape: shape)).elements()
  }

  private func rowsFirst(_ tensor: Tensor) throws(ModelError) -> Tensor {
    try axis == 0 ? tensor : tensor.permuted(by: permutation)
  }

  /// A matrix of rows as a tensor of the constant's sizes.
  package func tensor<Element: TensorElement>(_ matrix: [Element]) throws(ModelError) -> Tensor {
    let rowsFirst = Tensor(matrix, shape: permutation.map { shape[$0] })
    return try axis == 0 ? rowsFirst : rowsFirst.permuted(by: shape.indices.map(place))
  }

  /// The axis of the outputs first, the others in their order.
  private var permutation: [Int] { [axis] + shape.indices.filter { $0 != axis } }

  /// Where an axis is when that of the outputs comes first.
  private func place(_ original: Int) -> Int {
    original == axis ? 0 : original < axis ? original + 1 : original
  }
}
