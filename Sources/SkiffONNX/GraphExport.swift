import SkiffBinary
import SkiffIR
import SkiffOperators

/// A graph while it is exported: its nodes so far, and the names of its values.
final class GraphExport {
  let graph: Graph
  let scope: ExportScope
  var result: ONNXGraph
  /// Whether the graph is inside of an operator.
  private let isBody: Bool
  private var names: [ValueID: String] = [:]
  /// The real numbers that quantized values stand for.
  private var reals: [ValueID: String] = [:]
  private var permuted: [Permutation: String] = [:]
  private var initializers: [Initializer: String] = [:]

  private struct Permutation: Hashable {
    let value: ValueID
    let order: [Int]
  }

  private struct Initializer: Hashable {
    let type: TensorType
    let contents: Constant.Contents
  }

  /// Starts the export of a model's graph.
  convenience init(_ graph: Graph, in scope: ExportScope) throws(ModelError) {
    self.init(graph, in: scope, isBody: false)
    for input in graph.inputs {
      let name = scope.name(graph[input].name)
      names[input] = name
      result.inputs.append(try info(name, input))
    }
  }

  /// Starts the export of a graph inside of an operator.
  ///
  /// - Parameters:
  ///   - parameters: The number of its inputs that are parameters.
  ///   - captures: The names of the values outside that its other inputs stand for.
  convenience init(
    _ graph: Graph, in scope: ExportScope, parameters: Int, captures: [String]
  ) throws(ModelError) {
    self.init(graph, in: scope, isBody: true)
    guard graph.inputs.count == parameters + captures.count else {
      throw ModelError(
        .invalidGraph, "\(parameters + captures.count) values for a graph of \(graph.inputs.count) inputs")
    }
    for input in graph.inputs.prefix(parameters) {
      let name = scope.name(graph[input].name)
      names[input] = name
      result.inputs.append(try info(name, input))
    }
    for (input, capture) in zip(graph.inputs.dropFirst(parameters), captures) { names[input] = capture }
  }

  private init(_ graph: Graph, in scope: ExportScope, isBody: Bool) {
    self.graph = graph
    self.scope = scope
    self.isBody = isBody
    result = ONNXGraph(name: graph.name.isEmpty ? "graph" : graph.name)
  }

  /// The whole graph.
  func written() throws(ModelError) -> ONNXGraph {
    guard graph.states.isEmpty else {
      throw ModelError(.unsupported, "the format has nothing that one run leaves for the next")
    }
    // Names of outputs come first, so that they stay as they are. Each output is computed, and none is there twice.
    var copies: [Int: String] = [:]
    var returned: Set<String> = []
    for (index, output) in graph.outputs.enumerated() {
      let wish = isBody ? graph[output.value].name : output.name
      if graph.producer(of: output.value) != nil, names[output.value] == nil {
        names[output.value] = scope.name(wish)
      } else if isBody || names[output.value] != wish || returned.contains(wish) {
        copies[index] = scope.name(wish)
      }
      returned.insert(wish)
    }
    try writeNodes()
    for (index, output) in graph.outputs.enumerated() {
      var name = try self.name(of: output.value)
      if let copy = copies[index] {
        append(ONNXNode("Identity", [name], [copy]))
        name = copy
      }
      result.outputs.append(try info(name, output.value))
    }
    return result
  }

  /// Writes every node, or throws one error that names all that cannot be written.
  private func writeNodes() throws(ModelError) {
    var refusals: [ModelError] = []
    for id in graph.nodeIDs {
      let node = graph[id]
      do throws(ModelError) {
        try NodeExport(node, in: self).write()
      } catch {
        refusals.append(error.located(node.location))
      }
    }
    guard var first = refusals.first else { return }
    first.notes += refusals.dropFirst().map(\.description)
    throw first
  }

  /// Appends a node.
  func append(_ node: ONNXNode) { result.nodes.append(node) }

  // MARK: Values

