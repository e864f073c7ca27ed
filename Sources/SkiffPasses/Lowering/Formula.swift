import SkiffBinary
import SkiffIR
import SkiffOperators

/// The graph while expressions of the values of a node are added to it.
package final class FormulaScope {
  package private(set) var graph: Graph
  private var id: NodeID
  private let isAppending: Bool
  /// The nodes of the expressions so far.
  private(set) var addedNodes: [NodeID] = []

  /// For an expression that takes the place of a node.
  init(_ graph: Graph, replacing id: NodeID) { (self.graph, self.id, isAppending) = (graph, id, false) }

  /// For expressions behind all nodes there are, at first of the values of one of them.
  package init(appendingTo graph: Graph, from id: NodeID) {
    (self.graph, self.id, isAppending) = (graph, id, true)
  }

  /// The node whose values expressions begin with, and whose name and origins their nodes get.
  package var node: Node { graph[id] }

  /// Begins with the values of another node from now on.
  package func turn(to id: NodeID) { self.id = id }

  func add(
    _ operator: any Operator, _ operands: [ValueID], type: TensorType? = nil
  ) throws(ModelError) -> [ValueID] {
    let node = node
    let results = try graph.addNode(
      `operator`, operands, name: node.name, origins: node.origins, before: isAppending ? nil : id,
      types: [type])
    if let added = results.first.flatMap({ graph[$0].producer }) { addedNodes.append(added) }
    return results
  }

  func addConstant(_ tensor: Tensor) -> ValueID { graph.addConstant(tensor) }

  /// The elements of a floating point constant; nil for another value.
  func constant(_ value: ValueID) throws(ModelError) -> [Float]? {
    guard let constant = graph[value].constant, constant.type.dataType.isFloatingPoint else { return nil }
    return try constant.materialize().floats()
  }

  /// A constant; nil for another value.
  func tensor(_ value: ValueID) throws(ModelError) -> Tensor? { try graph[value].constant?.materialize() }

  /// The graph in which expressions stand for the outputs of the node.
  func finished(with formulas: [Formula]) -> Graph {
    for (output, formula) in zip(node.outputs, formulas) {
      if addedNodes.contains(where: { graph[$0].outputs == [formula.value] }) {
        graph.setName(of: formula.value, to: graph[output].name)
      }
      graph.replaceUses(of: output, with: formula.value)
    }
    return graph
  }
}

/// A value on the way to the result of an expression: arithmetic on it adds nodes.
package struct Formula {
  package let value: ValueID
  private let scope: FormulaScope

  package init(_ value: ValueID, in scope: FormulaScope) {
    self.value = value
    self.scope = scope
  }

  /// The type of the value.
  package var type: TensorType { scope.graph[value].type ?? TensorType(.float32, .scalar) }

  /// The operator applied to this value and others.
  package func applying(_ operator: any Operator, _ others: Formula...) throws(ModelError) -> Formula {
    try applying(`operator`, others)
  }

  /// The operator applied to this value and a list of others.
  package func applying(_ operator: any Operator, _ others: [Formula]) throws(ModelError) -> Formula {
    // Integers that stand for real numbers keep their parameters.
    let type = type.isQuantized ? type : nil
    return Formula(try scope.add(`operator`, [value] + others.map(\.value), type: type)[0], in: scope)
  }

  /// The results of an operator with several.
  package func parts(by operator: any Operator) throws(ModelError) -> [Formula] {
    try scope.add(`operator`, [value]).map { Formula($0, in: scope) }
  }

  /// A number in the type of this value.
  package func number(_ number: Float) throws(ModelError) -> Formula {
    let scalar = Tensor(scalar: number)
    if let parameters = type.quantization {
      return Formula(scope.addConstant(try scalar.quantized(as: type.dataType, parameters)), in: scope)
    }
    return Formula(scope.addConstant(try scalar.cast(to: type.dataType)), in: scope)
  }

  /// Numbers in the data type of this value, which is not quantized.
  package func constant(_ elements: [Float], shape: [Int]) throws(ModelError) -> Formula {
    Formula(scope.addConstant(try Tensor(floats: elements, as: type.dataType, shape: shape)), in: scope)
  }

  /// A constant of the formula.
  package func constant(_ tensor: Tensor) -> Formula { Formula(scope.addConstant(tensor), in: scope) }

  /// The value if it is a constant.
  package var constantTensor: Tensor? { get throws(ModelError) { try scope.tensor(value) } }

  /// The elements of the value if it is a floating point constant.
  package var constant: [Float]? { get throws(ModelError) { try scope.constant(value) } }

  /// A list of integers.
  package func integers(_ list: [Int]) -> Formula {
    Formula(scope.addConstant(Tensor(list.map(Int64.init), shape: [list.count])), in: scope)
  }

  /// Another operand of the node; nil if it is left out.
  package func operand(_ index: Int) -> Formula? {
    guard index < scope.node.inputs.count, let value = scope.node.inputs[index] else { return nil }
    return Formula(value, in: scope)
  }

  /// The value with another shape; a size of 0 copies that of the operand.
  package func reshaped(to sizes: [Int]) throws(ModelError) -> Formula {
    try applying(Reshape(), integers(sizes))
  }

  package static func + (a: Formula, b: Formula) throws(ModelError) -> Formula { try a.applying(Add(), b) }
  package static func - (a: Formula, b: Formula) throws(ModelError) -> Formula {
    try a.applying(Subtract(), b)
  }
  package static func * (a: Formula, b: Formula) throws(ModelError) -> Formula {
    try a.applying(Multiply(), b)
  }
  package static func / (a: Formula, b: Formula) throws(ModelError) -> Formula { try a.applying(Divide(), b) }
  package static func + (a: Formula, b: Float) throws(ModelError) -> Formula { try a + a.number(b) }
  package static func - (a: Formula, b: Float) throws(ModelError) -> Formula { try a - a.number(b) }
  package static func * (a: Formula, b: Float) throws(ModelError) -> Formula {
    try b == 1 ? a : a * a.number(b)
  }
}

extension TensorType {
  /// Whether values of both types can stand for each other, as far as sizes are known.
  func isCompatible(with other: TensorType) -> Bool {
    dataType == other.dataType && quantization == other.quantization && shape.isCompatible(with: other.shape)
  }
}
