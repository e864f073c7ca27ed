import SkiffBinary
import SkiffIR
import SkiffOperators

/// A node that is exported: what its mapping needs to know, and the nodes that it becomes.
///
/// Quantized operands are seen as real numbers, and quantized results are given as such: the operators that convert are
/// added on both sides. What moves or casts the integers of a quantized operand to a result that has no scales sees the integers.
final class NodeExport {
  let node: Node
  private let export: GraphExport
  /// The results of nodes that were added, which can still get other names.
  private var fresh: Set<String> = []
  /// Where the nodes begin that were added.
  private let start: Int
  /// Whether quantized operands are seen as integers.
  private let seesIntegers: Bool

  var graph: Graph { export.graph }

  init(_ node: Node, in export: GraphExport) {
    self.node = node
    self.export = export
    start = export.result.nodes.count
    let result = node.outputs.first.flatMap { export.graph[$0].type }
    seesIntegers =
      (node.operator is any DataMovement || node.operator is Cast) && result?.isQuantized == false
  }

  /// Writes the node by the first row that can.
  func write() throws(ModelError) {
    let results: [String]
    if let foreign = node.operator as? ForeignOperator {
      results = try write(foreign)
    } else {
      let name = Swift.type(of: node.operator).name
      guard let writers = Dialect.writers[name] else {
        throw ModelError(.unsupported, "the format has no operator for \(name)")
      }
      guard let writer = writers.first(where: { $0.accepts(node, graph) }) else {
        throw ModelError(.unsupported, "the format's \(name) has not all that this one does")
      }
      results = try writer.write(node.operator, self)
    }
    guard results.count >= node.outputs.count else {
      throw ModelError(.invalidGraph, "\(results.count) of \(node.outputs.count) results")
    }
    var names: [String: String] = [:]
    for (index, output) in node.outputs.enumerated() {
      var result = names[results[index]] ?? results[index]
      if index == 0 { result = try clamped(result) }
      names[results[index]] = try define(output, as: result)
    }
  }

  /// Makes the value the result of that name.
  private func define(_ value: ValueID, as result: String) throws(ModelError) -> String {
    let name = try export.name(of: value)
    if let type = graph[value].type, type.isQuantized {
      try export.appendQuantization(of: result, type, to: name)
    } else if fresh.remove(result) != nil {
      rename(result, to: name)
    } else {
      export.append(ONNXNode("Identity", [result], [name]))
    }
    return name
  }

  private func rename(_ old: String, to new: String) {
    for index in export.result.nodes.indices[start...] {
      func renamed(_ list: [String]) -> [String] { list.map { $0 == old ? new : $0 } }
      export.result.nodes[index].inputs = renamed(export.result.nodes[index].inputs)
      export.result.nodes[index].outputs = renamed(export.result.nodes[index].outputs)
    }
  }

  /// The result with the clamp that the operator applies to it itself.
  private func clamped(_ result: String) throws(ModelError) -> String {
    guard
      case .text(let text)? = node.operator.attributeValues.first(where: { $0.name == "activation" })?.value,
      let activation = FusedActivation(rawValue: text), activation != .none
    else { return result }
    let dataType = try realType(of: node.outputs[0])
    if activation == .relu, dataType.isFloatingPoint { return try add("Relu", result) }
    let least = try number(activation.lowerBound, as: dataType)
    guard activation != .relu else { return try add("Clip", result, least) }
    return try add("Clip", result, least, number(activation.upperBound, as: dataType))
  }

  /// Writes an operator of a domain that the file it is from has too.
  private func write(_ foreign: ForeignOperator) throws(ModelError) -> [String] {
    guard foreign.dialect != "tflite" else {
      throw ModelError(.unsupported, "an operator of TensorFlow Lite that is not known otherwise")
    }
    let domain = foreign.dialect == "onnx" ? "" : foreign.dialect
    var attributes = AttributeList()
    for attribute in foreign.foreignAttributes {
      guard let value = ONNXAttribute.Value(attribute.value) else {
        throw ModelError(
          .unsupported, "is not kept in a way that can be written", at: Location(attribute: attribute.name))
      }
      attributes[attribute.name] = value
    }
    try export.scope.use(domain, version: foreign.version)
    return try add(foreign.kind, operands(), attributes, results: foreign.outputCount, domain: domain)
  }

  // MARK: Operands

  /// The type of an operand.
  func type(_ index: Int) throws(ModelError) -> TensorType {
    guard let value = value(index), let type = graph[value].type else {
      throw ModelError(.unsupported, "the type of operand \(index) is not known")
    }
    return type
  }

