import SkiffBinary

/// What an operator knows of its operands when it infers the types of its results.
public struct InferenceContext: Sendable {
  private let graph: Graph
  private let inputs: [ValueID?]

  init(graph: Graph, inputs: [ValueID?]) {
    self.graph = graph
    self.inputs = inputs
  }

  /// The number of operands, those left out included.
  public var count: Int { inputs.count }

  /// Whether the operand is there.
  public func has(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

  /// The type of an operand, nil if it is left out.
  public func optionalType(_ index: Int) -> TensorType? {
    guard index < inputs.count, let id = inputs[index] else { return nil }
    return graph[id].type
  }

  /// The type of an operand.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if it is left out.
  public func type(_ index: Int) throws(ModelError) -> TensorType {
    guard let type = optionalType(index) else {
      throw ModelError(.invalidGraph, "operand \(index) is missing")
    }
    return type
  }

  /// The tensor of an operand that is a constant, nil if it is not one.
  public func constant(_ index: Int) throws(ModelError) -> Tensor? {
    guard index < inputs.count, let id = inputs[index], let constant = graph[id].constant else { return nil }
    return try constant.materialize()
  }

  /// The elements of a small integer operand as far as they are known; nil if nothing is.
  public func knownElements(_ index: Int) -> [Shape.Dimension]? {
    guard index < inputs.count, let id = inputs[index] else { return nil }
    return graph[id].knownElements
  }

  /// The elements of a small integer operand if each of them is known as a number.
  public func integers(_ index: Int) -> [Int]? {
    guard let elements = knownElements(index) else { return nil }
    let numbers = elements.compactMap(\.fixed)
    return numbers.count == elements.count ? numbers : nil
  }
}
