import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// Builds the graph in which chosen nodes compute with integers.
struct QuantizedGraphBuilder {
  private let source: Graph
  private let assignment: ParameterAssignment
  /// The parameters that the source rounds values to.
  private let given: [ValueID: QuantizationParameters]
  /// The integers that activations become.
  private let dataType: DataType
  private let options: Int8Quantization
  private var result: Graph
  /// Where each value of the source is in the result, as it was computed.
  private var computed: [ValueID: ValueID] = [:]
  /// Where each node of the source is in the result.
  private(set) var nodes: [NodeID: NodeID] = [:]
  /// Conversions made so far: to real numbers, or to integers of certain parameters.
  private var conversions: [Conversion: ValueID] = [:]
  /// The weights and the biases of nodes that have some, as integers.
  private var weights: [NodeID: IntegerWeights] = [:]

  private struct IntegerWeights: Sendable {
    let parameters: QuantizationParameters
    let weights: Constant
    let bias: Constant?
  }

  private struct Conversion: Hashable {
    let value: ValueID
    /// Nil for real numbers.
    let parameters: QuantizationParameters?
  }

  init(
    source: Graph, assignment: ParameterAssignment, given: [ValueID: QuantizationParameters],
    dataType: DataType, options: Int8Quantization
  ) {
    self.source = source
    self.assignment = assignment
    self.given = given
    self.dataType = dataType
    self.options = options
    result = Graph(name: source.name)
  }

  /// Where the real numbers of the values of the source are in the result or, where nothing needs these, the integers.
  var places: [ValueID: ValueID] {
    var places = computed
    for (conversion, value) in conversions where conversion.parameters == nil {
      places[conversion.value] = value
    }
    return places.filter { result.contains($0.value) }
  }

  mutating func build() throws(ModelError) -> Graph {
    weights = try integerWeights()
    for input in source.inputs {
      let value = source[input]
      guard var type = value.type else { continue }
      if options.quantizesInputs, type.dataType == .float32, let parameters = assignment.parameters[input] {
        type = TensorType(dataType, type.shape, quantization: parameters)
      }
      computed[input] = result.addInput(value.name, type)
    }
    // What is left for the next run keeps its precision.
    for state in source.states {
      guard let initial = source[state.value].initialState else { continue }
      computed[state.value] = result.addState(source[state.value].name, initial: initial)
    }
    for id in source.nodeIDs {
      let node = source[id]
      try locating(node.location) { () throws(ModelError) in
        if assignment.quantized.contains(id) { try addQuantized(node, id) } else { try addFloat(node) }
        if let output = node.outputs.first { nodes[id] = computed[output].flatMap { result[$0].producer } }
      }
    }
    for output in source.outputs {
      let isFloat = source[output.value].type?.dataType == .float32
      let parameters = assignment.parameters[output.value]
      let value =
        try options.quantizesOutputs && isFloat && parameters != nil
        ? integers(output.value, parameters) : reals(output.value)
      result.addOutput(value, name: output.name)
    }
    for state in source.states {
      guard let value = computed[state.value] else { continue }
      result.setNext(of: value, to: try reals(state.next))
    }
    result.removeUnused()
    return result
  }

  private mutating func addFloat(_ node: Node) throws(ModelError) {
    var inputs: [ValueID?] = []
    for input in node.inputs {
      guard let input else {
        inputs.append(nil)
        continue
      }
      if let integers = requantized(input, by: node) {
        inputs.append(integers)
      } else {
        inputs.append(try reals(input))
      }
    }
    try add(node, inputs, types: node.outputs.map { source[$0].type })
  }

  /// The integers of a value that a node of the source makes integers of another width: they need not become real numbers between.
  private func requantized(_ input: ValueID, by node: Node) -> ValueID? {
    guard node.operator is Quantize, let present = computed[input], let type = result[present].type,
      source[input].type?.isQuantized == false, type.isActivation,
      let target = node.outputs.first.flatMap({ source[$0].type }), target.isActivation,
      target.dataType != type.dataType
    else { return nil }
    return present
  }

  private mutating func addQuantized(_ node: Node, _ id: NodeID) throws(ModelError) {
    let rule = ParameterAssignment.rule(of: node.operator)
    let own = node.outputs.first.flatMap(assignment.produced)
    var inputs: [ValueID?] = []
    let reals = (node.operator as? any QuantizedKernel)?.realOperands ?? []
    for (index, input) in node.inputs.enumerated() {
      guard let input else {
        inputs.append(nil)
        continue
      }
      guard source[input].type?.dataType == .float32, !reals.contains(index) else {
        inputs.append(try self.reals(input))
        continue
      }
      let isShared = rule == .shared || rule == .follows
      inputs.append(try integers(input, isShared ? own : assignment.parameters[input]))
      if rule == .weighted { break }
    }
    if rule == .weighted { inputs += addWeights(of: node, id) }
    let types = node.outputs.map { output -> TensorType? in
      source[output].type.map { TensorType(dataType, $0.shape, quantization: assignment.produced(output)) }
    }
    try add(node, inputs, types: types, operator: node.operator.withReachableBounds(in: own))
    for output in node.outputs where assignment.forced[output] != nil {
      computed[output] = try integers(output, assignment.parameters[output])
    }
  }

  private mutating func add(
    _ node: Node, _ inputs: [ValueID?], types: [TensorType?], operator: (any Operator)? = nil
  ) throws(ModelError) {
    let outputs = try result.addNode(
      `operator` ?? node.operator, inputs, name: node.name, origins: node.origins,
      outputNames: node.outputs.map { source[$0].name }, types: types)
    for (old, new) in zip(node.outputs, outputs) { computed[old] = new }
  }

