import SkiffBinary
import SkiffIR
import SkiffOperators

/// The graph while a node is being replaced by an expression.
final class FormulaScope {
  private(set) var graph: Graph
  private let id: NodeID
  /// The nodes of the expression so far.
  private(set) var addedNodes: [NodeID] = []

  init(_ graph: Graph, replacing id: NodeID) {
    self.graph = graph
    self.id = id
  }

  /// The node that is replaced.
  var node: Node { graph[id] }

  func add(_ operator: any Operator, _ operands: [ValueID], type: TensorType? = nil) throws(ModelError)
    -> ValueID
  {
    let node = node
    let result = try graph.addNode(
      `operator`, operands, name: node.name, origins: node.origins, before: id, types: [type])[0]
    if let added = graph[result].producer { addedNodes.append(added) }
    return result
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
struct Formula {
  let value: ValueID
  private let scope: FormulaScope

  init(_ value: ValueID, in scope: FormulaScope) {
    self.value = value
    self.scope = scope
  }

  /// The type of the value.
  var type: TensorType { scope.graph[value].type ?? TensorType(.float32, .scalar) }

  /// The operator applied to this value and others.
  func applying(_ operator: any Operator, _ others: Formula...) throws(ModelError) -> Formula {
    try applying(`operator`, others)
  }

  /// The operator applied to this value and a list of others.
  func applying(_ operator: any Operator, _ others: [Formula]) throws(ModelError) -> Formula {
    // Integers that stand for real numbers keep their parameters.
    let type = type.isQuantized ? type : nil
    return Formula(try scope.add(`operator`, [value] + others.map(\.value), type: type), in: scope)
  }

  /// A number in the type of this value.
  func number(_ number: Float) throws(ModelError) -> Formula {
    let scalar = Tensor(scalar: number)
    if let parameters = type.quantization {
      return Formula(scope.addConstant(try scalar.quantized(as: type.dataType, parameters)), in: scope)
    }
    return Formula(scope.addConstant(try scalar.cast(to: type.dataType)), in: scope)
  }

  /// Numbers in the data type of this value, which is not quantized.
  func constant(_ elements: [Float], shape: [Int]) throws(ModelError) -> Formula {
    Formula(scope.addConstant(try Tensor(floats: elements, as: type.dataType, shape: shape)), in: scope)
  }

  /// A constant of the formula.
  func constant(_ tensor: Tensor) -> Formula { Formula(scope.addConstant(tensor), in: scope) }

  /// The value if it is a constant.
  var constantTensor: Tensor? { get throws(ModelError) { try scope.tensor(value) } }

  /// The elements of the value if it is a floating point constant.
  var constant: [Float]? { get throws(ModelError) { try scope.constant(value) } }

  /// A list of integers.
  func integers(_ list: [Int]) -> Formula {
    Formula(scope.addConstant(Tensor(list.map(Int64.init), shape: [list.count])), in: scope)
  }

  /// Another operand of the node that is replaced; nil if it is left out.
  func operand(_ index: Int) -> Formula? {
    guard index < scope.node.inputs.count, let value = scope.node.inputs[index] else { return nil }
    return Formula(value, in: scope)
  }

  /// The value with another shape; a size of 0 copies that of the operand.
  func reshaped(to sizes: [Int]) throws(ModelError) -> Formula {
    try applying(Reshape(), integers(sizes))
  }

  static func + (a: Formula, b: Formula) throws(ModelError) -> Formula { try a.applying(Add(), b) }
  static func - (a: Formula, b: Formula) throws(ModelError) -> Formula { try a.applying(Subtract(), b) }
  static func * (a: Formula, b: Formula) throws(ModelError) -> Formula { try a.applying(Multiply(), b) }
  static func / (a: Formula, b: Formula) throws(ModelError) -> Formula { try a.applying(Divide(), b) }
  static func + (a: Formula, b: Float) throws(ModelError) -> Formula { try a + a.number(b) }
  static func - (a: Formula, b: Float) throws(ModelError) -> Formula { try a - a.number(b) }
  static func * (a: Formula, b: Float) throws(ModelError) -> Formula { try b == 1 ? a : a * a.number(b) }
}

extension TensorType {
  /// Whether values of both types can stand for each other, as far as sizes are known.
  func isCompatible(with other: TensorType) -> Bool {
    dataType == other.dataType && quantization == other.quantization && shape.isCompatible(with: other.shape)
  }
}