  /// The name of a value as it is stored: of a quantized one, the integers.
  func name(of value: ValueID) throws(ModelError) -> String {
    if let name = names[value] { return name }
    let source = graph[value]
    // Of a value that is quantized inside, the real numbers keep the name.
    var name = scope.name(source.type?.isQuantized == true ? "\(source.name)_quantized" : source.name)
    if let constant = source.constant { name = try store(constant, name: name) }
    names[value] = name
    return name
  }

  /// The name of a value as real numbers, if it is quantized.
  func real(_ value: ValueID) throws(ModelError) -> String {
    guard let type = graph[value].type, type.isQuantized else { return try name(of: value) }
    if let name = reals[value] { return name }
    let name: String
    if let constant = graph[value].constant, type.dataType == .int64 {
      // There is no operator that turns such integers into reals.
      name = try store(constant.transformed(by: .dequantize), name: scope.name(graph[value].name))
    } else {
      let integers = try self.name(of: value)
      name = scope.name(graph[value].name)
      try appendDequantization(of: integers, type, to: name)
    }
    reals[value] = name
    return name
  }

  /// The name of a constant with its axes reordered, as real numbers if it is quantized; nil if the value is none.
  func permuted(_ value: ValueID, by order: [Int]) throws(ModelError) -> String? {
    guard let constant = graph[value].constant else { return nil }
    if case .blocked? = constant.type.quantization?.granularity { return nil }
    let key = Permutation(value: value, order: order)
    if let known = permuted[key] { return known }
    var moved = try constant.transformed(by: .permute(order))
    if moved.type.isQuantized { moved = try moved.transformed(by: .dequantize) }
    let name = try store(moved, name: scope.name(graph[value].name))
    permuted[key] = name
    return name
  }

  /// The name of a tensor that the graph does not have.
  func constant(_ tensor: Tensor, name: String = "constant") throws(ModelError) -> String {
    try addInitializer(Constant(tensor), name: scope.name(name))
  }

  private func info(_ name: String, _ value: ValueID) throws(ModelError) -> ONNXValueInfo {
    guard let type = graph[value].type else {
      // What goes in and out of bodies need not say it.
      if isBody { return ONNXValueInfo(name: name, type: nil) }
      throw ModelError(.unsupported, "the type is not known", at: Location(tensor: name))
    }
    let shape = type.shape.dimensions.map { dimension -> ONNXDimension in
      switch dimension {
      case .fixed(let size): .size(size)
      case .symbolic(let expression): .symbol("\(expression)")
      case .unknown: .unknown
      }
    }
    return ONNXValueInfo(
      name: name, type: .tensor(element: try ElementTypes.number(of: type.dataType), shape: shape))
  }

  // MARK: Constants

  /// Stores a constant under a name; integers that stand for reals, and reals of 16 bits, stay so in the file and are widened by
  /// an operator.
  private func store(_ constant: Constant, name: String) throws(ModelError) -> String {
    if let integers = try constant.blockedIntegers() {
      return try storeWidened(integers, constant.type, name: name)
    }
    guard let (narrow, step) = constant.widened else { return try addInitializer(constant, name: name) }
    if case .cast = step {
      let stored = try addInitializer(narrow, name: scope.name("\(name)_\(narrow.type.dataType.rawValue)"))
      append(try .cast(stored, to: constant.type.dataType, name))
      return name
    }
    return try storeWidened(narrow, constant.type, name: name)
  }

  /// Stores integers, and the operators that make them reals of a type.
  private func storeWidened(
    _ integers: Constant, _ type: TensorType, name: String
  ) throws(ModelError) -> String {
    let narrow = try integers.inFourBits() ?? integers
    let stored = try addInitializer(narrow, name: scope.name("\(name)_quantized"))
    guard type.dataType != .float32 else {
      try appendDequantization(of: stored, narrow.type, to: name)
      return name
    }
    let wide = scope.name("\(name)_f32")
    try appendDequantization(of: stored, narrow.type, to: wide)
    append(try .cast(wide, to: type.dataType, name))
    return name
  }

