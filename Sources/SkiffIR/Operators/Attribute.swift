import SkiffBinary

/// A row of an operator's attribute table: it drives the text form, the edge format, `inspect` and the docs.
public struct Attribute<Owner>: Sendable {
  /// The name, in lowerCamelCase.
  public let name: String
  /// What it means, one sentence.
  public let summary: String
  /// The kind of value for people.
  public let kind: String
  /// Reads the value.
  public let get: @Sendable (Owner) -> AttributeValue
  /// Sets the value; false if it has the wrong kind.
  public let set: @Sendable (inout Owner, AttributeValue) -> Bool

  /// Creates the row of a property.
  public init<Value: AttributeConvertible>(
    _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ summary: String
  ) {
    self.name = name
    self.summary = summary
    kind = Value.kind
    get = { $0[keyPath: path].attributeValue }
    set = { owner, value in
      guard let converted = Value(value) else { return false }
      owner[keyPath: path] = converted
      return true
    }
  }
}

extension Operator {
  /// The attributes by name, in the order of the table.
  public var attributeValues: [(name: String, value: AttributeValue)] {
    Self.attributes.map { ($0.name, $0.get(self)) }
  }

  /// Sets one attribute.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if the operator has none of this name, or the value has another kind.
  public mutating func setAttribute(_ name: String, to value: AttributeValue) throws(ModelError) {
    guard let attribute = Self.attributes.first(where: { $0.name == name }) else {
      throw ModelError(.malformed, "\(Self.name) has no such attribute", at: Location(attribute: name))
    }
    guard attribute.set(&self, value) else {
      throw ModelError(
        .malformed, "expected \(attribute.kind), found \(value)", at: Location(attribute: name))
    }
  }

  /// Whether `other` is the same operator with the same attributes.
  public func isEqual(to other: any Operator) -> Bool {
    guard let other = other as? Self else { return false }
    if let foreign = self as? ForeignOperator, let other = other as? ForeignOperator,
      foreign.foreignAttributes != other.foreignAttributes
    {
      return false
    }
    return Self.attributes.allSatisfy { $0.get(self) == $0.get(other) }
  }
}
