import SkiffBinary

extension ArchitectureParser {
  /// One element of `inbound_nodes`: an object with `args` and `kwargs` (Keras 3), or a list of tensors (Keras 2).
  func call(_ json: JSONValue) throws(ModelError) -> KerasLayer.Call {
    var call = KerasLayer.Call()
    let isKeras3 = json["args"] != nil || json["kwargs"] != nil
    if isKeras3 {
      for argument in json["args"]?.array ?? [] {
        call.positional.append(
          try self.argument(argument, of: &call, depth: 0) { $0["config"]?["keras_history"]?.array })
      }
      for (name, value) in (json["kwargs"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
        call.named[name] = try argument(value, of: &call, depth: 0) { $0["config"]?["keras_history"]?.array }
      }
      return call
    }
    // A dictionary of tensors is in the order of its keys.
    let members = json.object?.sorted { $0.key < $1.key }.map(\.value)
    guard let list = json.array ?? members else { throw malformed(json) }
    call.hasDictionaries = members != nil
    // Early versions of TensorFlow 2 leave out the list around a single tensor.
    let tensors = list.first?.string != nil ? [json] : list
    var operands: [KerasLayer.Argument] = []
    for tensor in tensors {
      guard let parts = tensor.array, let layer = parts.first?.string else { throw malformed(tensor) }
      if layer == "_CONSTANT_VALUE" {
        operands.append(.value(parts.count > 2 ? parts[2] : .null))
      } else {
        operands.append(.tensor(call.inputs.count))
        call.inputs.append(try reference(parts))
      }
    }
    call.positional = operands.count == 1 ? operands : [.list(operands)]
    // All of them carry the same further arguments.
    let named = tensors.first?.array.flatMap { $0.count > 3 ? $0[3].object : nil } ?? [:]
    for (name, value) in named.sorted(by: { $0.key < $1.key }) {
      // A tensor that is passed by name is written like any other list of a name and two numbers.
      call.named[name] = try argument(value, of: &call, depth: 0) { json in
        guard let parts = json.array, parts.count == 3, parts[0].string != nil, parts[1].integer != nil,
          parts[2].integer != nil
        else { return nil }
        return parts
      }
    }
    return call
  }

  /// An argument, in which `tensor` gives the parts of what stands for a tensor and nil for everything else.
  private func argument(
    _ json: JSONValue, of call: inout KerasLayer.Call, depth: Int, tensor: (JSONValue) -> [JSONValue]?
  ) throws(ModelError) -> KerasLayer.Argument {
    guard depth <= limits.depth else { throw malformed(json) }
    if let parts = tensor(json) {
      call.inputs.append(try reference(parts))
      return .tensor(call.inputs.count - 1)
    }
    // A dictionary of tensors is in the order of its keys.
    let members = json["class_name"] == nil ? json.object?.sorted { $0.key < $1.key }.map(\.value) : nil
    guard let list = json.array ?? members else { return .value(json) }
    let count = call.inputs.count
    var arguments: [KerasLayer.Argument] = []
    for item in list { arguments.append(try argument(item, of: &call, depth: depth + 1, tensor: tensor)) }
    guard call.inputs.count > count else { return .value(json) }
    call.hasDictionaries = call.hasDictionaries || members != nil
    return .list(arguments)
  }

  /// `[layer, call, result]`, as Keras writes a tensor.
  private func reference(_ parts: [JSONValue]) throws(ModelError) -> KerasLayer.TensorReference {
    guard parts.count >= 3, let layer = parts[0].string, let call = parts[1].integer,
      let result = parts[2].integer, (0..<limits.count).contains(call), (0..<limits.count).contains(result)
    else { throw malformed(.array(parts)) }
    return KerasLayer.TensorReference(layer: layer, call: call, result: result)
  }

  /// A tensor, or a list or an object of such, in the order of the names.
  func references(
    _ json: JSONValue?, _ name: String, depth: Int = 0
  ) throws(ModelError) -> [KerasLayer.TensorReference] {
    try locating(Location(attribute: name)) { () throws(ModelError) in
      if let members = json?.object {
        guard depth <= limits.depth else { throw malformed(.object(members)) }
        var references: [KerasLayer.TensorReference] = []
        for (_, value) in members.sorted(by: { $0.key < $1.key }) {
          references += try self.references(value, name, depth: depth + 1)
        }
        return references
      }
      guard let list = json?.array, !list.isEmpty else {
        throw ModelError(.malformed, "expected a list of tensors, found \(json?.kind ?? "nothing")")
      }
      if list.first?.string != nil { return [try reference(list)] }
      guard depth <= limits.depth else { throw malformed(.array(list)) }
      var references: [KerasLayer.TensorReference] = []
      for item in list {
        guard item.array != nil || item.object != nil else { throw malformed(item) }
        references += try self.references(item, name, depth: depth + 1)
      }
      return references
    }
  }

  private func malformed(_ json: JSONValue) -> ModelError {
    ModelError(
      .malformed, "expected a tensor, found \(json.kind)", at: Location(attribute: "inbound_nodes"))
  }
}
