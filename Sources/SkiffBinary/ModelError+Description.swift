extension ModelError: CustomStringConvertible {
  /// The error as a compiler prints one: `file: node 'name' (Operator, #3), attribute 'pads': message`.
  public var description: String {
    let place = location.description
    let line = place.isEmpty ? message : "\(place): \(message)"
    return ([line] + notes.map { "  note: \($0)" }).joined(separator: "\n")
  }
}

extension Location: CustomStringConvertible {
  /// The known parts, outermost first; empty if nothing is known.
  public var description: String {
    var inner: [String] = []
    if let pass { inner.append("pass '\(pass)'") }
    if !graphPath.isEmpty { inner.append("graph '\(graphPath.joined(separator: "/"))'") }
    if let node { inner.append(node.description) }
    if let attribute { inner.append("attribute '\(attribute)'") }
    if let tensor { inner.append("tensor '\(tensor)'") }
    if let byteOffset { inner.append("byte \(byteOffset)") }
    let position = [line, column].compactMap(\.self).map { "\($0)" }
    let place = ([file].compactMap(\.self) + position).joined(separator: ":")
    let parts = [place.isEmpty ? nil : place, inner.isEmpty ? nil : inner.joined(separator: ", ")]
    return parts.compactMap(\.self).joined(separator: ": ")
  }
}

extension Location.Node: CustomStringConvertible {
  /// `node 'Conv_12' (Conv, #41)`.
  public var description: String {
    let details = [operatorName.isEmpty ? nil : operatorName, index.map { "#\($0)" }].compactMap(\.self)
    let name = name.isEmpty ? "node" : "node '\(name)'"
    return details.isEmpty ? name : "\(name) (\(details.joined(separator: ", ")))"
  }
}