  /// The weights and biases of all nodes that compute with integers, found by all processors.
  private func integerWeights() throws(ModelError) -> [NodeID: IntegerWeights] {
    let nodes = source.nodeIDs.filter { id in
      assignment.quantized.contains(id) && ParameterAssignment.rule(of: source[id].operator) == .weighted
    }
    let workers = max(1, min(Parallel.processorCount, nodes.count))
    let parts = try Parallel.map(workers: workers) { [self] (worker) throws(ModelError) in
      stride(from: worker, to: nodes.count, by: workers).map { index in
        let node = source[nodes[index]]
        do throws(ModelError) {
          let weights = try locating(node.location) { () throws(ModelError) in try integerWeights(of: node) }
          return (index, Result<IntegerWeights, ModelError>.success(weights))
        } catch {
          return (index, .failure(error))
        }
      }
    }
    // The first node in the graph that fails is told of, on any number of processors.
    var result: [NodeID: IntegerWeights] = [:]
    for (index, weights) in parts.joined().sorted(by: { $0.0 < $1.0 }) {
      result[nodes[index]] = try weights.get()
    }
    return result
  }

  private func integerWeights(of node: Node) throws(ModelError) -> IntegerWeights {
    guard let input = node.inputs[0], let inputScale = assignment.parameters[input]?.perTensor?.scale else {
      throw ModelError(.invalidGraph, "no range is known of what its weights multiply")
    }
    let bias = try (node.inputs.count > 2 ? node.inputs[2] : nil)
      .flatMap { source[$0].constant }?.materialize().floats()
    let quantized = try QuantizedWeights(
      of: node, in: source, bias: bias, inputScale: inputScale, activations: dataType,
      isPerChannel: options.isPerChannel(node))
    return IntegerWeights(
      parameters: quantized.parameters.weights, weights: try quantized.constant(),
      bias: bias.map { Constant(quantized.parameters.quantizedBias($0)) })
  }

  /// Adds the weights and the bias of a node; weights that several nodes take alike are one constant.
  private mutating func addWeights(of node: Node, _ id: NodeID) -> [ValueID?] {
    guard let integers = weights[id], let source = node.inputs[1] else { return [] }
    var added = [cached(Conversion(value: source, parameters: integers.parameters), integers.weights)]
    if let bias = integers.bias, node.inputs.count > 2, let source = node.inputs[2] {
      added.append(result.addConstant(bias, name: self.source[source].name))
    }
    return added
  }

  /// The value of the result that holds the real numbers of `value`.
  private mutating func reals(_ value: ValueID) throws(ModelError) -> ValueID {
    if let constant = source[value].constant {
      return cached(Conversion(value: value, parameters: nil), constant)
    }
    guard let present = computed[value] else {
      throw ModelError(.invalidGraph, "a value is used before it is computed")
    }
    guard result[present].type?.isQuantized == true, source[value].type?.isQuantized != true else {
      // What the source rounds is rounded before real numbers are computed of it too.
      guard let parameters = given[value], !(source.producer(of: value)?.operator is Dequantize) else {
        return present
      }
      return try converted(
        Conversion(value: value, parameters: nil), Dequantize(), integers(value, parameters), nil)
    }
    return try converted(Conversion(value: value, parameters: nil), Dequantize(), present, nil)
  }

  /// The value of the result that holds integers of these parameters for `value`.
  private mutating func integers(
    _ value: ValueID, _ parameters: QuantizationParameters?
  ) throws(ModelError) -> ValueID {
    guard let parameters else {
      throw ModelError(.invalidGraph, "no range is known of '\(source[value].name)'")
    }
    let key = Conversion(value: value, parameters: parameters)
    if let constant = source[value].constant {
      let inverses = parameters.scales.map { $0 == 0 ? 0 : 1 / $0 }
      let quantized = try constant.transformed(by: .quantize(dataType, parameters, inverseScales: inverses))
      return cached(key, quantized)
    }
    guard let present = computed[value], let type = result[present].type else {
      throw ModelError(.invalidGraph, "a value is used before it is computed")
    }
    if type.quantization == parameters { return present }
    var quantize = Quantize()
    quantize.dataType = dataType
    // Integers that stand for the same real numbers need not become real numbers between.
    if let node = result.producer(of: present), node.operator is Dequantize, let integers = node.inputs[0],
      let known = result[integers].type
    {
      if known.isActivation, known.dataType != dataType {
        return try converted(
          key, quantize, integers, TensorType(dataType, type.shape, quantization: parameters))
      }
      guard dataType == .int8, known.int8Parameters == parameters else {
        return try converted(
          key, quantize, present, TensorType(dataType, type.shape, quantization: parameters))
      }
      if known.dataType == .int8 { return integers }
      return try converted(
        key, quantize, integers, TensorType(.int8, type.shape, quantization: parameters))
    }
    return try converted(
      key, quantize, present, TensorType(dataType, type.shape, quantization: parameters))
  }

  private mutating func converted(
    _ key: Conversion, _ operator: any Operator, _ present: ValueID, _ type: TensorType?
  ) throws(ModelError) -> ValueID {
    if let known = conversions[key] { return known }
    let value = try result.add(
      `operator`, present, outputName: source[key.value].name, type: type)
    conversions[key] = value
    return value
  }

  private mutating func cached(_ key: Conversion, _ constant: Constant) -> ValueID {
    if let known = conversions[key] { return known }
    let value = result.addConstant(constant, name: source[key.value].name)
    conversions[key] = value
    return value
  }
}

extension TensorType {
  /// Whether activations are such integers.
  fileprivate var isActivation: Bool {
    (dataType == .int8 || dataType == .int16) && quantization?.granularity == .perTensor
  }
}
