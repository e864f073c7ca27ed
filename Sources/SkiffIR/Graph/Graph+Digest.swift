import SkiffBinary

extension Graph {
  /// A digest of what the graph computes, equal for graphs that are equal in meaning.
  ///
  /// It covers the names, types and order of inputs and outputs, the states, and behind each output the operators with all
  /// attributes, the types with quantization, and the contents of constants. Names and origins of nodes, names of
  /// other values and of symbols, the order of independent nodes, nodes that no output depends on, and the way in which
  /// constants are stored, shared or still transformed make no difference.
  ///
  /// - Throws: Whatever materializing a constant throws.
  public func semanticDigest() throws(ModelError) -> Digest {
    var digests: [ValueID: Digest] = [:]
    let symbols = numberedSymbols
    var whole = DigestInput("graph")
    for (index, id) in inputs.enumerated() {
      var input = DigestInput("input")
      input.append(index)
      input.append(self[id].name)
      input.append(self[id].type?.renamingSymbols(symbols))
      digests[id] = input.digest
      whole.append(input.digest)
    }
    for id in constantIDs {
      guard let constant = self[id].constant else { continue }
      digests[id] = try digest(of: constant, as: "constant", at: id)
    }
    for (index, state) in states.enumerated() {
      guard let initial = self[state.value].initialState else { continue }
      var input = DigestInput("state")
      input.append(index)
      input.append(try digest(of: initial, as: "initial", at: state.value))
      digests[state.value] = input.digest
      whole.append(input.digest)
    }
    for id in nodeIDs {
      let node = self[id]
      let digest = try node.semanticDigest(of: node.inputs.map { $0.flatMap { digests[$0] } })
      for (index, output) in node.outputs.enumerated() {
        var result = DigestInput("result")
        result.append(index)
        result.append(self[output].type?.renamingSymbols(symbols))
        result.append(digest)
        digests[output] = result.digest
      }
    }
    for output in outputs {
      whole.append(output.name)
      if let digest = digests[output.value] { whole.append(digest) }
    }
    for state in states {
      if let digest = digests[state.next] { whole.append(digest) }
    }
    return whole.digest
  }

  /// Names for the symbols by the inputs that have them first.
  private var numberedSymbols: [String: String] {
    var names: [String: String] = [:]
    for dimension in inputs.flatMap({ self[$0].type?.shape.dimensions ?? [] }) {
      for symbol in (dimension.expression?.symbols ?? []).sorted() where names[symbol] == nil {
        names[symbol] = "#\(names.count)"
      }
    }
    return names
  }

  private func digest(
    of constant: Constant, as kind: String, at id: ValueID
  ) throws(ModelError) -> Digest {
    let tensor = try locating(Location(tensor: self[id].name)) { () throws(ModelError) in
      try constant.materialize()
    }
    var input = DigestInput(kind)
    input.append(tensor.type)
    input.append(Digest(of: try tensor.withoutUnusedBits().bytes))
    return input.digest
  }
}

extension TensorType {
  fileprivate func renamingSymbols(_ names: [String: String]) -> TensorType {
    var result = self
    for axis in shape.dimensions.indices {
      guard case .symbolic(let expression) = shape[axis] else { continue }
      result.shape[axis] = .symbolic(expression.renamingSymbols(names))
    }
    return result
  }
}

extension Tensor {
  /// The same elements, with zeros in the bits behind the last of them.
  fileprivate func withoutUnusedBits() throws(ModelError) -> Tensor {
    guard dataType.isInteger, count * dataType.bitWidth % 8 != 0 else { return self }
    return try Tensor(integers: integers(), as: dataType, shape: shape)
  }
}

extension Node {
  fileprivate func semanticDigest(of operands: [Digest?]) throws(ModelError) -> Digest {
    var input = DigestInput("node")
    input.append(type(of: `operator`).name)
    for (name, value) in `operator`.attributeValues {
      input.append(name)
      if case .graph(let subgraph) = value {
        input.append(try subgraph.graph.semanticDigest())
      } else {
        input.append(value.description)
      }
    }
    for attribute in (`operator` as? ForeignOperator)?.foreignAttributes ?? [] {
      input.append(attribute.name)
      input.append(attribute.value.description)
    }
    input.append(operands.count)
    for operand in operands {
      input.append(operand == nil ? 0 : 1)
      if let operand { input.append(operand) }
    }
    return input.digest
  }
}

/// Bytes from which what was appended could be read back, so that different things never look the same.
private struct DigestInput {
  private var bytes: [UInt8] = []

  init(_ kind: String) { append(kind) }

  var digest: Digest { Digest(of: bytes) }

  mutating func append(_ integer: Int) {
    withUnsafeBytes(of: UInt64(bitPattern: Int64(integer)).littleEndian) { bytes += $0 }
  }

  mutating func append(_ text: String) {
    append(text.utf8.count)
    bytes += text.utf8
  }

  mutating func append(_ type: TensorType?) { append(type?.description ?? "?") }

  mutating func append(_ digest: Digest) { bytes += digest.bytes }
}
