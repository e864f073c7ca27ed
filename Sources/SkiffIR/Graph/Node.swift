import SkiffBinary

/// The application of an operator to values.
public struct Node: Sendable {
  /// Its name in the source, or one that a pass gave it; not necessarily unique.
  public var name: String
  /// What is applied.
  public internal(set) var `operator`: any Operator
  /// What it is applied to, in the order of the operator's operands; nil for one that is left out.
  public internal(set) var inputs: [ValueID?]
  /// What it computes.
  public internal(set) var outputs: [ValueID]
  /// The nodes of the source file that it computes; several after a fusion.
  public var origins: [Origin]

  /// The place of the node for errors: that of its source if it has one.
  public var location: Location {
    origins.first?.location
      ?? Location(node: .init(name: name, operatorName: type(of: `operator`).name))
  }

  /// Whether the first operand is integers that stand for real numbers.
  package func takesQuantized(in graph: Graph) -> Bool {
    inputs.first.flatMap(\.self).map { graph[$0].type?.isQuantized == true } ?? false
  }
}
