/// The place of an error or a warning: from the file down to the attribute.
public struct Location: Hashable, Sendable {
  /// A node as its source names it.
  public struct Node: Hashable, Sendable {
    /// The node's name; empty if its source gives none.
    public var name: String
    /// The operator's name in the source's dialect.
    public var operatorName: String
    /// The position in its graph, counted from 0.
    public var index: Int?

    /// Creates the description of a node.
    public init(name: String, operatorName: String, index: Int? = nil) {
      self.name = name
      self.operatorName = operatorName
      self.index = index
    }
  }

  /// The path of the file, as the user gave it.
  public var file: String?
  /// The offset in bytes from the start of the file.
  public var byteOffset: Int?
  /// The line in a text file, counted from 1.
  public var line: Int?
  /// The column in that line, counted from 1 in Unicode scalars.
  public var column: Int?
  /// The names of the enclosing subgraphs, outermost first.
  public var graphPath: [String]
  /// The node.
  public var node: Node?
  /// The attribute of the node, or a path in a configuration.
  public var attribute: String?
  /// The tensor or value.
  public var tensor: String?
  /// The pass that was running.
  public var pass: String?

  /// Creates a location from the parts that are known.
  public init(
    file: String? = nil, byteOffset: Int? = nil, line: Int? = nil, column: Int? = nil,
    graphPath: [String] = [], node: Node? = nil,
    attribute: String? = nil, tensor: String? = nil, pass: String? = nil
  ) {
    self.file = file
    self.byteOffset = byteOffset
    self.line = line
    self.column = column
    self.graphPath = graphPath
    self.node = node
    self.attribute = attribute
    self.tensor = tensor
    self.pass = pass
  }

  /// Fills every part that is not known yet from `outer`.
  public mutating func complete(with outer: Location) {
    file = file ?? outer.file
    byteOffset = byteOffset ?? outer.byteOffset
    if line == nil { (line, column) = (outer.line, outer.column) }
    graphPath = outer.graphPath + graphPath
    node = node ?? outer.node
    attribute = attribute ?? outer.attribute
    tensor = tensor ?? outer.tensor
    pass = pass ?? outer.pass
  }
}
