import SkiffBinary
import SkiffIR
import SkiffOperators

/// Takes the scales and zero points that a model has as operands into the types of its values.
///
/// - `DequantizeLinear(constant)` → a constant that is dequantized when it is read, so that its integers stay at hand.
/// - `DequantizeLinear(QuantizeLinear(x))` → `Dequantize(Quantize(x))` for one scale for the whole tensor. Halves are
///   then rounded away from zero, as integer runtimes do, instead of to even.
/// - `DequantizeLinear(input)` and `output = QuantizeLinear(x)` likewise: the graph takes or gives quantized integers.
///
/// Declines: scales that are not constant or not float32, types other than integers of 8, 16 and 32 bits, and values of 16
/// bits with a zero point, which integer runtimes do not have.
public struct AdoptQuantization: Rewrite {
  public static let name = "adopt-quantization"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    if let linear = node.operator as? QuantizeLinear { return try adoptOutput(node, linear, &graph) }
    guard let dequantize = node.operator as? DequantizeLinear, let operand = node.inputs[0],
      graph[node.outputs[0]].type?.dataType == .float32, let type = graph[operand].type,
      let parameters = try parameters(of: node, axis: dequantize.axis, dequantize.blockSize, type, graph)
    else { return false }
    if let constant = graph[operand].constant {
      guard let shape = type.shape.fixed, constant.isPlain, constant.transforms.isEmpty else {
        return false
      }
      let integers = try Constant(
        type.dataType, shape: shape, quantization: parameters, bytes: constant.bytes)
      try graph.replaceNode(id, by: integers.transformed(by: .dequantize))
      return true
    }
    if graph[operand].isInput { return try adoptInput(operand, type, parameters, &graph) }
    guard let source = graph.producer(of: operand), let linear = source.operator as? QuantizeLinear,
      let input = source.inputs[0], graph[input].type?.dataType == .float32,
      parameters.isAdoptable(by: type.dataType),
      try self.parameters(of: source, axis: linear.axis, linear.blockSize, type, graph) == parameters
    else { return false }
    var quantize = Quantize()
    quantize.dataType = type.dataType
    let integers = try graph.add(
      quantize, input, name: source.name, origins: source.origins, outputName: graph[operand].name,
      before: id,
      type: TensorType(type.dataType, type.shape, quantization: parameters))
    let reals = try graph.add(
      Dequantize(), integers, name: node.name, origins: node.origins, outputName: graph[node.outputs[0]].name,
      before: id)
    graph.replaceUses(of: node.outputs[0], with: reals)
    return true
  }

  /// Makes an output of the graph quantized integers.
  private func adoptOutput(
    _ node: Node, _ linear: QuantizeLinear, _ graph: inout Graph
  ) throws(ModelError) -> Bool {
    let output = node.outputs[0]
    guard graph.outputs.contains(where: { $0.value == output }), let input = node.inputs[0],
      graph[input].type?.dataType == .float32, let type = graph[output].type,
      let parameters = try parameters(of: node, axis: linear.axis, linear.blockSize, type, graph),
      try areDequantized(output, type, parameters, graph), let anchor = graph[output].producer
    else { return false }
    var quantize = Quantize()
    quantize.dataType = type.dataType
    let integers = try graph.add(
      quantize, input, name: node.name, origins: node.origins, outputName: graph[output].name, before: anchor,
      type: TensorType(type.dataType, type.shape, quantization: parameters))
    try dequantizeUses(of: output, as: integers, &graph)
    graph.replaceUses(of: output, with: integers)
    return true
  }

  /// Makes an input of the graph quantized integers.
  private func adoptInput(
    _ input: ValueID, _ type: TensorType, _ parameters: QuantizationParameters, _ graph: inout Graph
  ) throws(ModelError) -> Bool {
    guard try areDequantized(input, type, parameters, graph), !graph.isOutput(input) else { return false }
    graph.setType(of: input, to: TensorType(type.dataType, type.shape, quantization: parameters))
    try dequantizeUses(of: input, as: input, &graph)
    return true
  }

  /// Whether all users of integers turn them into real numbers by these parameters.
  private func areDequantized(
    _ integers: ValueID, _ type: TensorType, _ parameters: QuantizationParameters, _ graph: Graph
  ) throws(ModelError) -> Bool {
    guard parameters.isAdoptable(by: type.dataType) else { return false }
    for user in graph[integers].users {
      let node = graph[user]
      guard let linear = node.operator as? DequantizeLinear, node.inputs[0] == integers,
        graph[node.outputs[0]].type?.dataType == .float32,
        try self.parameters(of: node, axis: linear.axis, linear.blockSize, type, graph) == parameters
      else { return false }
    }
    return true
  }

  /// Says the uses of integers by quantized ones that take their place.
  private func dequantizeUses(
    of old: ValueID, as integers: ValueID, _ graph: inout Graph
  ) throws(ModelError) {
    for user in graph[old].users where graph[user].operator is DequantizeLinear {
      let node = graph[user]
      let reals = try graph.add(
        Dequantize(), integers, name: node.name, origins: node.origins,
        outputName: graph[node.outputs[0]].name, before: user)
      graph.replaceUses(of: node.outputs[0], with: reals)
    }
  }

  /// The constant scales and zero points of a node; nil if they are none or do not fit.
  private func parameters(
    of node: Node, axis: Int, _ blockSize: Int, _ type: TensorType, _ graph: Graph
  ) throws(ModelError) -> QuantizationParameters? {
    guard [.int8, .uint8, .int16, .int32].contains(type.dataType), !type.isQuantized, blockSize == 0,
      node.inputs.count > 1, let scale = node.inputs[1].flatMap({ graph[$0].constant }),
      scale.type.dataType == .float32
    else { return nil }
    let scales = try scale.materialize().floats()
    var zeroPoints = [Int](repeating: 0, count: scales.count)
    if node.inputs.count > 2, let zeroPoint = node.inputs[2] {
      guard let constant = graph[zeroPoint].constant, constant.type.dataType == type.dataType else {
        return nil
      }
      let given = try constant.materialize().integers()
      guard given.count == scales.count || given.count == 1 else { return nil }
      zeroPoints = given.count == 1 ? zeroPoints.map { _ in given[0] } : given
    }
    let granularity: QuantizationParameters.Granularity =
      scales.count == 1 ? .perTensor : .perAxis(axis < 0 ? axis + type.rank : axis)
    let parameters = QuantizationParameters(scales: scales, zeroPoints: zeroPoints, granularity: granularity)
    guard scales.allSatisfy({ $0 > 0 }),
      (try? parameters.verify(dataType: type.dataType, shape: type.shape)) != nil
    else { return nil }
    return parameters
  }
}

extension QuantizationParameters {
  /// Whether values can be integers of a type by these parameters, in integer runtimes too.
  fileprivate func isAdoptable(by dataType: DataType) -> Bool {
    guard granularity == .perTensor else { return false }
    return dataType == .int16 ? zeroPoints.allSatisfy { $0 == 0 } : [.int8, .uint8].contains(dataType)
  }
}
