/// An edge of the graph: what flows from one definition to any number of uses.
public struct Value: Sendable {
  /// What a value is defined by.
  public enum Definition: Sendable {
    /// The caller of the graph.
    case input
    /// A constant of the file.
    case constant(Constant)
    /// What the last run of the graph left; the constant before the first.
    case state(initial: Constant)
    /// The result of a node with this index.
    case result(of: NodeID, index: Int)
  }

  /// Its name in the source; names of inputs are unique, others need not be.
  public var name: String
  /// Its type; nil where inference had nothing to go on, as behind a ``ForeignOperator``.
  public internal(set) var type: TensorType?
  /// What defines it.
  public internal(set) var definition: Definition
  /// The elements of a small integer tensor, as far as they are known before the graph runs.
  ///
  /// This carries shapes that are computed in the graph through inference.
  public internal(set) var knownElements: [Shape.Dimension]?
  /// The nodes that use it, one entry for each use, oldest first.
  public internal(set) var users: [NodeID] = []

  /// The constant that defines it, if one does.
  public var constant: Constant? {
    if case .constant(let constant) = definition { constant } else { nil }
  }

  /// What a state is before the first run, if the value is one.
  public var initialState: Constant? {
    if case .state(let constant) = definition { constant } else { nil }
  }

  /// The node that defines it, if one does.
  public var producer: NodeID? {
    if case .result(let node, _) = definition { node } else { nil }
  }

  /// Whether the caller of the graph defines it.
  public var isInput: Bool {
    if case .input = definition { true } else { false }
  }
}