  /// The name of an initializer: the one that is there if it has the same type and contents.
  private func addInitializer(
    _ constant: Constant, name: @autoclosure () -> String
  ) throws(ModelError) -> String {
    let key = Initializer(type: constant.type, contents: Constant.Contents(constant))
    if let known = initializers[key] { return known }
    let name = name()
    result.initializers.append(try ONNXTensor(constant, name: name))
    initializers[key] = name
    return name
  }

  // MARK: Quantization

  /// Appends the operator that makes integers of a quantized type real numbers.
  func appendDequantization(of integers: String, _ type: TensorType, to real: String) throws(ModelError) {
    guard let parameters = type.quantization else {
      throw ModelError(.invalidGraph, "integers without scales")
    }
    let (operands, attributes) = try self.parameters(parameters, type)
    append(ONNXNode("DequantizeLinear", [integers] + operands, [real], attributes))
  }

  /// Appends the operator that makes real numbers integers of a quantized type.
  func appendQuantization(of real: String, _ type: TensorType, to integers: String) throws(ModelError) {
    guard let parameters = type.quantization,
      [.int4, .uint4, .int8, .uint8, .int16, .uint16].contains(type.dataType)
    else { throw ModelError(.unsupported, "the rounding of real numbers to \(type)") }
    let (operands, attributes) = try self.parameters(parameters, type)
    append(ONNXNode("QuantizeLinear", [real] + operands, [integers], attributes))
  }

  /// Appends both, so that what an operator takes is seen to be integers; numbers that are such stay as they are.
  func appendRounding(of real: String, as type: TensorType) throws(ModelError) -> String {
    let (integers, rounded) = (scope.name("\(real)_quantized"), scope.name("\(real)_rounded"))
    try appendQuantization(of: real, type, to: integers)
    try appendDequantization(of: integers, type, to: rounded)
    return rounded
  }

  /// Scales and zero points as operands, and how they belong to elements.
  private func parameters(
    _ parameters: QuantizationParameters, _ type: TensorType
  ) throws(ModelError) -> ([String], AttributeList) {
    var (shape, attributes) = ([Int](), AttributeList())
    switch parameters.granularity {
    case .perTensor: break
    case .perAxis(let axis):
      shape = [parameters.scales.count]
      attributes["axis"] = .integer(axis)
    case .blocked(let axis, let size):
      guard let sizes = type.shape.fixed,
        let divided = Constant.Blocks.shape(of: sizes, axis: axis, size: size)
      else { throw ModelError(.unsupported, "blocks of a tensor \(type)") }
      shape = divided
      attributes["axis"] = .integer(axis)
      attributes["block_size"] = .integer(size)
    }
    let scales = try constant(Tensor(parameters.scales, shape: shape), name: "scale")
    // Integers of 32 bits have no zero point, others one of their own type.
    if type.dataType == .int32 {
      guard parameters.zeroPoints.allSatisfy({ $0 == 0 }) else {
        throw ModelError(.unsupported, "a zero point of \(type)")
      }
      return ([scales], attributes)
    }
    let zeroPoints = try Tensor(integers: parameters.zeroPoints, as: type.dataType, shape: shape)
    return ([scales, try constant(zeroPoints, name: "zero_point")], attributes)
  }
}

extension ONNXNode {
  /// A node of ONNX's own domain.
  init(_ name: String, _ inputs: [String], _ outputs: [String], _ attributes: AttributeList = [:]) {
    self.init()
    operatorName = name
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes.attributes
  }

  /// A conversion of elements.
  static func cast(_ input: String, to dataType: DataType, _ output: String) throws(ModelError) -> ONNXNode {
    ONNXNode("Cast", [input], [output], ["to": .integer(try ElementTypes.number(of: dataType))])
  }
}
