import SkiffBinary
import SkiffIR
import SkiffOperators

extension Plan {
  /// The families of direct kernels, asked in this order.
  static let factories: [KernelFactory] = [
    IntegerConvolutionKernel.factory,
    IntegerConvolutionKernel.matrixFactory,
    IntegerProductKernel.factory,
    IntegerProductKernel.matrixFactory,
    IntegerAdditionKernel.factory,
    IntegerLookupKernel.factory,
    FloatConvolutionKernel.factory,
    FloatConvolutionKernel.matrixFactory,
    BatchProductKernel.factory,
    FloatArithmeticKernel.factory,
    FloatClampKernel.factory,
    FloatFunctionKernel.factory,
    SoftmaxKernel.factory,
    LayerNormalizationKernel.factory,
    BatchNormalizationKernel.factory,
    PoolingKernel.factory,
    SumKernel.factory,
    ConversionKernel.factory,
    ConversionKernel.linearFactory,
    DynamicQuantizationKernel.factory,
    IntegerCastKernel.factory,
    CopyKernel.factory,
  ]

  /// A kernel for each node, or one error that names every node without one.
  static func chooseKernels(
    _ graph: Graph, _ factories: [KernelFactory]
  ) throws(ModelError) -> [Step] {
    let packedWeights = PackedWeights()
    var steps: [Step] = []
    var missing: [(place: Location, reason: String)] = []
    for id in graph.nodeIDs {
      let node = graph[id]
      let types = node.outputs.map { graph[$0].type }
      let kernel = try locating(node.location) { () throws(ModelError) in
        try chooseKernel(for: node, in: graph, factories, packedWeights)
      }
      switch kernel {
      case .success(let kernel):
        steps.append(Step(node: id, kernel: kernel, inputs: node.inputs, outputs: node.outputs, types: types))
      case .failure(let reason): missing.append((node.location, reason.message))
      }
    }
    guard let first = missing.first else { return steps }
    throw ModelError(
      .unsupported, first.reason, at: first.place,
      notes: missing.dropFirst().map { "\($0.place.description): \($0.reason)" })
  }

  private static func chooseKernel(
    for node: Node, in graph: Graph, _ factories: [KernelFactory], _ packedWeights: PackedWeights
  ) throws(ModelError) -> Result<Kernel, ModelError> {
    if let foreign = node.operator as? ForeignOperator {
      return .failure(notKnown(foreign))
    }
    if let control = node.operator as? any ControlFlow {
      for subgraph in control.subgraphs {
        if let reason = unsupported(subgraph.graph) { return .failure(reason) }
      }
      return .success(.control(control))
    }
    let outputs = node.outputs.compactMap { graph[$0].type }
    let context = KernelContext(
      operator: node.operator,
      inputs: node.inputs.map { id in id.flatMap { graph[$0].type } },
      constants: node.inputs.map { id in id.flatMap { graph[$0].constant } },
      outputs: outputs, packedWeights: packedWeights)
    if outputs.count == node.outputs.count, context.isFixed {
      for factory in factories {
        if let kernel = try factory(context) { return .success(.direct(kernel)) }
      }
      if context.isQuantized, let kernel = try prepareQuantized(context) {
        return .success(.prepared(kernel))
      }
    }
    if !factories.isEmpty, !context.isQuantized, let preparable = node.operator as? any PreparableKernel,
      let kernel = try preparable.prepare(try context.materializedConstants)
    {
      return .success(.prepared(kernel))
    }
    guard let reference = node.operator as? any ReferenceKernel else {
      return .failure(ModelError(.unsupported, "\(type(of: node.operator).name) has no kernel"))
    }
    if context.isQuantized, !(reference is any RealNumberBoundary), !isMovement(context) {
      let types = context.inputs.map { $0?.description ?? "none" }.joined(separator: ", ")
      return .failure(
        ModelError(.unsupported, "\(type(of: reference).name) of \(types) has no kernel in integers"))
    }
    return .success(.reference(reference))
  }

  private static func notKnown(_ foreign: ForeignOperator) -> ModelError {
    let reason = foreign.reason.isEmpty ? "" : " (\(foreign.reason))"
    return ModelError(
      .unsupported,
      "the operator \(foreign.kind) is kept as its source has it\(reason), for which there is no kernel")
  }

  /// Why no session could run a graph inside of an operator, nil if nothing is known against it before its sizes are.
  private static func unsupported(_ graph: Graph) -> ModelError? {
    for id in graph.nodeIDs {
      let node = graph[id]
      if let foreign = node.operator as? ForeignOperator {
        return notKnown(foreign)
      }
      for subgraph in node.operator.subgraphs {
        if let reason = unsupported(subgraph.graph) { return reason }
      }
    }
    return nil
  }

  private static func prepareQuantized(
    _ context: KernelContext
  ) throws(ModelError) -> (any PreparedKernel)? {
    guard let quantized = context.operator as? any QuantizedKernel else { return nil }
    let complete = QuantizedContext(
      inputs: context.inputs, constants: try context.materializedConstants, outputs: context.outputs)
    if let unsigned = try UnsignedKernel(quantized, complete) { return unsigned }
    return try quantized.prepare(complete)
  }

  /// Whether the operator only moves elements, and the results stand for the same numbers as the operand.
  private static func isMovement(_ context: KernelContext) -> Bool {
    guard context.operator is any DataMovement, let input = context.inputs.first else { return false }
    let parameters = input?.quantization
    return parameters == parameters?.ofWholeTensor
      && context.outputs.allSatisfy { $0.quantization == parameters }
  }
}
