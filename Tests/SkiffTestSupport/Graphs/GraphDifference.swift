import SkiffIR

/// The first difference between two graphs, nil if they are equal but for the identifiers of their values.
///
/// Constants are equal if their materialized bytes are, and, where no transforms are pending, their encodings.
package func difference(_ a: Graph, _ b: Graph) throws -> String? {
  if a.name != b.name { return "names \(a.name) and \(b.name)" }
  var partner: [ValueID: ValueID] = [:]
  func match(_ left: [ValueID], _ right: [ValueID], _ what: String) -> String? {
    guard left.count == right.count else { return "\(left.count) and \(right.count) \(what)" }
    for (x, y) in zip(left, right) {
      partner[x] = y
      if a[x].name != b[y].name { return "\(what) '\(a[x].name)' and '\(b[y].name)'" }
      if a[x].type != b[y].type { return "types of \(what) \(a[x]) and \(b[y])" }
      if a[x].knownElements != b[y].knownElements { return "known elements of \(what) \(a[x]) and \(b[y])" }
    }
    return nil
  }
  if let found = match(a.inputs, b.inputs, "inputs") { return found }
  if let found = match(a.constantIDs, b.constantIDs, "constants") { return found }
  for (x, y) in zip(a.constantIDs, b.constantIDs) {
    guard let left = a[x].constant, let right = b[y].constant else { continue }
    if try left.materialize() != right.materialize() { return "contents of constant '\(a[x].name)'" }
    if left.transforms.isEmpty, left.encoding != right.encoding { return "encodings of '\(a[x].name)'" }
  }
  if let found = match(a.states.map(\.value), b.states.map(\.value), "states") { return found }
  for (x, y) in zip(a.states, b.states)
  where try a[x.value].initialState?.materialize() != b[y.value].initialState?.materialize() {
    return "what state '\(a[x.value].name)' is at first"
  }
  guard a.nodeIDs.count == b.nodeIDs.count else { return "\(a.nodeIDs.count) and \(b.nodeIDs.count) nodes" }
  for (x, y) in zip(a.nodeIDs, b.nodeIDs) {
    let (left, right) = (a[x], b[y])
    if left.name != right.name || left.origins != right.origins { return "nodes \(left) and \(right)" }
    for (one, other) in zip(left.operator.subgraphs, right.operator.subgraphs) {
      if let found = try difference(one.graph, other.graph) { return "inside of \(left): \(found)" }
    }
    if text(of: left.operator) != text(of: right.operator) { return "operators of \(left) and \(right)" }
    if left.inputs.map({ $0.flatMap { partner[$0] } }) != right.inputs { return "operands of \(left)" }
    if let found = match(left.outputs, right.outputs, "results") { return found }
  }
  if a.states.map({ partner[$0.next] }) != b.states.map(\.next) { return "what is left of states" }
  guard a.outputs.map(\.name) == b.outputs.map(\.name),
    a.outputs.map({ partner[$0.value] }) == b.outputs.map(\.value)
  else { return "outputs \(a.outputs) and \(b.outputs)" }
  return nil
}

/// Compared as text, since a number that is none does not even equal itself.
private func text(of operator: any Operator) -> String {
  let foreign = (`operator` as? ForeignOperator)?.foreignAttributes ?? []
  return "\(type(of: `operator`)) \(`operator`.attributeValues) \(foreign.map { "\($0.name)=\($0.value)" })"
}
