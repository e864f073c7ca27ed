import SkiffBinary
import SkiffIR

extension NodeImport {
  /// Imports nodes in their order.
  mutating func importNodes(_ nodes: [ONNXNode]) throws(ModelError) {
    for (index, node) in nodes.enumerated() {
      nodeCount += 1
      // Functions that call functions can grow without bound.
      guard nodeCount <= limits.count else {
        throw ModelError(.limitExceeded, "more than \(limits.count) nodes")
      }
      self.node = node
      self.index = index
      let location = location
      do throws(ModelError) {
        try importNode()
      } catch {
        throw error.located(location)
      }
    }
  }

  private mutating func importNode() throws(ModelError) {
    let node = self.node
    let domain = Self.canonical(node.domain)
    inputs = []
    usedAttributes = []
    for name in node.inputs {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let value = try value(named: name) else {
        throw ModelError(.malformed, "the operand is not computed before", at: Location(tensor: name))
      }
      inputs.append(value)
    }
    while inputs.last == .some(nil) { inputs.removeLast() }
    let results: [ValueID]
    if let function = model.functions.first(where: {
      $0.name == node.operatorName && Self.canonical($0.domain) == domain && $0.overload == node.overload
    }) {
      results = try call(function)
    } else {
      guard let version = version(ofDomain: domain) else {
        throw ModelError(.malformed, "the model does not import the operator set '\(domain)'")
      }
      self.version = version
      results = try mapped(domain: domain)
    }
    // Inlined nodes took the place of the node whose results these are.
    self.node = node
    for (name, value) in zip(node.outputs, results) where !name.isEmpty {
      guard scopes.define(name, value) else {
        throw ModelError(.malformed, "the result is computed twice", at: Location(tensor: name))
      }
      if graph[value].name.isEmpty { graph.setName(of: value, to: name) }
    }
    for name in node.outputs.dropFirst(results.count) where !name.isEmpty {
      throw ModelError(.malformed, "there is no such result", at: Location(tensor: name))
    }
  }

  private mutating func mapped(domain: String) throws(ModelError) -> [ValueID] {
    let title = domain.isEmpty ? node.operatorName : "\(domain).\(node.operatorName)"
    guard let row = Dialect.onnx.row(node.operatorName, domain: domain, version: version) else {
      return try foreign("operator '\(title)' of version \(version) is not known")
    }
    let results: [ValueID]
    do throws(ModelError) {
      results = try row.read(&self)
    } catch {
      guard error.code == .unsupported else { throw error }
      let attribute = error.location.attribute.map { ", attribute '\($0)'" } ?? ""
      return try foreign("operator '\(title)'\(attribute): \(error.message)", reason: error.message)
    }
    for attribute in node.attributes where !usedAttributes.contains(attribute.name) {
      var place = location
      place.attribute = attribute.name
      reports.warn("the attribute is not known and was ignored", at: place)
    }
    return results
  }

  /// Keeps the node as it is.
  private mutating func foreign(_ report: String, reason: String = "") throws(ModelError) -> [ValueID] {
    reports.foreign(report, at: location)
    var kept = ForeignOperator()
    kept.reason = reason
    kept.dialect = node.domain.isEmpty ? "onnx" : node.domain
    kept.kind = node.operatorName
    kept.version = version
    kept.outputCount = node.outputs.count
    kept.foreignAttributes = node.attributes.map { .init($0.name, $0.foreignValue) }
    return try graph.addNode(
      kept, inputs, name: node.name, origins: [origin], types: node.outputs.map(statedType))
  }

  /// Replaces the node by the nodes of the function that defines it.
  private mutating func call(_ function: ONNXFunction) throws(ModelError) -> [ValueID] {
    guard scopes.depth < limits.depth else {
      throw ModelError(.limitExceeded, "functions nest deeper than \(limits.depth)")
    }
    guard inputs.count <= function.inputs.count else {
      throw ModelError(.malformed, "\(inputs.count) operands for a function of \(function.inputs.count)")
    }
    var attributes: [String: ONNXAttribute] = [:]
    for attribute in function.defaultAttributes { attributes[attribute.name] = attribute }
    for attribute in node.attributes { attributes[attribute.name] = try resolved(attribute) }
    let outer = (operatorSets, callAttributes, index)
    scopes.open(.function)
    for (name, value) in zip(function.inputs, inputs) {
      if let value, !scopes.define(name, value) {
        throw ModelError(.malformed, "two parameters have this name", at: Location(tensor: name))
      }
    }
    (operatorSets, callAttributes) = (function.operatorSets, attributes)
    try importNodes(function.nodes)
    var results: [ValueID] = []
    for name in function.outputs {
      guard let value = try value(named: name) else {
        throw ModelError(
          .malformed, "the function '\(function.name)' does not compute it", at: Location(tensor: name))
      }
      results.append(value)
    }
    scopes.close()
    (operatorSets, callAttributes, index) = outer
    return results
  }

  /// The origin of what the node becomes.
  var origin: Origin { Origin(name: node.name, operatorName: node.operatorName, index: index) }
}

extension ONNXAttribute {
  /// The value for a foreign operator; what has no counterpart stays as the file has it.
  var foreignValue: AttributeValue {
    switch value {
    case .real(let real): .real(Double(real))
    case .integer(let integer): .integer(integer)
    case .bytes(let bytes):
      bytes.withBytes { String(validating: $0, as: UTF8.self).map(AttributeValue.text) ?? .bytes(Array($0)) }
    case .reals(let reals): .reals(reals.map(Double.init))
    case .integers(let integers): .integers(integers)
    case .byteStrings(let strings):
      .texts(strings.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } })
    default: .bytes(region.withBytes { Array($0) })
    }
  }
}
