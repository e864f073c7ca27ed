import SkiffBinary
import SkiffIR
import SkiffOperators

/// Which nodes compute with integers, and the parameters of every value between them.
struct ParameterAssignment {
  /// The nodes that compute with integers.
  private(set) var quantized: Set<NodeID> = []
  /// The others, with the reason.
  private(set) var declined: [QuantizationReport.FloatNode] = []
  /// The parameters of the values that quantized nodes take or give.
  private(set) var parameters: [ValueID: QuantizationParameters] = [:]

  /// The parameters in which operators give results that the model rounds to others, which ``parameters`` has.
  private(set) var forced: [ValueID: QuantizationParameters] = [:]

  private let graph: Graph
  private let known: KnownParameters

  /// For nodes that are to compute with integers, at the sizes at which kernels are asked for. Those that are excluded are declined,
  /// all others left alone.
  ///
  /// - Parameter returnsReals: Whether outputs of the graph are real numbers.
  init(
    _ graph: Graph, _ known: KnownParameters, inputShapes: [String: [Int]], nodes: Set<NodeID>,
    excluded: Set<NodeID>, returnsReals: Bool
  ) throws(ModelError) {
    self.graph = graph
    self.known = known
    let uneven = returnsReals ? UnevenOutputs(graph, known).nodes : []
    let divisors = RoundedDivisors(graph, known).nodes
    for id in graph.nodeIDs {
      let node = graph[id]
      if node.operator is Quantize || node.operator is Dequantize { continue }
      let isExcluded = excluded.contains(id)
      guard nodes.contains(id) || isExcluded else { continue }
      let reason =
        uneven.contains(id)
        ? UnevenOutputs.reason
        : divisors.contains(id) ? RoundedDivisors.reason : reasonToDecline(node, isExcluded: isExcluded)
      if let reason {
        // What computes sizes and indices is in floating point no more than it is in int8.
        guard !(node.operator is ShapeOf), (node.inputs + node.outputs).contains(where: isReal) else {
          continue
        }
        declined.append(.init(location: node.location, reason: reason))
      } else {
        quantized.insert(id)
      }
    }
    var fixed = graph
    try fixed.setInputShapes(inputShapes)
    // A node without a kernel for its parameters stays in floating point, which changes those of its neighbours.
    while true {
      assignAll()
      var refused: [NodeID] = []
      for id in graph.nodeIDs where quantized.contains(id) {
        if try !hasKernel(graph[id], sizes: fixed) { refused.append(id) }
      }
      guard !refused.isEmpty else { break }
      for id in refused {
        quantized.remove(id)
        let node = graph[id]
        declined.append(
          .init(
            location: node.location,
            reason: "\(type(of: node.operator).name) has no integer form for its types"))
      }
    }
  }

  /// The parameters that a node gives its result in.
  func produced(_ output: ValueID) -> QuantizationParameters? { forced[output] ?? parameters[output] }

  private mutating func assignAll() {
    (parameters, forced) = ([:], [:])
    let wanted = sharedParameters()
    for input in graph.inputs { parameters[input] = own(input) }
    for id in graph.nodeIDs { assign(graph[id], isQuantized: quantized.contains(id), wanted) }
  }

  /// Whether the operator has an integer kernel for the parameters assigned, at the sizes of the first sample.
  private func hasKernel(_ node: Node, sizes: Graph) throws(ModelError) -> Bool {
    guard let kernel = node.operator as? any QuantizedKernel else { return true }
    guard try isPaddedAsTensorFlowLite(node, sizes), holdsProducts(node) else { return false }
    let isWeighted = kernel.parameterRule == .weighted
    let isShared = kernel.parameterRule == .shared || kernel.parameterRule == .follows
    let own = node.outputs.first.flatMap(produced)
    var (types, constants): ([TensorType?], [Tensor?]) = ([], [])
    for (index, input) in node.inputs.enumerated() {
      guard let input, let type = sizes[input].type else {
        types.append(nil)
        constants.append(nil)
        continue
      }
      guard type.dataType == .float32, !kernel.realOperands.contains(index) else {
        types.append(type)
        constants.append(try graph[input].constant?.materialize())
        continue
      }
      constants.append(nil)
      if isWeighted, index > 0 {
        let scales = [Float](repeating: 1, count: type.shape.dimensions.first?.fixed ?? 0)
        types.append(
          TensorType(
            index == 1 ? .int8 : WeightParameters.biasType(for: known.dataType), type.shape,
            quantization: .init(scales: scales, axis: 0)))
      } else {
        types.append(TensorType(known.dataType, type.shape, quantization: isShared ? own : parameters[input]))
      }
    }
    let outputs = node.outputs.compactMap { output in
      sizes[output].type.map { TensorType(known.dataType, $0.shape, quantization: produced(output)) }
    }
    return try locating(node.location) { () throws(ModelError) in
      try kernel.prepare(QuantizedContext(inputs: types, constants: constants, outputs: outputs)) != nil
    }
  }

