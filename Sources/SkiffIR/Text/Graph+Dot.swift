extension Graph {
  /// The graph for Graphviz: a box for each node, an ellipse for each input and output, edges with their types.
  public var dot: String {
    var lines = ["digraph \(name.quoted) {", "  node [shape=box]"]
    for input in inputs {
      lines.append("  v\(input.index) [shape=ellipse, label=\(self[input].name.quoted)]")
    }
    for id in nodeIDs {
      let node = self[id]
      let kind = (node.operator as? ForeignOperator)?.kind ?? type(of: node.operator).name
      lines.append("  n\(id.index) [label=\((node.name.isEmpty ? kind : "\(kind)\n\(node.name)").quoted)]")
      for case let input? in node.inputs where self[input].constant == nil {
        lines.append("  \(dotSource(of: input)) -> n\(id.index) [label=\(dotLabel(of: input))]")
      }
    }
    for (index, output) in outputs.enumerated() {
      lines.append("  o\(index) [shape=ellipse, label=\(output.name.quoted)]")
      lines.append("  \(dotSource(of: output.value)) -> o\(index) [label=\(dotLabel(of: output.value))]")
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private func dotSource(of id: ValueID) -> String {
    let value = self[id]
    if case .result(let node, _) = value.definition { return "n\(node.index)" }
    return "v\(id.index)"
  }

  private func dotLabel(of value: ValueID) -> String {
    (self[value].type.map { "\($0.dataType.rawValue)\($0.shape)" } ?? "?").quoted
  }
}
