import SkiffBinary
import SkiffIR

/// Writes a graph as a TensorFlow Lite file.
package final class Exporter {
  private(set) var graph: Graph
  /// The exporter of the main subgraph, nil for that itself.
  private weak var root: Exporter?
  /// The states that are variable tensors of one operator.
  let variableTensors: Set<ValueID>
  var model = TFLiteModel()
  /// The subgraph so far; its tensors may contain some that nothing uses in the end.
  var subgraph = TFLiteModel.Subgraph()
  /// The types of the tensors.
  var types: [TensorType] = []
  /// What is stored for those tensors that are constants.
  var constants: [Int: Constant] = [:]
  private var tensors: [ValueID: Int] = [:]
  private var derived: [DerivedTensor: Int] = [:]
  private var integers: [[Int]: Int] = [:]
  private var scalars: [Int: Int] = [:]
  /// The integers that some tensors are turned into reals from.
  private(set) var dequantized: [Int: Int] = [:]
  private var codes: [TFLiteModel.OperatorCode: Int] = [:]
  private var names: Set<String> = []
  /// What the values of the graph are called.
  private let valueNames: Set<String>
  private var runtime = "1.5.0"
  /// The subgraphs that operators run, behind the main one.
  private var bodies: [Exporter] = []

  private struct DerivedTensor: Hashable {
    let source: Int
    let transform: Constant.Transform
  }

  private init(_ graph: Graph) throws(ModelError) {
    self.graph = graph
    valueNames = Set(graph.valueIDs.map { graph[$0].name })
    variableTensors = try Self.variableTensors(of: graph)
  }

  /// Writes `graph`, whose operators must be those of the dialect, to `file`; constants are read one at a time.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` that names every node which the format cannot say.
  package static func write(_ graph: Graph, to file: inout OutputFile) throws(ModelError) {
    let exporter = try Exporter(graph)
    let stored = try exporter.build()
    try exporter.model.write(to: &file) { (buffer, file) throws(ModelError) in
      guard let constant = stored[buffer] else { return }
      if constant.isPlain {
        try constant.forEachPiece { (piece) throws(ModelError) in try file.write(piece) }
      } else {
        try file.write(constant.materialize().bytes)
      }
    }
  }

  /// Builds the model; returns what is stored in each buffer.
  private func build() throws(ModelError) -> [Int: Constant] {
    // Names of the interface come first, so that they stay as they are.
    for input in graph.inputs {
      let tensor = try addTensor(of: input, name: graph[input].name)
      subgraph.inputs.append(tensor)
    }
    for output in graph.outputs where tensors[output.value] == nil {
      // What has no type comes from a node that cannot be written either, which is the better thing to name.
      guard graph[output.value].constant == nil, graph[output.value].type != nil else { continue }
      _ = try addTensor(of: output.value, name: output.name)
    }
    let handles = try readStates()
    try writeNodes()
    try assignStates(handles)
    for output in graph.outputs { subgraph.outputs.append(try tensor(of: output.value)) }
    subgraph.name = graph.name.isEmpty ? "main" : graph.name
    let interface = (inputs: subgraph.inputs, outputs: subgraph.outputs)
    let positions = compact()
    func maps(_ names: [String], _ tensors: [Int]) -> [TFLiteModel.TensorMap] {
      zip(names, tensors).map { .init(name: $0, tensor: positions[$1] ?? 0) }
    }
    model.signatures = [
      .init(
        key: "serving_default", inputs: maps(graph.inputs.map { graph[$0].name }, interface.inputs),
        outputs: maps(graph.outputs.map(\.name), interface.outputs), subgraph: 0)
    ]
    var stored = storeConstants(positions)
    let initialization = try initializeStates(&stored)
    for body in bodies { body.complete(in: self, &stored) }
    addMetadata()
    model.description = "Written by Skiff"
    model.subgraphs = [subgraph] + initialization + bodies.map(\.subgraph)
    return stored
  }

  // MARK: Subgraphs

  /// Adds a subgraph that `fill` gives inputs, operators and outputs; returns its number.
  func addBody(_ fill: (Exporter) throws(ModelError) -> Void) throws(ModelError) -> Int {
    let body = try Exporter(Graph())
    body.root = root ?? self
    let whole = root ?? self
    whole.bodies.append(body)
    let number = whole.bodies.count + (whole.initializesStates ? 1 : 0)
    body.subgraph.name = "body_\(number)"
    try fill(body)
    return number
  }

  /// Appends the operators of a graph whose inputs are these tensors; returns those of its outputs.
  func emitGraph(_ inner: Graph, _ inputs: [Int]) throws(ModelError) -> [Int] {
    guard inner.inputs.count == inputs.count, inner.states.isEmpty else {
      throw ModelError(.unsupported, "\(inputs.count) tensors for a graph of \(inner.inputs.count) inputs")
    }
    graph = inner
    for (input, tensor) in zip(inner.inputs, inputs) { tensors[input] = tensor }
    try writeNodes()
    var outputs: [Int] = []
    for output in inner.outputs {
      let tensor = try self.tensor(of: output.value)
      // An input or a constant is copied, so that all outputs are computed and none is there twice.
      if inner.producer(of: output.value) != nil, !outputs.contains(tensor) {
        outputs.append(tensor)
      } else {
        let copy = try addTensor(types[tensor], name: output.name)
        try emitReshape(tensor, to: copy)
        outputs.append(copy)
      }
    }
    return outputs
  }

  /// Gives the constants of a body buffers in the model of the main subgraph.
  private func complete(in main: Exporter, _ stored: inout [Int: Constant]) {
    let positions = compact()
    for (tensor, constant) in constants.sorted(by: { $0.key < $1.key }) {
      guard let position = positions[tensor] else { continue }
      let count = constant.type.shape.elementCount ?? 0
      subgraph.tensors[position].buffer = main.model.buffers.count
      stored[main.model.buffers.count] = constant
      main.model.buffers.append(.later(count: constant.type.dataType.byteCount(elements: count) ?? 0))
    }
  }

  /// Writes every node, or throws one error that names all that cannot be written.
  private func writeNodes() throws(ModelError) {
    var refusals: [ModelError] = []
    for id in graph.nodeIDs {
      let node = graph[id]
      do throws(ModelError) {
        try NodeWriter(node, in: self).write()
      } catch {
        refusals.append(error.located(node.location))
      }
    }
    guard var first = refusals.first else { return }
    first.notes += refusals.dropFirst().map(\.description)
    throw first
  }

  // MARK: Tensors

  /// The tensor of a value.
  func tensor(of value: ValueID) throws(ModelError) -> Int {
    if let tensor = tensors[value] { return tensor }
    return try addTensor(of: value, name: graph[value].name)
  }

  func addTensor(of value: ValueID, name: String) throws(ModelError) -> Int {
    let source = graph[value]
    guard let type = source.type else {
      throw ModelError(.unsupported, "the type of '\(source.name)' is not known")
    }
    let tensor: Int
    if let constant = source.constant {
      tensor = try addConstant(constant, name: name)
    } else {
      tensor = try addTensor(type, name: name)
      subgraph.tensors[tensor].isVariable = variableTensors.contains(value)
    }
    tensors[value] = tensor
    return tensor
  }

  /// Adds a tensor that some operator computes or the caller provides.
  func addTensor(_ type: TensorType, name: String) throws(ModelError) -> Int {
    var tensor = TFLiteModel.Tensor()
    guard let number = ElementTypes.number(of: type.dataType) else {
      throw ModelError(.unsupported, "elements of type \(type.dataType.rawValue) are not in the format")
    }
    try Self.checkSize(of: type)
    tensor.type = number
    tensor.name = unique(name.isEmpty ? "tensor" : name)
    // Sizes that are not fixed are stored as if each symbol were 1.
    let symbols = type.shape.dimensions.compactMap(\.expression).flatMap(\.symbols)
    let bindings = Dictionary(symbols.map { ($0, 1) }, uniquingKeysWith: { a, _ in a })
    tensor.shape = type.shape.binding(bindings).dimensions.map { max(0, $0.fixed ?? 1) }
    if !type.shape.isFixed { tensor.shapeSignature = type.shape.dimensions.map { $0.fixed ?? -1 } }
    tensor.hasRank = true
    tensor.quantization = try Self.quantization(type)
    subgraph.tensors.append(tensor)
    types.append(type)
    return types.count - 1
  }

  /// Refuses a type of more elements than runtimes can count.
  static func checkSize(of type: TensorType) throws(ModelError) {
    guard type.isCountedIn32Bits else {
      throw ModelError(.unsupported, "32 bits do not count the elements of \(type)")
    }
  }

  static func quantization(_ type: TensorType) throws(ModelError) -> TFLiteModel.Quantization? {
    guard let parameters = type.quantization else { return nil }
    var result = TFLiteModel.Quantization()
    result.scale = parameters.scales
    result.zeroPoint = parameters.zeroPoints
    switch parameters.granularity {
    case .perTensor: break
    case .perAxis(let axis): result.axis = axis
    case .blocked: throw ModelError(.unsupported, "scales for blocks of elements")
    }
    return result
  }

  /// Adds a constant; one that is stored as 16-bit floats or as int8 is so in the file too, in 4 bits if these hold it, and widened by an operator of its own.
  private func addConstant(_ constant: Constant, name: String) throws(ModelError) -> Int {
    guard let narrow = try Self.narrow(constant) else { return try addStored(constant, name: name) }
    let stored = try addStored(narrow, name: "\(name)_\(narrow.type.dataType.rawValue)")
    let tensor = try addTensor(constant.type, name: name)
    try emit("DEQUANTIZE", [stored], [tensor], FlatObject("DequantizeOptions"))
    return tensor
  }

  /// The constant before its last step, if runtimes have an operator for that and it takes less than it saves.
  private static func narrow(_ constant: Constant) throws(ModelError) -> Constant? {
    if constant.transforms.last == .cast(.float32), let narrow = try constant.withoutLastTransform() {
      return narrow.type.dataType == .float16 ? narrow : nil
    }
    guard let (narrow, step) = constant.widened, step == .dequantize, narrow.type.dataType == .int8,
      narrow.type.shape.elementCount ?? 0 >= 128
    else { return nil }
    if case .blocked = narrow.type.quantization?.granularity { return nil }
    return try inFourBits(narrow) ?? narrow
  }

  /// The most elements that are looked at in memory.
  private static let listedCount = 1 << 22

  /// Integers in 4 bits; nil if these do not hold all.
  private static func inFourBits(_ constant: Constant) throws(ModelError) -> Constant? {
    let range = DataType.int4.integerRange()
    guard constant.type.shape.elementCount ?? .max <= listedCount,
      let parameters = constant.type.quantization,
      parameters.zeroPoints.allSatisfy(range.contains)
    else { return nil }
    let integers = try constant.materialize().integers()
    guard integers.allSatisfy(range.contains) else { return nil }
    return Constant(
      try Tensor(integers: integers, as: .int4, shape: constant.shape).quantized(with: parameters))
  }

  private func addStored(_ constant: Constant, name: String) throws(ModelError) -> Int {
    let tensor = try addTensor(constant.type, name: name)
    constants[tensor] = constant
    return tensor
  }

  /// A list of integers as the format's operators take them.
  func integers(_ list: [Int]) throws(ModelError) -> Int {
    if let known = integers[list] { return known }
    let tensor = try addStored(
      Constant(Tensor(integers: list, as: .int32, shape: [list.count])), name: "integers")
    integers[list] = tensor
    return tensor
  }

  /// One integer as the format's operators take it.
  func scalar(_ integer: Int) throws(ModelError) -> Int {
    if let known = scalars[integer] { return known }
    let tensor = try addUnnamed(Tensor(integers: [integer], as: .int32, shape: []))
    scalars[integer] = tensor
    return tensor
  }

  /// A constant that the graph does not have.
  func addUnnamed(_ tensor: Tensor) throws(ModelError) -> Int {
    try addStored(Constant(tensor), name: "constant")
  }

  /// The constant with one more step done, nil if the tensor is none.
  func derive(_ tensor: Int, by transform: Constant.Transform) throws(ModelError) -> Int? {
    guard let constant = constants[tensor] else { return nil }
    let key = DerivedTensor(source: tensor, transform: transform)
    if let known = derived[key] { return known }
    let changed =
      if let cancelled = try constant.cancelling(transform) { cancelled } else {
        try constant.transformed(by: transform)
      }
    let result = try addStored(changed, name: subgraph.tensors[tensor].name)
    derived[key] = result
    return result
  }

  /// The name if nothing has it so far, else with a number behind it that no value of the graph has.
  private func unique(_ name: String) -> String {
    var result = name
    var count = 1
    while count > 1 && valueNames.contains(result) || !names.insert(result).inserted {
      result = "\(name)_\(count)"
      count += 1
    }
    return result
  }

  // MARK: Operators

  /// Appends an operator in the least version that covers its operands.
  ///
  /// - Parameter intermediates: Tensors whose parameters say how the operator computes.
  func emit(
    _ name: String, _ inputs: [Int], _ outputs: [Int], _ options: FlatObject?, intermediates: [Int]? = nil
  ) throws(ModelError) {
    guard let number = FlatSchema.tflite.enumerations["BuiltinOperator"]?.number(of: name) else {
      throw ModelError(.unsupported, "the format has no operator \(name)")
    }
    let signature = OperatorSignature(
      inputs: inputs.map { $0 < 0 ? nil : types[$0] }, outputs: outputs.map { types[$0] },
      options: options ?? FlatObject(""))
    guard KernelTypes.has(name, signature.inputs, signature.outputs) else {
      let types = signature.inputs.compactMap(\.self?.dataType.rawValue).joined(separator: ", ")
      throw ModelError(.unsupported, "runtimes have no kernel \(name) for elements of type \(types)")
    }
    if name == "DEQUANTIZE" { dequantized[outputs[0]] = inputs[0] }
    let version = OperatorVersions.version(of: name, signature)
    var item = TFLiteModel.Operator()
    item.inputs = inputs
    item.outputs = outputs
    item.options = options
    item.intermediates = intermediates
    append(item, .init(builtin: number, version: version.number))
  }

  /// Lets the last operator compute `result` if it computes `tensor`; else reshapes `tensor` to what it is already.
  func redirect(_ tensor: Int, to result: Int) throws(ModelError) {
    if let last = subgraph.operators.indices.last, subgraph.operators[last].outputs == [tensor] {
      subgraph.operators[last].outputs = [result]
      return
    }
    try emitReshape(tensor, to: result)
  }

  /// Appends a reshape to the shape of `result`, of which one size at most is not fixed.
  func emitReshape(_ tensor: Int, to result: Int) throws(ModelError) {
    guard let sizes = Self.reshapeSizes(types[result].shape) else {
      throw ModelError(.unsupported, "a reshape to \(types[result].shape)")
    }
    try emit("RESHAPE", [tensor, integers(sizes)], [result], FlatObject("ReshapeOptions"))
  }

  /// A shape as an operand of RESHAPE, in which -1 is what the other sizes leave; nil if they leave it open.
  static func reshapeSizes(_ shape: Shape) -> [Int]? {
    let sizes = shape.dimensions.map { $0.fixed ?? -1 }
    let open = sizes.count { $0 == -1 }
    return open == 0 || open == 1 && !sizes.contains(0) ? sizes : nil
  }

  /// Appends an operator as it is.
  func append(_ item: TFLiteModel.Operator, _ code: TFLiteModel.OperatorCode) {
    var item = item
    item.code = (root ?? self).number(of: code)
    subgraph.operators.append(item)
  }

  private func number(of code: TFLiteModel.OperatorCode) -> Int {
    let number = codes[code] ?? model.operatorCodes.count
    if codes.updateValue(number, forKey: code) == nil { model.operatorCodes.append(code) }
    if let needed = OperatorVersions.runtime(of: code.name, version: code.version) { require(needed) }
    return number
  }

  private func require(_ needed: String) {
    func numbers(_ version: String) -> [Int] { version.split(separator: ".").compactMap { Int($0) } }
    if numbers(runtime).lexicographicallyPrecedes(numbers(needed)) { runtime = needed }
  }

  // MARK: Completion

  /// Drops tensors that nothing uses; returns where the others went.
  private func compact() -> [Int: Int] {
    var used = Set(subgraph.inputs + subgraph.outputs)
    for item in subgraph.operators { used.formUnion(item.inputs + item.outputs + (item.intermediates ?? [])) }
    var positions: [Int: Int] = [-1: -1]
    var kept: [TFLiteModel.Tensor] = []
    for (index, tensor) in subgraph.tensors.enumerated() where used.contains(index) {
      positions[index] = kept.count
      kept.append(tensor)
    }
    func moved(_ list: [Int]) -> [Int] { list.map { positions[$0] ?? -1 } }
    subgraph.tensors = kept
    subgraph.inputs = moved(subgraph.inputs)
    subgraph.outputs = moved(subgraph.outputs)
    for index in subgraph.operators.indices {
      subgraph.operators[index].inputs = moved(subgraph.operators[index].inputs)
      subgraph.operators[index].outputs = moved(subgraph.operators[index].outputs)
      subgraph.operators[index].intermediates = subgraph.operators[index].intermediates.map(moved)
    }
    return positions
  }

  /// Gives each constant a buffer; those of equal contents share one.
  private func storeConstants(_ positions: [Int: Int]) -> [Int: Constant] {
    model.buffers = [.data(.empty)]
    var stored: [Int: Constant] = [:]
    var known: [Constant.Contents: Int] = [:]
    for (tensor, constant) in constants.sorted(by: { $0.key < $1.key }) {
      guard let position = positions[tensor] else { continue }
      let key = Constant.Contents(constant)
      let buffer = known[key] ?? model.buffers.count
      if known.updateValue(buffer, forKey: key) == nil {
        stored[buffer] = constant
        let count = constant.type.shape.elementCount ?? 0
        model.buffers.append(.later(count: constant.type.dataType.byteCount(elements: count) ?? 0))
      }
      subgraph.tensors[position].buffer = buffer
    }
    return stored
  }

  /// The first runtime that has every operator's version, as converters note it: 16 bytes, padded with zeros.
  private func addMetadata() {
    var bytes = Array(runtime.utf8.prefix(15))
    bytes += [UInt8](repeating: 0, count: 16 - bytes.count)
    model.metadata = [.init(name: "min_runtime_version", buffer: model.buffers.count)]
    model.buffers.append(.data(ByteRegion(bytes)))
  }
}

extension Constant {
  /// The constant without its last step, if `transform` would undo it.
  func cancelling(_ transform: Transform) throws(ModelError) -> Constant? {
    guard case .permute(let next) = transform, case .permute(let last)? = transforms.last,
      next.indices.allSatisfy({ last[next[$0]] == $0 })
    else { return nil }
    return try withoutLastTransform()
  }

  /// The constant before its last step; nil if it has none.
  fileprivate func withoutLastTransform() throws(ModelError) -> Constant? {
    guard !transforms.isEmpty else { return nil }
    var result = try Constant(
      storedType.dataType, shape: storedType.shape.fixed ?? [], quantization: storedType.quantization,
      bytes: bytes, encoding: encoding, compression: compression)
    for step in transforms.dropLast() { result = try result.transformed(by: step) }
    return result
  }
}
