import SkiffBinary
import SkiffIR

/// The variables of a model that operators read and assign by name.
struct Resources {
  /// A variable.
  struct Variable {
    /// What it is before the first run, if the model says so.
    var initial: Constant?
    /// The state of the graph that it became when it was first read before anything was assigned.
    var state: ValueID?
    /// What it has at present, nil before it is read or assigned.
    var value: ValueID?
  }

  /// Whether the subgraph that runs once is imported, in which no other may run.
  var isInitialization = false
  var variables: [String: Variable] = [:]
  /// The names of the variables that tensors stand for, by the number of the tensor.
  var handles: [Int: String] = [:]
}

extension Importer {
  /// Imports an operator on variables; nil if it is another one.
  func importResource(_ item: TFLiteModel.Operator, _ code: TFLiteModel.OperatorCode) throws(ModelError)
    -> Bool
  {
    let options = item.options ?? FlatObject("")
    switch code.name {
    case "VAR_HANDLE":
      guard let tensor = item.outputs.first else { throw ModelError(.malformed, "has no result") }
      resources.handles[tensor] = "\(options.text("container"))/\(options.text("shared_name"))"
    case "READ_VARIABLE":
      guard let tensor = item.outputs.first else { throw ModelError(.malformed, "has no result") }
      try setValue(of: tensor, to: read(variable(item), as: type(of: subgraph.tensors[tensor])))
    case "ASSIGN_VARIABLE":
      guard item.inputs.count == 2, item.inputs[1] >= 0 else {
        throw ModelError(.malformed, "operands \(item.inputs) instead of a variable and a tensor")
      }
      let value = try value(of: item.inputs[1])
      resources.variables[try variable(item), default: .init()].value = value
    case "CALL_ONCE":
      try importInitialization(options.integer("init_subgraph_index"))
    default: return false
    }
    return true
  }

  private func variable(_ item: TFLiteModel.Operator) throws(ModelError) -> String {
    guard let handle = item.inputs.first, let name = resources.handles[handle] else {
      throw ModelError(.malformed, "the first operand is no variable")
    }
    return name
  }

  /// What a variable has: a state if nothing was assigned in this run.
  private func read(_ name: String, as type: TensorType) throws(ModelError) -> ValueID {
    var variable = resources.variables[name] ?? .init()
    if let value = variable.value {
      guard graph[value].type?.dataType == type.dataType, graph[value].type?.quantization == type.quantization
      else { throw ModelError(.unsupported, "a variable read as another type than it was assigned") }
      return value
    }
    guard let initial = variable.initial else {
      throw ModelError(.unsupported, "the variable '\(name)' is read before anything is assigned to it")
    }
    guard initial.type.dataType == type.dataType, initial.type.shape.isCompatible(with: type.shape) else {
      throw ModelError(.malformed, "a variable of \(initial.type) is read as \(type)")
    }
    // Only the bytes are kept; what they stand for is said where they are read.
    let tensor = try initial.materialize()
    let typed = try Tensor(
      type.dataType, shape: tensor.shape, quantization: type.quantization, bytes: tensor.bytes)
    let state = graph.addState(
      name.hasPrefix("/") ? String(name.dropFirst()) : name, initial: Constant(typed))
    (variable.state, variable.value) = (state, state)
    resources.variables[name] = variable
    return state
  }

  /// Takes what a subgraph assigns, which runs once before all others, as what variables are at first.
  private func importInitialization(_ index: Int) throws(ModelError) {
    guard index > 0, model.subgraphs.indices.contains(index), !resources.isInitialization else {
      throw ModelError(.malformed, "subgraph \(index) cannot run once here")
    }
    let inner = Importer(model, model.subgraphs[index], Resources(isInitialization: true))
    for number in inner.subgraph.operators.indices { try inner.importOperator(number) }
    warnings += inner.warnings
    for (name, variable) in inner.resources.variables {
      guard let value = variable.value, let constant = inner.graph[value].constant else {
        throw ModelError(.unsupported, "what the variable '\(name)' is at first is computed")
      }
      resources.variables[name, default: .init()].initial = constant
    }
  }
}

extension FlatObject {
  /// A text, empty if it is not stored.
  fileprivate func text(_ name: String) -> String {
    if case .string(let text)? = self[name] { return text }
    return ""
  }
}