  /// Whether the products of a multiplication, in steps of its result, are numbers of 32 bits: kernels shift them so far.
  private func holdsProducts(_ node: Node) -> Bool {
    guard node.operator is Multiply, let result = node.outputs.first.flatMap(produced)?.perTensor else {
      return true
    }
    let steps = node.inputs.reduce(1 / Double(result.scale)) { product, input in
      product * Double(input.flatMap { parameters[$0] }?.perTensor?.scale ?? 1)
    }
    return steps < 0x1p14
  }

  /// Whether the padding of an average pooling is one that TensorFlow Lite has: padding of its own would count there.
  private func isPaddedAsTensorFlowLite(_ node: Node, _ sizes: Graph) throws(ModelError) -> Bool {
    guard let pool = node.operator as? AveragePool, let input = node.inputs.first.flatMap(\.self),
      let shape = sizes[input].type?.shape.fixed, shape.count > 2
    else { return true }
    return try pool.window.isSameOrValid(Array(shape[pool.layout.spatialAxes(rank: shape.count)]))
  }

  /// What an operator asks of parameters, nil if it has no integer form.
  static func rule(of operator: any Operator) -> ParameterRule? {
    if let quantized = `operator` as? any QuantizedKernel { return quantized.parameterRule }
    guard `operator` is any DataMovement else { return nil }
    return type(of: `operator`).operands.last?.kind == .variadic ? .shared : .follows
  }

  private func reasonToDecline(_ node: Node, isExcluded: Bool) -> String? {
    guard let rule = Self.rule(of: node.operator) else {
      return "\(type(of: node.operator).name) has no integer form"
    }
    if isExcluded { return "it is excluded" }
    if known.dataType == .int16, node.operator.isNarrowOnly {
      return "runtimes have no form of it with 16 bits"
    }
    // LiteRT's reference kernel reads the elements of an int8 sum as unsigned bytes.
    if node.operator is ReduceSum { return "runtimes disagree on sums of integers" }
    guard node.outputs.allSatisfy({ graph[$0].type?.dataType == .float32 }),
      rule == .shared || node.inputs.first.flatMap(\.self).map(isFloat) ?? false
    else {
      let isInteger = node.outputs.contains { graph[$0].type?.isQuantized == true }
      return isInteger ? "it computes with integers already" : "it does not compute in float32"
    }
    for case let value? in node.inputs + node.outputs where isFloat(value) && !isWeight(value, of: node) {
      guard own(value) == nil, !node.outputs.contains(value) || !rule.setsResult else { continue }
      return "no range is known of '\(graph[value].name)'"
    }
    if let pad = node.operator as? Pad, !holds(pad, node) {
      return "its padding is not among what its operand's integers stand for"
    }
    if rule == .weighted {
      for case let operand? in node.inputs.dropFirst() where graph[operand].constant == nil {
        return "'\(graph[operand].name)' is not constant"
      }
    }
    return nil
  }

  /// Whether a constant padding is a number that the integers of the operand stand for.
  private func holds(_ pad: Pad, _ node: Node) -> Bool {
    guard pad.content == .constant, let operand = node.inputs[0],
      let (scale, zeroPoint) = own(operand)?.perTensor
    else {
      return true
    }
    var number = Float(0)
    if node.inputs.count > 2, let value = node.inputs[2] {
      guard let constant = try? graph[value].constant?.materialize().floats().first else { return false }
      number = constant
    }
    let (least, greatest) = known.dataType == .int16 ? (-32767, 32767) : (-128, 127)
    return number >= Float(least - zeroPoint) * scale - scale / 2
      && number <= Float(greatest - zeroPoint) * scale + scale / 2
  }

  /// Whether a value can be real numbers.
  private func isReal(_ value: ValueID?) -> Bool {
    guard let value else { return false }
    return graph[value].type.map { $0.dataType.isFloatingPoint || $0.isQuantized } ?? true
  }

  private func isFloat(_ value: ValueID) -> Bool { graph[value].type?.dataType == .float32 }

  /// Whether a constant is the weights or the bias of a node, which get parameters of their own.
  private func isWeight(_ value: ValueID, of node: Node) -> Bool {
    Self.rule(of: node.operator) == .weighted && value != node.inputs[0] && graph[value].constant != nil
  }

