import SkiffBinary

extension Graph {
  /// How much the text form shows.
  public struct TextOptions: Hashable, Sendable {
    /// The largest number of elements that are written out; larger constants show the digest of their bytes.
    public var inlineElements: Int
    /// Whether large constants are written out too, in hexadecimal digits.
    public var isComplete: Bool
    /// Whether nodes show what they come from.
    public var showsOrigins: Bool

    /// Creates options.
    public init(inlineElements: Int = 16, isComplete: Bool = false, showsOrigins: Bool = true) {
      self.inlineElements = inlineElements
      self.isComplete = isComplete
      self.showsOrigins = showsOrigins
    }

    /// All of the graph: parsing the text gives an equal graph.
    public static let complete = TextOptions(isComplete: true)
  }

  /// The graph as text, one line for each constant and node; docs/formats/text.md has the grammar.
  ///
  /// The same graph gives the same text. With ``TextOptions/complete`` the text is all of the graph, but for the
  /// way in which pending transforms would compute a constant.
  ///
  /// - Throws: Whatever materializing a constant throws.
  public func text(_ options: TextOptions = TextOptions()) throws(ModelError) -> String {
    var printer = TextPrinter(self, options)
    return try printer.print() + "\n"
  }

  /// Parses the text form and verifies the graph.
  ///
  /// - Parameters:
  ///   - catalog: The operators that the text may name.
  ///   - elided: Supplies the constant for a digest that stands in the place of elements; nil if there is none.
  /// - Throws: ``ModelError/Code/malformed`` with line and column, ``ModelError/Code/invalidGraph`` if what is
  ///   said cannot be a graph.
  public init(
    text: String, catalog: OperatorCatalog, limits: Limits = .standard,
    elided: @escaping (Digest, TensorType) -> Constant? = { _, _ in nil }
  ) throws(ModelError) {
    var parser = TextParser(text, catalog: catalog, limits: limits, elided: elided)
    self = try parser.parse()
  }
}
