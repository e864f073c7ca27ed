import SkiffBinary
import SkiffIR
import SkiffOperators

/// States that belong to one operator are its variable tensors. Others are variables that are read before everything else and assigned after it. What they are at first is assigned by a
/// subgraph of its own, which runs once.
extension Exporter {
  /// The subgraph that assigns what states are at first.
  private static let initialization = 1

  /// The states that are read and assigned by name.
  private var resources: [Graph.State] { graph.states.filter { !variableTensors.contains($0.value) } }

  /// Whether there is a subgraph that assigns what states are at first.
  var initializesStates: Bool { !resources.isEmpty }

  /// The states that one operator reads and writes as a variable tensor, which is zero at first.
  static func variableTensors(of graph: Graph) throws(ModelError) -> Set<ValueID> {
    var values: Set<ValueID> = []
    for state in graph.states {
      guard let id = graph.soleUser(of: state.value),
        stateOperands(of: graph[id].operator).contains(where: { operand, result in
          graph[id].inputs.count > operand && graph[id].inputs[operand] == state.value
            && graph[id].outputs[result] == state.next
        }),
        let initial = try graph[state.value].initialState?.materialize()
      else { continue }
      let zero = initial.quantization?.perTensor?.zeroPoint ?? 0
      let isZero =
        try initial.dataType.isInteger
        ? initial.integers().allSatisfy { $0 == zero } : initial.floats().allSatisfy { $0 == 0 }
      if isZero { values.insert(state.value) }
    }
    return values
  }

  /// The operands of an operator that the format has as variable tensors, and the results that they become.
  private static func stateOperands(of operator: any Operator) -> [(operand: Int, result: Int)] {
    switch `operator` {
    case is SVDF: [(4, 1)]
    case is IntegerLSTM: [(18, 1), (19, 2)]
    default: []
    }
  }

  /// Reads each state; returns the tensors that stand for the variables.
  func readStates() throws(ModelError) -> [Int] {
    let resources = resources
    guard !resources.isEmpty else { return [] }
    try emit(
      "CALL_ONCE", [], [],
      FlatObject("CallOnceOptions", ["init_subgraph_index": .integer(Self.initialization)]))
    var handles: [Int] = []
    for (index, state) in resources.enumerated() {
      let name = variableName(index)
      subgraph.tensors.append(try Self.handle(name))
      types.append(TensorType(.int32, .scalar))
      let handle = types.count - 1
      try emit("VAR_HANDLE", [], [handle], Self.options(name))
      let tensor = try addTensor(of: state.value, name: graph[state.value].name)
      try emit("READ_VARIABLE", [handle], [tensor], FlatObject("ReadVariableOptions"))
      handles.append(handle)
    }
    return handles
  }

  /// Assigns what a run leaves of each state.
  func assignStates(_ handles: [Int]) throws(ModelError) {
    for (state, handle) in zip(resources, handles) where state.next != state.value {
      try emit(
        "ASSIGN_VARIABLE", [handle, tensor(of: state.next)], [], FlatObject("AssignVariableOptions"))
    }
  }

  /// The subgraph that assigns what states are at first, if there are any; its constants are added to those stored.
  func initializeStates(_ stored: inout [Int: Constant]) throws(ModelError) -> [TFLiteModel.Subgraph] {
    let resources = resources
    guard !resources.isEmpty else { return [] }
    var result = TFLiteModel.Subgraph()
    result.name = "initialization"
    func operation(_ name: String, _ inputs: [Int], _ outputs: [Int], _ options: FlatObject) {
      var item = TFLiteModel.Operator()
      (item.inputs, item.outputs, item.options) = (inputs, outputs, options)
      let number = FlatSchema.tflite.enumerations["BuiltinOperator"]?.number(of: name)
      item.code = model.operatorCodes.firstIndex { $0.builtin == number } ?? model.operatorCodes.count
      if item.code == model.operatorCodes.count {
        model.operatorCodes.append(.init(builtin: number ?? 0, version: 1))
      }
      result.operators.append(item)
    }
    for (index, state) in resources.enumerated() {
      guard let initial = graph[state.value].initialState else { continue }
      let name = variableName(index)
      result.tensors.append(try Self.handle(name))
      var tensor = TFLiteModel.Tensor()
      tensor.name = "\(name)_initial"
      tensor.type = ElementTypes.number(of: initial.type.dataType) ?? 0
      tensor.shape = initial.shape
      tensor.hasRank = true
      tensor.quantization = try Self.quantization(initial.type)
      tensor.buffer = model.buffers.count
      let count = initial.type.shape.elementCount ?? 0
      model.buffers.append(.later(count: initial.type.dataType.byteCount(elements: count) ?? 0))
      stored[tensor.buffer] = initial
      result.tensors.append(tensor)
      operation("VAR_HANDLE", [], [2 * index], Self.options(name))
      operation("ASSIGN_VARIABLE", [2 * index, 2 * index + 1], [], FlatObject("AssignVariableOptions"))
    }
    return [result]
  }

  /// The name under which a state is known to the runtime.
  private func variableName(_ index: Int) -> String {
    let name = graph[resources[index].value].name
    let isUnique = !name.isEmpty && resources.count { graph[$0.value].name == name } == 1
    return isUnique ? name : "\(name)_\(index)"
  }

  private static func options(_ name: String) -> FlatObject {
    FlatObject("VarHandleOptions", ["container": .string(""), "shared_name": .string(name)])
  }

  private static func handle(_ name: String) throws(ModelError) -> TFLiteModel.Tensor {
    var tensor = TFLiteModel.Tensor()
    tensor.type = FlatSchema.tflite.enumerations["TensorType"]?.number(of: "RESOURCE") ?? 0
    tensor.name = "\(name)_variable"
    tensor.shape = []
    tensor.hasRank = true
    return tensor
  }
}
