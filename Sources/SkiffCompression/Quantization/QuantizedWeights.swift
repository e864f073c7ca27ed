import SkiffBinary
import SkiffIR
import SkiffOperators

/// The weights of a node as int8.
struct QuantizedWeights {
  let parameters: WeightParameters
  private let source: Constant
  private let reals: Tensor

  /// The most weights of an operator that are kept as integers.
  private static let keptCount = 1 << 22

  /// - Parameters:
  ///   - bias: The bias that becomes an integer with them, or none.
  ///   - inputScale: The scale of the operator's input.
  ///   - activations: The integers that the input becomes.
  ///   - isPerChannel: Whether each output gets a scale of its own.
  init(
    of node: Node, in graph: Graph, bias: [Float]? = nil, inputScale: Float = 1,
    activations: DataType = .int8, isPerChannel: Bool
  ) throws(ModelError) {
    guard node.inputs.count > 1, let w = node.inputs[1], let constant = graph[w].constant,
      let outputs = constant.shape.first
    else { throw ModelError(.invalidGraph, "the weights are not constant") }
    (source, reals) = (constant, try constant.materialize())
    let elements = try reals.floats()
    guard elements.allSatisfy(\.isFinite), bias?.allSatisfy(\.isFinite) ?? true else {
      throw ModelError(
        .invalidArgument, "a weight is infinite or not a number", at: Location(tensor: graph[w].name))
    }
    let biasType = WeightParameters.biasType(for: activations)
    parameters =
      constant.integerType.flatMap {
        WeightParameters(of: $0, bias: bias, biasType: biasType, inputScale: inputScale)
      }
      ?? WeightParameters(
        elements, outputs: outputs, bias: bias, biasType: biasType, inputScale: inputScale,
        isPerChannel: isPerChannel)
  }

  /// The integers. Large ones are computed when they are written, so that they are never in memory together.
  func constant() throws(ModelError) -> Constant {
    // Integers that are there already stay as they are stored: tables of vectors are not found again.
    let type = TensorType(.int8, Shape(source.shape), quantization: parameters.weights)
    if let narrow = source.widened?.narrow, narrow.type == type { return narrow }
    let isLarge = reals.count > Self.keptCount
    let step = Constant.Transform.quantize(
      .int8, parameters.weights, inverseScales: parameters.inverseScales)
    let quantized = try (isLarge ? source : Constant(reals)).transformed(by: step)
    return isLarge ? quantized : Constant(try quantized.materialize())
  }
}
