import SkiffBinary

/// An operator that a format has and Skiff's catalog lacks: it can be inspected and written back, not run.
public struct ForeignOperator: Operator {
  public static let name = "Foreign"
  public static let summary = "An operator of a source format that Skiff does not know."
  public static let operands = [Operand.variadic("inputs")]
  public static var attributes: [Attribute<ForeignOperator>] {
    [
      Attribute("dialect", \.dialect, "The format or domain that defines the operator."),
      Attribute("kind", \.kind, "The operator's name there."),
      Attribute("version", \.version, "The version of the dialect, 0 if it has none."),
      Attribute("results", \.outputCount, "The number of results."),
    ]
  }

  /// The format or domain that defines it.
  public var dialect = ""
  /// Its name there.
  public var kind = ""
  /// The version of the dialect.
  public var version = 0
  /// The number of results.
  public var outputCount = 1
  /// Its attributes there, in the order of the file.
  public var foreignAttributes: [ForeignAttribute] = []
  /// Why it is kept, where the operator is known and this use of it is not; for messages, and in no file.
  public var reason = ""

  /// An attribute under the name it has in its dialect.
  public struct ForeignAttribute: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value.
    public var value: AttributeValue

    /// Creates an attribute.
    public init(_ name: String, _ value: AttributeValue) {
      self.name = name
      self.value = value
    }
  }

  /// Creates an operator without a name.
  public init() {}

  /// Nothing can be inferred; ``Graph`` keeps the types that the importer recorded.
  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    throw ModelError(.unsupported, "the types of a foreign operator cannot be inferred")
  }
}
