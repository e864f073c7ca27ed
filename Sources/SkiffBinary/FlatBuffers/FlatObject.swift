/// A table as a value: what a reader keeps and a writer lays out.
///
/// A scalar that equals its standard value and a scalar that is absent mean the same, so neither is kept: equal
/// objects mean the same table.
package struct FlatObject: Equatable, Sendable {
  /// The table's name in the schema.
  package let type: String
  /// The stored fields, by name.
  package private(set) var fields: [String: FlatValue]

  package init(_ type: String, _ fields: [String: FlatValue] = [:]) {
    self.type = type
    self.fields = fields
  }

  package subscript(field: String) -> FlatValue? {
    get { fields[field] }
    set { fields[field] = newValue }
  }
}

/// What a field of a ``FlatObject`` holds.
package enum FlatValue: Equatable, Sendable {
  case integer(Int)
  case real(Double)
  case string(String)
  case integers([Int])
  case reals([Double])
  case strings([String])
  case bytes(ByteRegion)
  case object(FlatObject)
  case objects([FlatObject])
  /// Room for a vector of bytes that is written later; its start is aligned.
  case reserved(count: Int, alignment: Int)
}

extension FlatValue {
  /// Whether a field means the value when it is absent.
  func isStandard(for field: FlatField) -> Bool {
    switch self {
    case .integer(let value): value == field.standard
    case .real(let value): value == Double(field.standard) && value.sign == .plus
    default: false
    }
  }
}

extension FlatTable {
  /// The whole table as a value; its byte vectors stay ranges of the buffer.
  package func object() throws(ModelError) -> FlatObject {
    var object = FlatObject(type.name)
    for field in type.fields { object[field.name] = try value(of: field) }
    return object
  }

  private func value(of field: FlatField) throws(ModelError) -> FlatValue? {
    guard try place(of: field.id) != nil else { return nil }
    switch field.type {
    case .scalar(let scalar) where scalar.isReal:
      let value = try real(field.name)
      return value == Double(field.standard) && value.sign == .plus ? nil : .real(value)
    case .scalar:
      let value = try integer(field.name)
      return value == field.standard ? nil : .integer(value)
    case .string: return .string(try string(field.name) ?? "")
    case .strings: return .strings(try strings(field.name) ?? [])
    case .scalars(.uint8): return .bytes(try bytes(field.name) ?? .empty)
    case .scalars(let scalar) where scalar.isReal: return .reals(try reals(field.name) ?? [])
    case .scalars: return .integers(try integers(field.name) ?? [])
    case .table, .union:
      guard let member = try table(field.name) else {
        throw ModelError(
          .unsupported, "the union's member \(try unionTag(field.name)) is newer than this program",
          at: Location(byteOffset: region.offset + position, attribute: "\(type.name).\(field.name)"))
      }
      return .object(try member.object())
    case .tables:
      var objects: [FlatObject] = []
      for element in try tables(field.name) ?? [] { objects.append(try element.object()) }
      return .objects(objects)
    }
  }
}
