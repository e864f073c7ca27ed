import SkiffBinary
import SkiffIR
import SkiffOperators

/// Takes the scales and zero points that a model has as operands into the types of its values.
///
/// - `DequantizeLinear(constant)` → a constant that is dequantized when it is read, so that its integers stay at hand.
/// - `DequantizeLinear(QuantizeLinear(x))` → `Dequantize(Quantize(x))` for one scale for the whole tensor. Halves are
///   then rounded away from zero, as integer runtimes do, instead of to even.
///
/// Declines: scales that are not constant or not float32, and types other than integers of 8, 16 and 32 bits.
public struct AdoptQuantization: Rewrite {
  public static let name = "adopt-quantization"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
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
    guard let source = graph.producer(of: operand), let linear = source.operator as? QuantizeLinear,
      let input = source.inputs[0], graph[input].type?.dataType == .float32,
      [.int8, .uint8, .int16].contains(type.dataType), parameters.granularity == .perTensor,
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
