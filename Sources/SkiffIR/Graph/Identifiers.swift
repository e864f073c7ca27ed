/// A node of one graph; never reused after the node is removed.
public struct NodeID: Hashable, Sendable, Comparable {
  /// The position in the graph's own table.
  package let index: Int

  package init(index: Int) { self.index = index }

  /// Nodes compare by age, not by their order in the graph.
  public static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

/// A value of one graph; never reused after the value is removed.
public struct ValueID: Hashable, Sendable, Comparable {
  /// The position in the graph's own table.
  package let index: Int

  package init(index: Int) { self.index = index }

  /// Values compare by age.
  public static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}
