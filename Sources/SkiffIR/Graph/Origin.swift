import SkiffBinary

/// The node of a source file that a node of the graph computes, wholly or in part.
public struct Origin: Hashable, Sendable {
  /// The node's name in its source; empty if it has none.
  public var name: String
  /// The operator's name in the source's dialect, for example `Conv`.
  public var operatorName: String
  /// The position in the source's list of nodes.
  public var index: Int?

  /// Creates an origin.
  public init(name: String, operatorName: String, index: Int? = nil) {
    self.name = name
    self.operatorName = operatorName
    self.index = index
  }

  /// The origin as the place of an error.
  public var location: Location {
    Location(node: .init(name: name, operatorName: operatorName, index: index))
  }
}
