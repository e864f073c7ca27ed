import SkiffBinary

extension ArchitectureParser {
  /// One element of `inbound_nodes`: an object with `args` and `kwargs` (Keras 3), or a list of tensors (Keras 2).
  func call(_ json: JSONValue) throws(ModelError) -> KerasLayer.Call {
    var call = KerasLayer.Call()
    if json.object != nil {
      for argument in json["args"]?.array ?? [] { try append(argument, to: &call, depth: 0) }
      call.arguments = json["kwargs"]?.object ?? [:]
      if call.arguments.values.contains(where: { containsTensor($0, depth: 0) }) { call.isUnusual = true }
      return call
    }
    guard let list = json.array else { throw malformed(json) }
    // Early versions of TensorFlow 2 leave out the list around a single tensor.
    let tensors = list.first?.string != nil ? [json] : list
    for tensor in tensors {
      guard let parts = tensor.array, let layer = parts.first?.string else { throw malformed(tensor) }
      if layer == "_CONSTANT_VALUE" {
        append(number: parts.count > 2 ? parts[2].number : nil, to: &call)
      } else {
        call.inputs.append(try reference(parts))
      }
      for (name, value) in (parts.count > 3 ? parts[3].object : nil) ?? [:] {
        // The second operand of TensorFlow's operators.
        if name == "y", let parts = value.array, parts.first?.string != nil, parts.count == 3 {
          call.inputs.append(try reference(parts))
          continue
        }
        if name == "y", let number = value.number {
          append(number: number, to: &call)
          continue
        }
        call.arguments[name] = value
        // A tensor that is passed by name is written like any other list of a name and two numbers.
        if let parts = value.array, parts.first?.string != nil, parts.count == 3 { call.isUnusual = true }
      }
    }
    return call
  }

  private func append(_ json: JSONValue, to call: inout KerasLayer.Call, depth: Int) throws(ModelError) {
    guard depth <= limits.depth else { throw malformed(json) }
    if json["class_name"]?.string == "__keras_tensor__" {
      guard let history = json["config"]?["keras_history"]?.array else { throw malformed(json) }
      call.inputs.append(try reference(history))
    } else if let list = json.array, !list.isEmpty {
      for item in list { try append(item, to: &call, depth: depth + 1) }
    } else {
      append(number: json.number, to: &call)
    }
  }

  private func append(number: Double?, to call: inout KerasLayer.Call) {
    guard let number else {
      call.isUnusual = true
      return
    }
    call.numbers[call.inputs.count + call.numbers.count] = number
  }

  private func containsTensor(_ json: JSONValue, depth: Int) -> Bool {
    guard depth <= limits.depth else { return false }
    if json["class_name"]?.string == "__keras_tensor__" { return true }
    let children = json.array ?? json.object.map { Array($0.values) } ?? []
    return children.contains { containsTensor($0, depth: depth + 1) }
  }

  /// `[layer, call, result]`, as Keras writes a tensor.
  private func reference(_ parts: [JSONValue]) throws(ModelError) -> KerasLayer.TensorReference {
    guard parts.count >= 3, let layer = parts[0].string, let call = parts[1].integer,
      let result = parts[2].integer, (0..<limits.count).contains(call), (0..<limits.count).contains(result)
    else { throw malformed(.array(parts)) }
    return KerasLayer.TensorReference(layer: layer, call: call, result: result)
  }

  /// A tensor, a list of tensors, or an object of tensors in the order of their names.
  func references(_ json: JSONValue?, _ name: String) throws(ModelError) -> [KerasLayer.TensorReference] {
    try locating(Location(attribute: name)) { () throws(ModelError) in
      if let members = json?.object {
        var references: [KerasLayer.TensorReference] = []
        for (_, value) in members.sorted(by: { $0.key < $1.key }) {
          references += try self.references(value, name)
        }
        return references
      }
      guard let list = json?.array, !list.isEmpty else {
        throw ModelError(.malformed, "expected a list of tensors, found \(json?.kind ?? "nothing")")
      }
      if list.first?.string != nil { return [try reference(list)] }
      var references: [KerasLayer.TensorReference] = []
      for item in list {
        guard let parts = item.array else { throw malformed(item) }
        references.append(try reference(parts))
      }
      return references
    }
  }

  private func malformed(_ json: JSONValue) -> ModelError {
    ModelError(
      .malformed, "expected a tensor, found \(json.kind)", at: Location(attribute: "inbound_nodes"))
  }
}
