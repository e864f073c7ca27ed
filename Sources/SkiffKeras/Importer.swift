import SkiffBinary
import SkiffHDF5Index
import SkiffIR

/// Turns what a model of Keras says into a graph.
package final class Importer {
  var graph: Graph
  /// Whether Keras 3 wrote the model, which defines some functions otherwise than Keras 2.
  let isKeras3: Bool
  private let weights: KerasWeights
  private var constants: [ConstantKey: ValueID] = [:]
  /// What the states of layers that remember are after the calls so far, by their paths.
  private var states: [String: [ValueID]] = [:]
  private var firstStates: [String: [ValueID]] = [:]
  private var isInSubgraph = false
  private var warnings: [Warning] = []

  /// A constant that was made from a variable: the same steps on the same variable give the same value.
  private struct ConstantKey: Hashable {
    let path: String
    let steps: [Constant.Transform]
  }

  /// The graph that a model describes, with the variables of its weights as constants.
  ///
  /// - Parameter warnings: Gets what a user should know.
  /// - Throws: ``ModelError/Code/unsupported`` with a note for each layer that Skiff does not know,
  ///   ``ModelError/Code/malformed`` with a note for each variable that is missing, superfluous or swapped, and the
  ///   layer and setting that something else is wrong with.
  package static func makeGraph(
    from model: KerasModel, warnings: inout [Warning]
  ) throws(ModelError) -> Graph {
    try LayerMapping.requireAll(of: model.architecture)
    guard let file = model.weights else {
      throw ModelError(.invalidArgument, "the model has an architecture only; give a file with its weights")
    }
    let owner = try VariableOwner(model.architecture)
    let weights = try KerasWeights(of: owner, in: file, isOwn: model.isOwn)
    if let first = weights.renamed.first {
      warnings.append(
        Warning(
          "the weights of \(weights.renamed.count) layers have other names, as those of layer '\(first.layer)', which are called '\(first.group)': they go by their order"
        ))
    }
    let importer = Importer(Graph(name: model.architecture.name), weights, isKeras3: model.isKeras3)
    defer { warnings += importer.warnings }
    try importer.importModel(model.architecture)
    return importer.graph
  }

  private init(_ graph: Graph, _ weights: KerasWeights, isKeras3: Bool) {
    self.graph = graph
    self.isKeras3 = isKeras3
    self.weights = weights
  }

  func warn(_ message: String, at location: Location) {
    warnings.append(Warning(message, at: location))
  }

  private func importModel(_ model: KerasArchitecture) throws(ModelError) {
    let inputs = try model.inputTypes()
    let values = inputs.map { KerasTensor(value: graph.addInput($0.name, $0.type)) }
    let outputs = try run(model, on: values, path: "", name: "").map(\.value)
    var names: Set<String> = []
    for (name, value) in zip(model.outputNames, outputs) {
      var unique = name
      var count = 0
      while !names.insert(unique).inserted {
        count += 1
        unique = "\(name)_\(count)"
      }
      graph.addOutput(value, name: unique)
    }
    graph.removeUnused()
    try graph.verify()
  }

  /// The results of one call of a model, which may be a layer of another one.
  ///
  /// - Parameters:
  ///   - path: What its variables are found by.
  ///   - name: What its nodes' names start with.
  func run(
    _ model: KerasArchitecture, on inputs: [KerasTensor], path: String, name: String
  ) throws(ModelError) -> [KerasTensor] {
    switch model.kind {
    case .sequential:
      var values = inputs
      for layer in model.layers where layer.className != "InputLayer" {
        values = try call(layer, on: values, path: join(path, layer.name), name: join(name, layer.name))
      }
      return values
    case .functional:
      return try FunctionalRun(model).results(of: inputs) { (layer, index, tensors) throws(ModelError) in
        let suffix = index == 0 ? "" : "_call\(index)"
        return try call(
          layer, layer.calls[index], on: tensors, path: join(path, layer.name),
          name: join(name, layer.name + suffix))
      }
    }
  }

  /// The results of one call of a layer; `how` says what else it is called with than the tensors.
  func call(
    _ layer: KerasLayer, _ how: KerasLayer.Call? = nil, on tensors: [KerasTensor], path: String, name: String
  ) throws(ModelError) -> [KerasTensor] {
    try locating(layer.location) { () throws(ModelError) in
      if let model = layer.model.first {
        return try run(
          model, on: CallArguments(how ?? .tensors(tensors.count), tensors).modelInputs(), path: path,
          name: name)
      }
      guard let mapping = LayerMapping.of(layer) else {
        throw ModelError(.unsupported, "Skiff does not know this class of layers")
      }
      let call = try LayerCall(
        importer: self, layer: layer, path: path, name: name, how: how ?? .tensors(tensors.count),
        tensors: tensors)
      try call.requireFloat32Policy()
      let results = try mapping.makeNodes(call)
      try call.requireAllRead()
      return results
    }
  }

  /// A graph of its own, of inputs of these types and the results that `make` gives for them.
  func subgraph(
    _ types: [TensorType], _ make: ([ValueID]) throws(ModelError) -> [ValueID]
  ) throws(ModelError) -> Subgraph {
    let outer = (graph, constants, isInSubgraph)
    (graph, constants, isInSubgraph) = (Graph(), [:], true)
    defer { (graph, constants, isInSubgraph) = outer }
    let inputs = types.enumerated().map { graph.addInput("input\($0)", $1) }
    for (index, value) in try make(inputs).enumerated() { graph.addOutput(value, name: "output\(index)") }
    graph.removeUnused()
    return Subgraph(graph)
  }

  /// The states of a layer that remembers from one run to the next, of these types; zeros at first.
  func states(of path: String, _ types: [TensorType]) throws(ModelError) -> [ValueID] {
    if let known = states[path] { return known }
    guard !isInSubgraph else {
      throw ModelError(
        .unsupported, "cannot be true inside of another layer", at: Location(attribute: "stateful"))
    }
    var values: [ValueID] = []
    for (index, type) in types.enumerated() {
      guard let sizes = type.shape.fixed, let count = sizes.checkedProduct(), count <= Limits.current.count
      else {
        throw ModelError(.unsupported, "needs a batch of a fixed size", at: Location(attribute: "stateful"))
      }
      let zeros = Tensor([Float](repeating: 0, count: count), shape: sizes)
      values.append(graph.addState("\(path)/state\(index)", initial: Constant(zeros)))
    }
    states[path] = values
    firstStates[path] = values
    return values
  }

  /// Leaves the states of a layer that remembers to its next call and to the next run.
  func setStates(of path: String, to values: [ValueID]) {
    states[path] = values
    for (state, value) in zip(firstStates[path] ?? [], values) { graph.setNext(of: state, to: value) }
  }

  /// A variable as a constant, after `steps`.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if it has another shape than `shape`.
  func variable(
    _ variable: String, of path: String, shape: [Int], steps: [Constant.Transform]
  ) throws(ModelError) -> ValueID {
    let key = ConstantKey(path: "\(path)/\(variable)", steps: steps)
    if let known = constants[key] { return known }
    var constant = try self.constant(variable, of: path, shape: shape)
    try locating(Location(tensor: key.path)) { () throws(ModelError) in
      for step in steps { constant = try constant.transformed(by: step) }
    }
    let value = graph.addConstant(constant, name: key.path)
    constants[key] = value
    return value
  }

  /// The numbers of a variable, for what is computed while importing.
  func numbers(of variable: String, at path: String, shape: [Int]) throws(ModelError) -> [Float] {
    try constant(variable, of: path, shape: shape).materialize().floats()
  }

  private func constant(
    _ variable: String, of path: String, shape: [Int]
  ) throws(ModelError) -> Constant {
    try locating(Location(tensor: "\(path)/\(variable)")) { () throws(ModelError) in
      guard let stored = weights[path, variable] else {
        throw ModelError(.malformed, "the variable is missing")
      }
      guard stored.dataset.shape == shape else {
        throw ModelError(
          .malformed,
          "the variable has the shape \(Shape(stored.dataset.shape)), the layer needs \(Shape(shape))",
          notes: ["it is the dataset '\(stored.path)'"])
      }
      guard let dataType = stored.dataset.elementType.dataType, let bytes = stored.dataset.bytes else {
        throw ModelError(.unsupported, "the variable has elements that are no numbers")
      }
      let constant = try Constant(dataType, shape: shape, bytes: bytes)
      return dataType == .float32 ? constant : try constant.transformed(by: .cast(.float32))
    }
  }
}

extension HDF5Index.ElementType {
  /// The type that variables of this kind have; two bytes without a meaning are how Keras stores bfloat16.
  var dataType: DataType? {
    switch self {
    case .float(2): .float16
    case .float(4): .float32
    case .float(8): .float64
    case .opaque(2): .bfloat16
    case .signed(1): .int8
    case .signed(2): .int16
    case .signed(4): .int32
    case .signed(8): .int64
    case .unsigned(1): .uint8
    case .unsigned(2): .uint16
    case .unsigned(4): .uint32
    case .unsigned(8): .uint64
    case .boolean: .boolean
    default: nil
    }
  }
}
