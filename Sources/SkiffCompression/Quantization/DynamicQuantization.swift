import SkiffBinary
import SkiffIR
import SkiffOperators

extension Int8Quantization {
  /// The graph whose convolutions and matrix products have int8 weights and round their real inputs when they run.
  ///
  /// - Parameters:
  ///   - source: A graph in floating point.
  ///   - inputShapes: The sizes at which kernels are asked for.
  /// - Throws: ``ModelError/Code/invalidArgument`` for an excluded node that the graph does not have.
  package func applyDynamically(
    to source: Graph, inputShapes: [String: [Int]]
  ) throws(ModelError) -> (graph: Graph, report: QuantizationReport) {
    guard exceptions.isEmpty else {
      throw ModelError(.invalidArgument, "dynamic activations are those of the whole graph")
    }
    guard !hasSymmetricActivations else {
      throw ModelError(.invalidArgument, "dynamic activations have the range and the zero point of each run")
    }
    var graph = source
    _ = try graph.nodes(named: excludedNodes)
    var sizes = graph
    try sizes.setInputShapes(inputShapes)
    var known: [SharedWeights: ValueID] = [:]
    var count = 0
    var declined: [QuantizationReport.FloatNode] = []
    for id in source.nodeIDs {
      let node = source[id]
      guard let kernel = node.operator as? any QuantizedKernel, kernel.parameterRule == .weighted else {
        continue
      }
      let weights = try locating(node.location) { () throws(ModelError) in
        try dynamicWeights(of: node, kernel, in: source, sizes: sizes)
      }
      switch weights {
      case .declined(let reason): declined.append(.init(location: node.location, reason: reason))
      case .quantized(let weights):
        let key = SharedWeights(source: node.inputs[1], parameters: weights.parameters.weights)
        let value: ValueID
        if let present = known[key] {
          value = present
        } else {
          let name = node.inputs[1].map { source[$0].name } ?? ""
          value = graph.addConstant(try weights.constant(), name: name)
          known[key] = value
        }
        var inputs = node.inputs
        inputs[1] = value
        // Beside integers runtimes take a bias of 32 bits alone, not one that an operator widens.
        if inputs.count > 2, let bias = inputs[2], let constant = graph[bias].constant,
          constant.widened != nil
        {
          graph.setConstant(bias, to: Constant(try constant.materialize()))
        }
        graph.setNode(id, to: Self.dynamic(kernel), inputs: inputs)
        count += 1
      }
    }
    graph.removeUnused()
    try graph.verify()
    return (
      graph, QuantizationReport(quantizedNodes: count, otherNodes: 0, floatNodes: declined, warnings: [])
    )
  }

  private struct SharedWeights: Hashable {
    let source: ValueID?
    let parameters: QuantizationParameters
  }

  private enum Decision {
    case quantized(QuantizedWeights)
    case declined(String)
  }

  /// The operator that rounds its input as precisely as it can.
  private static func dynamic(_ operator: any Operator) -> any Operator {
    guard var dense = `operator` as? FullyConnected else { return `operator` }
    dense.quantizesAsymmetrically = true
    return dense
  }

  private func dynamicWeights(
    of node: Node, _ kernel: any QuantizedKernel, in graph: Graph, sizes: Graph
  ) throws(ModelError) -> Decision {
    guard excludedNodes.isDisjoint(with: node.names) else { return .declined("it is excluded") }
    let name = type(of: node.operator).name
    guard node.inputs.count > 1, let input = node.inputs[0], let w = node.inputs[1],
      let weights = graph[w].constant
    else { return .declined("its weights are not constant") }
    guard graph[input].type?.dataType == .float32, weights.type.dataType == .float32 else {
      return .declined("it does not compute in float32")
    }
    let convolution = node.operator as? Convolution
    let isDepthwise = convolution.map { $0.groups > 1 } ?? false
    if isDepthwise {
      guard convolution?.groups == graph[input].type?.shape.dimensions.last?.fixed, weights.shape.last == 1
      else {
        return .declined("runtimes do not compute so with groups of channels")
      }
    }
    let quantized = try QuantizedWeights(of: node, in: graph, isPerChannel: isDepthwise || isPerChannel(node))
    let parameters = quantized.parameters.weights
    guard !isDepthwise || parameters.granularity != .perTensor else {
      return .declined("runtimes do not compute so with one scale for all channels")
    }
    var types = node.inputs.map { $0.flatMap { sizes[$0].type } }
    types[1] = TensorType(.int8, Shape(weights.shape), quantization: parameters)
    let context = QuantizedContext(
      inputs: types, constants: types.map { _ in nil }, outputs: node.outputs.compactMap { sizes[$0].type })
    guard try kernel.prepare(context) != nil else {
      return .declined("\(name) has no form with int8 weights and real inputs for its types")
    }
    return .quantized(quantized)
  }
}
