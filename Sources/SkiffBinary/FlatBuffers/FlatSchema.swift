/// The tables of a FlatBuffers format: what drives its verifier, reader and writer.
///
/// Generated from a `.fbs` file by way of `flatc --schema -b`. Structs, vectors of unions and 64-bit vectors'
/// lengths are not part of it: the formats here have none.
package final class FlatSchema: Sendable {
  /// The four characters at byte 4 of a file.
  package let identifier: String
  /// The type of the outermost table.
  package let root: String
  /// The enumerations, by name.
  package let enumerations: [String: FlatEnumeration]

  private let tables: [String: FlatTableType]

  package init(
    identifier: String, root: String, enumerations: [FlatEnumeration], tables: [FlatTableType]
  ) {
    self.identifier = identifier
    self.root = root
    self.enumerations = Dictionary(
      enumerations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.tables = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The table of that name; an unknown one has no fields.
  package func table(_ name: String) -> FlatTableType { tables[name] ?? FlatTableType(name, []) }

  /// The names of all tables, sorted.
  package var tableNames: [String] { tables.keys.sorted() }

  /// Whether a file that begins with `prefix` carries the schema's identifier.
  package func recognizes(_ prefix: ByteRegion) -> Bool {
    guard let found = try? prefix.slice(offset: 4, count: 4) else { return false }
    return found.withBytes { $0.elementsEqual(identifier.utf8) }
  }
}

/// A table: its fields in the order of their ids.
package struct FlatTableType: Sendable {
  package let name: String
  package let fields: [FlatField]

  package init(_ name: String, _ fields: [FlatField]) {
    self.name = name
    self.fields = fields
  }

  /// The field of that name.
  package func field(_ name: String) -> FlatField? { fields.first { $0.name == name } }
}

/// A field of a table.
package struct FlatField: Sendable {
  package let name: String
  package let id: Int
  package let type: FlatType
  /// The value of a scalar that is not stored.
  package let standard: Int
  /// The enumeration whose numbers a scalar holds.
  package let enumeration: String?

  package init(_ name: String, _ id: Int, _ type: FlatType, standard: Int = 0, enumeration: String? = nil) {
    self.name = name
    self.id = id
    self.type = type
    self.standard = standard
    self.enumeration = enumeration
  }
}

/// What a field holds.
package enum FlatType: Hashable, Sendable {
  case scalar(FlatScalar)
  case string
  case table(String)
  /// One of several tables; the number of the table stands in the field before, counted from 1.
  case union([String])
  case scalars(FlatScalar)
  case strings
  case tables(String)
}

/// A number as it is stored.
package enum FlatScalar: String, Hashable, Sendable {
  case bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64

  /// The size in bytes, which is the alignment too.
  package var size: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  package var isReal: Bool { self == .float32 || self == .float64 }
}

/// Names for the numbers of a scalar field.
package struct FlatEnumeration: Sendable {
  package let name: String
  private let names: [Int: String]
  private let numbers: [String: Int]

  package init(_ name: String, _ members: [(String, Int)]) {
    self.name = name
    names = Dictionary(members.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    numbers = Dictionary(members.map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
  }

  package func name(of number: Int) -> String? { names[number] }
  package func number(of name: String) -> Int? { numbers[name] }

  /// All members, in the order of their numbers.
  package var members: [(name: String, number: Int)] {
    names.sorted { $0.key < $1.key }.map { (name: $0.value, number: $0.key) }
  }
}
