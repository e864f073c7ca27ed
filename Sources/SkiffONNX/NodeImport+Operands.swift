import SkiffBinary
import SkiffIR
import SkiffOperators

extension NodeImport {
  /// Whether the operand is there.
  func has(_ index: Int) -> Bool { optional(index) != nil }

  /// An operand, nil if it is left out.
  func optional(_ index: Int) -> ValueID? { index < inputs.count ? inputs[index] : nil }

  /// An operand that must be there.
  func input(_ index: Int) throws(ModelError) -> ValueID {
    guard let value = optional(index) else { throw ModelError(.malformed, "lacks its operand \(index)") }
    return value
  }

  /// The type of a value.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` behind a foreign operator, where it is not known.
  func type(of value: ValueID) throws(ModelError) -> TensorType {
    guard let type = graph[value].type else {
      throw ModelError(.unsupported, "the type of '\(graph[value].name)' is not known")
    }
    return type
  }

  /// The elements of an operand that must be known before the graph runs.
  func integers(_ index: Int) throws(ModelError) -> [Int] {
    let value = try input(index)
    if let elements = graph[value].knownElements {
      let numbers = elements.compactMap(\.fixed)
      if numbers.count == elements.count { return numbers }
    }
    guard let constant = graph[value].constant else {
      throw ModelError(.unsupported, "operand \(index) is computed when the graph runs")
    }
    return try constant.materialize().integers()
  }

  /// Applies an operator to the first operand, with an attribute that another operand gives.
  ///
  /// - Parameter attribute: The name of the attribute, an integer or a list of them.
  mutating func add(
    _ operator: some Operator, _ attribute: String, from index: Int
  ) throws(ModelError) -> [ValueID] {
    var complete = `operator`
    let type = try type(of: input(index))
    if type.shape.elementCount == 0 || isKnown(index) {
      let integers = type.shape.elementCount == 0 ? [] : try integers(index)
      let isList = complete.attributeValues.contains { $0.name == attribute && $0.value == .integers([]) }
      guard isList || integers.count == 1 else {
        throw ModelError(.malformed, "\(integers.count) integers instead of one as operand \(index)")
      }
      try complete.setAttribute(attribute, to: isList ? .integers(integers) : .integer(integers[0]))
      return try add(complete, [input(0)])
    }
    let deferred = try Deferred(complete, attribute, results: node.outputs.count)
    return try add(deferred, [input(0), input(index)])
  }

  /// Whether the elements of an operand are known before the graph runs.
  private func isKnown(_ index: Int) -> Bool {
    guard let value = optional(index) else { return false }
    if graph[value].constant != nil { return true }
    return graph[value].knownElements?.allSatisfy { $0.fixed != nil } ?? false
  }

  /// The elements of an operand that must be a constant.
  func reals(_ index: Int) throws(ModelError) -> [Float] {
    guard let constant = graph[try input(index)].constant else {
      throw ModelError(.unsupported, "operand \(index) is computed when the graph runs")
    }
    return try constant.materialize().floats()
  }

  /// Adds a node with the operator's number of results.
  mutating func add(_ operator: any Operator, _ inputs: [ValueID?]) throws(ModelError) -> [ValueID] {
    try graph.addNode(`operator`, inputs, name: node.name, origins: [origin])
  }

  /// Adds a node with one result.
  mutating func add(_ operator: any Operator, _ inputs: ValueID?...) throws(ModelError) -> ValueID {
    try graph.addNode(`operator`, inputs, name: node.name, origins: [origin])[0]
  }

  /// A constant list of integers.
  mutating func constant(_ integers: [Int]) -> ValueID {
    graph.addConstant(Tensor(integers.map(Int64.init), shape: [integers.count]))
  }

  /// A constant number of any type.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if an integer type cannot hold it.
  mutating func number(_ number: Float, as dataType: DataType) throws(ModelError) -> ValueID {
    guard dataType.isFloatingPoint else {
      guard let integer = Int(exactly: number) else {
        throw ModelError(.unsupported, "\(number) as \(dataType.rawValue)")
      }
      return graph.addConstant(try Tensor(integers: [integer], as: dataType, shape: []))
    }
    return graph.addConstant(try Tensor(floats: [number], as: dataType, shape: []))
  }

  /// The value as another type.
  mutating func cast(_ value: ValueID, to dataType: DataType) throws(ModelError) -> ValueID {
    try type(of: value).dataType == dataType ? value : add(Cast(to: dataType), value)
  }

  /// The value with other sizes; a constant keeps its bytes.
  mutating func reshaped(_ value: ValueID, to sizes: [Int]) throws(ModelError) -> ValueID {
    if let constant = graph[value].constant, sizes.allSatisfy({ $0 > 0 }) {
      return graph.addConstant(try constant.transformed(by: .reshape(sizes)), name: graph[value].name)
    }
    return try add(Reshape(), value, constant(sizes))
  }
}