  private func own(_ value: ValueID) -> QuantizationParameters? { known.parameters(of: value, in: graph) }

  /// Parameters that values should take because the one operator that uses them needs all operands alike; found
  /// from the outputs backwards.
  private func sharedParameters() -> [ValueID: QuantizationParameters] {
    var wanted: [ValueID: QuantizationParameters] = [:]
    for id in graph.nodeIDs.reversed() where quantized.contains(id) {
      let node = graph[id]
      switch Self.rule(of: node.operator) {
      case .shared:
        guard let result = node.outputs.first,
          let shared = wanted[result] ?? own(result)
        else { continue }
        for case let operand? in node.inputs where graph.soleUser(of: operand) == id {
          wanted[operand] = shared
        }
      case .follows:
        guard node.operator.movesExactly, let first = node.inputs.first, let operand = first,
          graph.soleUser(of: operand) == id,
          let result = node.outputs.first, node.outputs.count == 1
        else { continue }
        wanted[operand] = wanted[result]
      default: continue
      }
    }
    return wanted
  }

  private mutating func assign(_ node: Node, isQuantized: Bool, _ wanted: [ValueID: QuantizationParameters]) {
    for output in node.outputs where isFloat(output) {
      let free = own(output)
      guard isQuantized, let rule = Self.rule(of: node.operator) else {
        parameters[output] = known.given[output] ?? wanted[output] ?? free
        continue
      }
      switch rule {
      case .fixed(let scale, let zeroPoint):
        // With 16 bits, what has a fixed range has the same: from -1 to 1.
        parameters[output] =
          known.dataType == .int16
          ? QuantizationParameters(scale: 1 / 32768, zeroPoint: 0)
          : QuantizationParameters(scale: scale, zeroPoint: zeroPoint)
      case .follows:
        let operand = node.inputs.first.flatMap(\.self)
        parameters[output] = operand.flatMap {
          parameters[$0] ?? own($0)
        }
      case .free, .weighted, .shared:
        parameters[output] = (known.given[output] ?? wanted[output] ?? free).map { widened($0, for: node) }
      }
      if let given = known.given[output], let result = parameters[output], !given.holdsAll(of: result),
        rule.setsResult
      {
        (forced[output], parameters[output]) = (result, given)
      }
    }
    for case let operand? in node.inputs where parameters[operand] == nil && isFloat(operand) {
      if !isWeight(operand, of: node) { parameters[operand] = own(operand) }
    }
  }

  /// Sums need an output multiplier below 1: runtimes stop at `2 · max(scales) ≥ 2^20 · scale`, or 2^15 with 16 bits.
  private func widened(_ parameters: QuantizationParameters, for node: Node) -> QuantizationParameters {
    guard node.operator is Add || node.operator is Subtract, let (scale, zeroPoint) = parameters.perTensor
    else {
      return parameters
    }
    let inputs = node.inputs.compactMap {
      $0.flatMap { operand in
        (self.parameters[operand] ?? own(operand))?.perTensor?.scale
      }
    }
    let least = 2 * (inputs.max() ?? 0) * (known.dataType == .int16 ? 0x1p-15 : 0x1p-20) * 1.001
    return scale > least ? parameters : QuantizationParameters(scale: least, zeroPoint: zeroPoint)
  }
}

extension Operator {
  /// Whether TensorFlow Lite moves elements of 8 bits so, but not of 16.
  fileprivate var isNarrowOnly: Bool { self is DepthToSpace || self is SpaceToDepth || self is ScatterND }

  /// Whether every element of the result is one of the operand's, so that what is known of one holds for the other.
  var movesExactly: Bool {
    switch self {
    case is AveragePool, is Pad: false
    case let resize as Resize: resize.mode == .nearest
    default: ParameterAssignment.rule(of: self) == .follows
    }
  }
}

extension QuantizationParameters {
  /// The least and the greatest number that int8 stands for.
  private var bounds: (least: Float, greatest: Float)? {
    perTensor.map { (Float(-128 - $0.zeroPoint) * $0.scale, Float(127 - $0.zeroPoint) * $0.scale) }
  }

  /// Whether no number of others is beyond these by more than half a step.
  fileprivate func holdsAll(of others: QuantizationParameters) -> Bool {
    guard let own = bounds, let other = others.bounds, let margin = perTensor.map({ $0.scale / 2 }) else {
      return self == others
    }
    return own.least - margin <= other.least && own.greatest + margin >= other.greatest
  }
}

extension ParameterRule {
  /// Whether the parameters of the result need not be known.
  fileprivate var setsResult: Bool {
    switch self {
    case .follows, .fixed: true
    case .weighted, .free, .shared: false
    }
  }
}