  /// The type of the elements of an operand as its mapping sees them.
  func realType(_ index: Int = 0) throws(ModelError) -> DataType {
    guard let value = value(index) else { throw ModelError(.invalidGraph, "operand \(index) is missing") }
    return try realType(of: value)
  }

  private func realType(of value: ValueID) throws(ModelError) -> DataType {
    guard let type = graph[value].type else {
      throw ModelError(.unsupported, "the type of '\(graph[value].name)' is not known")
    }
    return type.isQuantized && !seesIntegers ? .float32 : type.dataType
  }

  private func value(_ index: Int) -> ValueID? { index < node.inputs.count ? node.inputs[index] : nil }

  /// Whether the operand is there.
  func has(_ index: Int) -> Bool { value(index) != nil }

  /// The name of an operand that must be there.
  func operand(_ index: Int) throws(ModelError) -> String {
    guard let value = value(index) else { throw ModelError(.invalidGraph, "operand \(index) is missing") }
    return try seesIntegers ? export.name(of: value) : export.real(value)
  }

  /// The name of an operand, none if it is left out.
  func optional(_ index: Int) throws(ModelError) -> String { has(index) ? try operand(index) : "" }

  /// The names of all operands.
  func operands() throws(ModelError) -> [String] {
    var names: [String] = []
    for index in node.inputs.indices { names.append(try optional(index)) }
    return names
  }

  /// The name of an operand as it is stored: of a quantized one, the integers.
  func stored(_ index: Int) throws(ModelError) -> String {
    guard let value = value(index) else { throw ModelError(.invalidGraph, "operand \(index) is missing") }
    return try export.name(of: value)
  }

  /// The elements of an operand that are known before the graph runs; nil if they are not.
  func known(_ index: Int) throws(ModelError) -> [Int]? {
    guard let value = value(index) else { return nil }
    if let known = graph[value].knownElements {
      let numbers = known.compactMap(\.fixed)
      if numbers.count == known.count { return numbers }
    }
    guard let constant = graph[value].constant else { return nil }
    return try constant.materialize().integers()
  }

  /// The real numbers of a constant operand; nil if it is none.
  func knownReals(_ index: Int) throws(ModelError) -> [Float]? {
    guard let value = value(index), let constant = graph[value].constant else { return nil }
    return try constant.materialize().floats()
  }

  /// An operand of integers in 64 bits, as most operators of the format take sizes and places; none if it is left out.
  func indices(_ index: Int) throws(ModelError) -> String {
    guard let value = value(index) else { return "" }
    let type = try type(index)
    guard type.dataType != .int64 else { return try operand(index) }
    if let constant = graph[value].constant, let shape = type.shape.fixed {
      let integers = try constant.materialize().integers()
      return try export.constant(Tensor(integers: integers, as: .int64, shape: shape))
    }
    return try cast(operand(index), to: .int64)
  }

  // MARK: Nodes

  /// Adds a node.
  func add(
    _ name: String, _ inputs: [String], _ attributes: AttributeList = [:], results: Int = 1,
    domain: String = ""
  ) throws(ModelError) -> [String] {
    var added = ONNXNode(name, inputs, [], attributes)
    while added.inputs.last == "" { added.inputs.removeLast() }
    added.domain = domain
    added.name = export.scope.nodeName(node.name)
    for _ in 0..<results {
      let result = export.scope.name("\(node.name.isEmpty ? name : node.name)_result")
      fresh.insert(result)
      added.outputs.append(result)
    }
    export.append(added)
    return added.outputs
  }

  /// Adds a node with one result.
  func add(
    _ name: String, _ inputs: String..., attributes: AttributeList = [:]
  ) throws(ModelError) -> String {
    try add(name, inputs, attributes)[0]
  }

  /// Adds a conversion of elements.
  func cast(_ name: String, to dataType: DataType) throws(ModelError) -> String {
    try add("Cast", name, attributes: ["to": .integer(ElementTypes.number(of: dataType))])
  }

  /// A conversion of elements if they have another type.
  func cast(_ name: String, from own: DataType, to dataType: DataType) throws(ModelError) -> String {
    own == dataType ? name : try cast(name, to: dataType)
  }

  /// Adds a node over the operands, whose types the first of them has too, in a wider type where runtimes have no kernel for
  /// integers of theirs.
  func addNumeric(_ name: String, _ attributes: AttributeList = [:]) throws(ModelError) -> [String] {
    let own = try realType()
    guard let wide = RuntimeKernels.widerType(than: own, for: name) else {
      return try add(name, operands(), attributes)
    }
    var inputs: [String] = []
    for index in node.inputs.indices {
      let isNumber = has(index) ? try realType(index) == own : false
      inputs.append(isNumber ? try cast(operand(index), to: wide) : try optional(index))
    }
    let result = try add(name, inputs, attributes)[0]
    let wanted = try realType(of: node.outputs[0])
    return [wanted == own ? try cast(result, to: own) : result]
  }

