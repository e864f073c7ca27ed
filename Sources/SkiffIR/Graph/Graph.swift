import SkiffBinary

/// A neural network: nodes in topological order, and the values between them.
///
/// A graph can remember: a state is a value that a run begins with and leaves another value for the next.
///
/// A graph is a value: a copy is cheap and independent. Identifiers stay valid in copies.
public struct Graph: Sendable {
  /// A result of the whole graph, under the name its callers know.
  public struct Output: Hashable, Sendable {
    /// Unique among the outputs.
    public var name: String
    /// What is returned; several outputs may return the same value.
    public var value: ValueID
  }

  /// A value that one run of the graph leaves for the next.
  public struct State: Hashable, Sendable {
    /// What a run begins with.
    public let value: ValueID
    /// What it leaves, of the same type.
    public internal(set) var next: ValueID
  }

  /// The name in the source; may be empty.
  public var name: String
  /// The values that a caller provides, in order.
  public internal(set) var inputs: [ValueID] = []
  /// The values that a caller gets, in order.
  public internal(set) var outputs: [Output] = []
  /// What one run leaves for the next, in order.
  public internal(set) var states: [State] = []
  /// The nodes, each after all that it depends on.
  public internal(set) var nodeIDs: [NodeID] = []
  /// Grows with every change.
  public internal(set) var revision = 0

  var nodeTable: [Node?] = []
  var valueTable: [Value?] = []

  /// Creates an empty graph.
  public init(name: String = "") { self.name = name }

  /// The node with this identifier, which must be one of the graph's.
  public subscript(id: NodeID) -> Node {
    guard let node = nodeTable[id.index] else { preconditionFailure("node \(id.index) was removed") }
    return node
  }

  /// The value with this identifier, which must be one of the graph's.
  public subscript(id: ValueID) -> Value {
    guard let value = valueTable[id.index] else { preconditionFailure("value \(id.index) was removed") }
    return value
  }

  /// Whether the node was not removed.
  public func contains(_ id: NodeID) -> Bool { id.index < nodeTable.count && nodeTable[id.index] != nil }

  /// Whether the value was not removed.
  public func contains(_ id: ValueID) -> Bool { id.index < valueTable.count && valueTable[id.index] != nil }

  /// Every value, oldest first.
  public var valueIDs: [ValueID] {
    valueTable.indices.lazy.filter { valueTable[$0] != nil }.map(ValueID.init(index:))
  }

  /// The values that constants define, oldest first.
  public var constantIDs: [ValueID] { valueIDs.filter { self[$0].constant != nil } }

  /// The node that computes a value, if one does.
  public func producer(of value: ValueID) -> Node? {
    guard let id = self[value].producer else { return nil }
    return nodeTable[id.index]
  }

  /// The only node that uses a value, if there is just one use and the graph does not return it.
  public func soleUser(of value: ValueID) -> NodeID? {
    let users = self[value].users
    return users.count == 1 && !isOutput(value) ? users[0] : nil
  }

  /// Whether the graph returns the value or leaves it for the next run.
  public func isOutput(_ value: ValueID) -> Bool {
    outputs.contains { $0.value == value } || states.contains { $0.next == value }
  }

  /// The node's operator if it is of this type.
  public func `operator`<Kind: Operator>(of node: NodeID, as kind: Kind.Type = Kind.self) -> Kind? {
    self[node].operator as? Kind
  }

  /// The names of the symbols in the types of the inputs, sorted.
  public var symbols: [String] {
    var names: Set<String> = []
    for input in inputs {
      for dimension in self[input].type?.shape.dimensions ?? [] {
        names.formUnion(dimension.expression?.symbols ?? [])
      }
    }
    return names.sorted()
  }
}
