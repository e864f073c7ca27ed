import SkiffIR

/// What the rules know of a node: the sizes of its operands and results.
struct NodeAxes {
  let graph: Graph
  let node: Node

  func value(_ place: AxisRelations.Place) -> ValueID? {
    switch place {
    case .operand(let index, _): index < node.inputs.count ? node.inputs[index] : nil
    case .result(let index, _): index < node.outputs.count ? node.outputs[index] : nil
    }
  }

  func valueAxis(_ place: AxisRelations.Place) -> ValueAxis? {
    switch place {
    case .operand(_, let axis), .result(_, let axis): value(place).map { ValueAxis(value: $0, axis: axis) }
    }
  }

  /// The dimensions of an operand; nil if it is left out or not known.
  func operand(_ index: Int) -> [Shape.Dimension]? {
    guard index < node.inputs.count, let id = node.inputs[index] else { return nil }
    return graph[id].type?.shape.dimensions
  }

  /// The dimensions of a result; nil if they are not known.
  func result(_ index: Int) -> [Shape.Dimension]? { graph[node.outputs[index]].type?.shape.dimensions }

  func isConstant(_ index: Int) -> Bool {
    guard index < node.inputs.count, let id = node.inputs[index] else { return false }
    return graph[id].constant != nil
  }

  /// The integers of an operand that are known before the graph runs; nil if one is not.
  func integers(_ index: Int) -> [Int]? {
    guard index < node.inputs.count, let id = node.inputs[index] else { return nil }
    if let constant = graph[id].constant {
      return constant.type.dataType.isInteger && !constant.type.isQuantized
        ? try? constant.materialize().integers() : nil
    }
    guard let elements = graph[id].knownElements else { return nil }
    let numbers = elements.compactMap(\.fixed)
    return numbers.count == elements.count ? numbers : nil
  }

  /// The places of all axes whose sizes are known.
  var places: [AxisRelations.Place] {
    var result: [AxisRelations.Place] = []
    for index in node.inputs.indices {
      result += (operand(index) ?? []).indices.map { .operand(index, axis: $0) }
    }
    for index in node.outputs.indices {
      result += (self.result(index) ?? []).indices.map { .result(index, axis: $0) }
    }
    return result
  }
}