  /// A tensor that the graph does not have.
  func constant(_ tensor: Tensor) throws(ModelError) -> String { try export.constant(tensor) }

  /// A list of integers.
  func integers(_ list: [Int]) throws(ModelError) -> String {
    try constant(Tensor(integers: list, as: .int64, shape: [list.count]))
  }

  /// A number without axes.
  func number(_ number: Float, as dataType: DataType) throws(ModelError) -> String {
    guard dataType.isFloatingPoint else {
      guard let integer = Int(exactly: number) else {
        throw ModelError(.unsupported, "\(number) as \(dataType.rawValue)")
      }
      return try constant(Tensor(integers: [integer], as: dataType, shape: []))
    }
    return try constant(Tensor(floats: [number], as: dataType, shape: []))
  }

  /// An operand in fixed sizes, reshaped if it has others.
  func reshaped(_ index: Int, to sizes: [Int]) throws(ModelError) -> String {
    guard try type(index).shape != Shape(sizes) else { return try operand(index) }
    return try add("Reshape", operand(index), integers(sizes))
  }

  /// A value in other sizes, nil for that of the same axis.
  func reshaped(_ name: String, to sizes: [Int?]) throws(ModelError) -> String {
    guard sizes.contains(0) else { return try add("Reshape", name, integers(sizes.map { $0 ?? 0 })) }
    let fixed = sizes.compactMap(\.self)
    guard fixed.count == sizes.count else {
      throw ModelError(.unsupported, "sizes of 0 beside sizes that are not known")
    }
    return try add("Reshape", name, integers(fixed), attributes: ["allowzero": .flag(true)])
  }

  /// The operand with its axes reordered: a constant as it is stored, others when the model runs.
  ///
  /// ONNX Runtime 1.32 moves roundings behind a transposition that has none, and refuses what it makes of some.
  func permuted(_ index: Int, by order: [Int]) throws(ModelError) -> String {
    guard !seesIntegers else { return try transposed(operand(index), by: order) }
    if let value = value(index), let moved = try export.permuted(value, by: order) { return moved }
    let moved = try transposed(operand(index), by: order)
    let type = try type(index)
    guard type.quantization?.perTensor != nil, [.int8, .uint8, .int16, .uint16].contains(type.dataType) else {
      return moved
    }
    return try export.appendRounding(of: moved, as: type)
  }

  /// Adds a transposition.
  func transposed(_ name: String, by order: [Int]) throws(ModelError) -> String {
    try add("Transpose", name, attributes: ["perm": .integers(order)])
  }

  /// A spatial operand with its channels first.
  func channelsFirst(_ index: Int, from layout: ChannelLayout) throws(ModelError) -> String {
    guard layout == .last else { return try operand(index) }
    return try permuted(index, by: AxisOrder.channelsFirst(type(index).rank))
  }

  /// A result with its channels where the first operand has them.
  func restored(_ name: String, to layout: ChannelLayout) throws(ModelError) -> String {
    guard layout == .last else { return name }
    return try transposed(name, by: AxisOrder.channelsLast(type(0).rank))
  }

  // MARK: Graphs

  /// A graph inside of the operator.
  ///
  /// - Parameters:
  ///   - parameters: The number of its inputs that are parameters.
  ///   - captures: The operands that its other inputs stand for.
  func body(
    _ subgraph: Subgraph, parameters: Int = 0, captures: Range<Int>
  ) throws(ModelError) -> ONNXAttribute.Value {
    var names: [String] = []
    for index in captures { names.append(try stored(index)) }
    let body = try GraphExport(
      subgraph.graph, in: export.scope, parameters: parameters, captures: names)
    return .graph(try body.written())
  }
}

extension ONNXAttribute.Value {
  /// The value of a foreign operator's attribute; nil if the format has no such value or the attribute was not understood.
  fileprivate init?(_ value: AttributeValue) {
    switch value {
    case .integer(let integer): self = .integer(integer)
    case .real(let real): self = .real(Float(real))
    case .text(let text): self = .text(text)
    case .integers(let integers): self = .integers(integers)
    case .reals(let reals): self = .reals(reals.map { Float($0) })
    case .texts(let texts): self = .texts(texts)
    case .boolean, .bytes, .graph, .none: return nil
    }
  }
}
