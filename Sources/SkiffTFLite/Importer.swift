import SkiffBinary
import SkiffIR

/// Turns what a file says into a graph.
package final class Importer {
  let model: TFLiteModel
  let subgraph: TFLiteModel.Subgraph
  var graph: Graph
  var warnings: [Warning] = []
  private var values: [ValueID?]
  private var constants: [ConstantKey: ValueID] = [:]
  private var derived: [DerivedConstant: ValueID] = [:]
  /// The states that variable tensors are, by the number of the tensor.
  private var variableTensors: [Int: ValueID] = [:]
  var resources: Resources
  /// How many subgraphs run each other down to this one.
  var depth = 0
  /// Shared with the importers of subgraphs, since each may be imported as often as it is run.
  var budget = OperatorBudget()

  /// Tensors over one buffer with one type are one constant.
  private struct ConstantKey: Hashable {
    let buffer: Int
    let type: TensorType
  }

  private struct DerivedConstant: Hashable {
    let source: ValueID
    let transform: Constant.Transform
  }

  /// The graph that a model's main subgraph describes; operators that Skiff lacks are kept as ``ForeignOperator``.
  ///
  /// Inputs and outputs have the names of the model's first signature, else those of their tensors.
  ///
  /// - Parameter warnings: Gets what a user should know, among it every operator that is not known.
  /// - Throws: ``ModelError`` naming the operator or tensor that contradicts the format.
  package static func makeGraph(
    from model: TFLiteModel, warnings: inout [Warning]
  ) throws(ModelError) -> Graph {
    guard let subgraph = model.subgraphs.first else {
      throw ModelError(.malformed, "the model has no subgraph")
    }
    let importer = Importer(model, subgraph, Resources())
    defer { warnings += importer.warnings }
    try importer.importInputs()
    for index in subgraph.operators.indices { try importer.importOperator(index) }
    try importer.importOutputs()
    try importer.updateStates()
    importer.graph.removeUnused()
    try importer.graph.verify()
    return importer.graph
  }

  init(_ model: TFLiteModel, _ subgraph: TFLiteModel.Subgraph, _ resources: Resources) {
    self.model = model
    self.subgraph = subgraph
    self.resources = resources
    graph = Graph(name: subgraph.name ?? "")
    values = [ValueID?](repeating: nil, count: subgraph.tensors.count)
  }

  // MARK: Interface

  private var signature: TFLiteModel.Signature? { model.signatures.first { $0.subgraph == 0 } }

  private func importInputs() throws(ModelError) {
    let names = interfaceNames(subgraph.inputs, signature?.inputs, else: "input")
    for (position, index) in subgraph.inputs.enumerated() {
      let tensor = subgraph.tensors[index]
      let type = try locating(Location(tensor: tensor.name)) { () throws(ModelError) in
        try inputType(of: tensor, named: names[position], isFirst: position == 0)
      }
      guard values[index] == nil else {
        throw ModelError(.malformed, "is an input twice", at: Location(tensor: tensor.name))
      }
      values[index] = graph.addInput(names[position], type)
    }
  }

  private func importOutputs() throws(ModelError) {
    let names = interfaceNames(subgraph.outputs, signature?.outputs, else: "output")
    for (position, index) in subgraph.outputs.enumerated() {
      graph.addOutput(try value(of: index), name: names[position])
    }
  }

  /// Names for the tensors of an interface: the signature's, else the tensors', made unique.
  private func interfaceNames(
    _ tensors: [Int], _ maps: [TFLiteModel.TensorMap]?, else fallback: String
  ) -> [String] {
    var taken: Set<String> = []
    // Several outputs can return one tensor under several names.
    var unused = maps ?? []
    return tensors.enumerated().map { position, tensor in
      var name = subgraph.tensors[tensor].name
      if let index = unused.firstIndex(where: { $0.tensor == tensor }) {
        name = unused.remove(at: index).name ?? name
      }
      if name.isEmpty { name = "\(fallback)_\(position)" }
      var unique = name
      var count = 1
      while !taken.insert(unique).inserted {
        unique = "\(name)_\(count)"
        count += 1
      }
      return unique
    }
  }

  // MARK: Tensors

  /// The value of a tensor: an input, a result so far, or a constant.
  func value(of index: Int) throws(ModelError) -> ValueID {
    if let value = values[index] { return value }
    let tensor = subgraph.tensors[index]
    if tensor.isVariable {
      let state = try locating(Location(tensor: tensor.name)) { () throws(ModelError) in
        try graph.addState(tensor.name, initial: zeros(type(of: tensor)))
      }
      variableTensors[index] = state
      values[index] = state
      return state
    }
    let value = try locating(Location(tensor: tensor.name)) { () throws(ModelError) in
      try constant(of: tensor)
    }
    values[index] = value
    return value
  }

  func setValue(of index: Int, to value: ValueID) throws(ModelError) {
    guard values[index] == nil else {
      throw ModelError(
        .malformed, "is computed twice", at: Location(tensor: subgraph.tensors[index].name))
    }
    values[index] = value
  }

  /// What a variable tensor is before the first run: the zero of its type.
  private func zeros(_ type: TensorType) throws(ModelError) -> Constant {
    guard let shape = type.shape.fixed else { throw ModelError(.unsupported, "a state of open sizes") }
    let zero = type.quantization?.perTensor?.zeroPoint ?? 0
    guard let size = shape.checkedProduct().flatMap({ type.dataType.byteCount(elements: $0) }),
      size <= Limits.standard.structureSize, zero == 0 || type.dataType.bitWidth == 8
    else { throw ModelError(.unsupported, "a state of the type \(type)") }
    return try Constant(
      type.dataType, shape: shape, quantization: type.quantization,
      bytes: ByteRegion([UInt8](repeating: UInt8(truncatingIfNeeded: zero), count: size)))
  }

  /// Whether tensors keep what they have from one run to the next.
  var hasVariables: Bool { !variableTensors.isEmpty || !resources.variables.isEmpty }

  /// Makes a variable tensor have a value from here on.
  func setVariable(_ index: Int, to value: ValueID) { values[index] = value }

  /// Makes runs leave what variables have at the end.
  private func updateStates() throws(ModelError) {
    for (index, state) in variableTensors.sorted(by: { $0.key < $1.key }) {
      if let value = values[index] { graph.setNext(of: state, to: value) }
    }
    for (_, variable) in resources.variables.sorted(by: { $0.key < $1.key }) {
      if let state = variable.state, let value = variable.value { graph.setNext(of: state, to: value) }
    }
  }

  private func constant(of tensor: TFLiteModel.Tensor) throws(ModelError) -> ValueID {
    let type = try type(of: tensor)
    guard
      case .data(let bytes)? = model.buffers.indices.contains(tensor.buffer)
        ? model.buffers[tensor.buffer] : nil,
      !bytes.isEmpty || type.shape.elementCount == 0
    else { throw ModelError(.malformed, "is used but never computed") }
    let key = ConstantKey(buffer: tensor.buffer, type: type)
    if let known = constants[key] { return known }
    var dense = bytes
    if let sparsity = tensor.sparsity {
      guard type.dataType.bitWidth % 8 == 0 else { throw ModelError(.unsupported, "sparse \(type)") }
      dense = try SparseConstant(sparsity, shape: tensor.shape).dense(
        bytes, width: type.dataType.bitWidth / 8)
    }
    let value = graph.addConstant(
      try Constant(
        type.dataType, shape: tensor.shape, quantization: type.quantization, bytes: dense),
      name: tensor.name)
    constants[key] = value
    return value
  }

  /// The type that the file states, with its sizes as they are.
  func type(of tensor: TFLiteModel.Tensor) throws(ModelError) -> TensorType {
    guard let dataType = ElementTypes.type(named: tensor.typeName) else {
      throw ModelError(.unsupported, "elements of type \(tensor.typeName) are not supported")
    }
    return TensorType(
      dataType, Shape(tensor.shape), quantization: try quantization(of: tensor, dataType))
  }

  private func quantization(
    of tensor: TFLiteModel.Tensor, _ dataType: DataType
  ) throws(ModelError) -> QuantizationParameters? {
    guard let stored = tensor.quantization, dataType.isInteger else { return nil }
    if let details = stored.details {
      throw ModelError(.unsupported, "quantization of the kind \(details.type) is not supported")
    }
    guard let scales = stored.scale, let first = scales.first else { return nil }
    let zeroPoints = stored.zeroPoint ?? []
    func zeroPoint(_ index: Int) -> Int {
      zeroPoints.count == 1 ? zeroPoints[0] : index < zeroPoints.count ? zeroPoints[index] : 0
    }
    if scales.count == 1 { return QuantizationParameters(scale: first, zeroPoint: zeroPoint(0)) }
    guard zeroPoints.count <= 1 || zeroPoints.count == scales.count else {
      throw ModelError(.malformed, "\(scales.count) scales but \(zeroPoints.count) zero points")
    }
    guard stored.axis < tensor.shape.count else {
      throw ModelError(
        .malformed,
        "has \(scales.count) scales along axis \(stored.axis), its quantized_dimension, but is of rank \(tensor.shape.count)"
      )
    }
    let parameters = QuantizationParameters(
      scales: scales, zeroPoints: scales.indices.map(zeroPoint), granularity: .perAxis(stored.axis))
    do throws(ModelError) {
      try parameters.verify(dataType: dataType, shape: Shape(tensor.shape))
    } catch {
      throw ModelError(.malformed, error.message, at: error.location)
    }
    return parameters
  }

  /// The type that the file states for a result; nothing is known of a size that is left open.
  func resultType(of tensor: TFLiteModel.Tensor) throws(ModelError) -> TensorType {
    var type = try type(of: tensor)
    for (axis, size) in (tensor.shapeSignature ?? []).enumerated() where size == -1 && axis < type.rank {
      type.shape[axis] = .unknown
    }
    return type
  }

  /// The type of an input, with a symbol of its own for each size that is left open: the format does not say which are
  /// the same. That of the first axis of the first input is `N`.
  private func inputType(
    of tensor: TFLiteModel.Tensor, named name: String, isFirst: Bool
  ) throws(ModelError) -> TensorType {
    var type = try type(of: tensor)
    for (axis, size) in (tensor.shapeSignature ?? []).enumerated() where size == -1 && axis < type.rank {
      type.shape[axis] = .symbol(axis == 0 && isFirst ? "N" : "\(name)_\(axis)")
    }
    return type
  }

  // MARK: Results

  /// A constant with one more step to be done; the same step on the same constant gives the same value.
  func derive(_ source: ValueID, by transform: Constant.Transform) throws(ModelError) -> ValueID? {
    guard let constant = graph[source].constant else { return nil }
    let key = DerivedConstant(source: source, transform: transform)
    if let known = derived[key] { return known }
    let value = graph.addConstant(try constant.transformed(by: transform), name: graph[source].name)
    derived[key] = value
    return value
  }

  func warn(_ message: String, at location: Location) { warnings.append(Warning(message, at: location)) }
}
