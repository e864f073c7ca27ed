import Foundation
import SkiffBinary

/// Makes the Swift description of a FlatBuffers schema from what flatc makes of its text.
package enum FlatSchemaSource {
  /// flatc's path, if it is installed.
  package static let compiler = ["/usr/bin/flatc", "/usr/local/bin/flatc", "/opt/homebrew/bin/flatc"]
    .first(where: FileManager.default.isExecutableFile(atPath:))

  /// The Swift source for `Schemas/<name>.fbs`: an extension of `FlatSchema` with the member `name`.
  package static func swift(for name: String) throws -> String {
    guard let compiler else { throw TestSupportError("flatc is missing: run Scripts/setup") }
    let folder = try TemporaryFolder()
    try runProcess(compiler, ["--schema", "-b", "-o", folder.path(""), Checkout.path("Schemas/\(name).fbs")])
    let reflection = try FlatTable.root(
      of: ByteRegion(mapping: folder.path("\(name).bfbs")), schema: .reflection)
    return try Writer(reflection).source(name: name)
  }

  private struct Writer {
    let schema: FlatTable
    let objects: [FlatTable]
    let enums: [FlatTable]

    init(_ schema: FlatTable) throws {
      self.schema = schema
      objects = try schema.tables("objects") ?? []
      enums = try schema.tables("enums") ?? []
    }

    func source(name: String) throws -> String {
      var lines = [
        "// swift-format-ignore-file",
        "// Generated from Schemas/\(name).fbs; the test of its schema writes it anew with SKIFF_UPDATE=1.",
        "",
        "import SkiffBinary", "",
        "extension FlatSchema {",
        "  /// The format of Schemas/\(name).fbs.",
        "  package static let \(name) = FlatSchema(",
        "    identifier: \"\(try schema.string("file_ident") ?? "")\", root: \"\(try root())\","
          + " enumerations: allEnumerations, tables: allTables)",
        "}", "",
        "private let allEnumerations: [FlatEnumeration] = [",
      ]
      for item in enums where try !item.bool("is_union") {
        lines.append("  FlatEnumeration(")
        lines.append("    \"\(try Self.name(item))\",")
        lines.append("    [")
        for value in try item.tables("values") ?? [] {
          lines.append("      (\"\(try value.string("name") ?? "")\", \(try value.integer("value"))),")
        }
        lines.append("    ]),")
      }
      lines += ["]", "", "private let allTables: [FlatTableType] = ["]
      for object in objects {
        let fields = try (object.tables("fields") ?? []).sorted { try $0.integer("id") < $1.integer("id") }
        let rows = try fields.compactMap(field)
        if rows.isEmpty {
          lines.append("  FlatTableType(\"\(try Self.name(object))\", []),")
        } else {
          lines += ["  FlatTableType(", "    \"\(try Self.name(object))\",", "    ["]
          lines += rows.map { "      \($0)," }
          lines.append("    ]),")
        }
      }
      return (lines + ["]"]).joined(separator: "\n") + "\n"
    }

    private func root() throws -> String {
      guard let table = try schema.table("root_table") else { throw TestSupportError("no root_type") }
      return try Self.name(table)
    }

    private func field(_ field: FlatTable) throws -> String? {
      guard try !field.bool("deprecated"), let type = try field.table("type") else { return nil }
      let base = try type.integer("base_type")
      if base == 1 { return nil }  // A union's tag goes with the union.
      let index = try type.integer("index")
      var enumeration: String?
      let kind: String
      switch base {
      case 2...12:
        kind = ".scalar(.\(Self.scalars[base - 2]))"
        if index >= 0 { enumeration = try Self.name(enums[index]) }
      case 13: kind = ".string"
      case 14:
        let element = try type.integer("element")
        switch element {
        case 2...12: kind = ".scalars(.\(Self.scalars[element - 2]))"
        case 13: kind = ".strings"
        case 15: kind = ".tables(\"\(try Self.name(objects[index]))\")"
        default: throw TestSupportError("vectors of element type \(element) are not supported")
        }
      case 15: kind = ".table(\"\(try Self.name(objects[index]))\")"
      case 16:
        let members = try (enums[index].tables("values") ?? []).dropFirst().map { value in
          "          \"\(try Self.name(objects[value.table("union_type")?.integer("index") ?? 0]))\","
        }
        kind = ".union(\n        [\n" + members.joined(separator: "\n") + "\n        ])"
      default: throw TestSupportError("fields of type \(base) are not supported")
      }
      var row = "FlatField(\"\(try field.string("name") ?? "")\", \(try field.integer("id")), \(kind)"
      let standard = try field.integer("default_integer")
      if standard != 0 { row += ", standard: \(standard)" }
      if try field.real("default_real") != 0 { throw TestSupportError("real defaults are not supported") }
      if let enumeration { row += ", enumeration: \"\(enumeration)\"" }
      return row + ")"
    }

    /// The name without its namespace.
    private static func name(_ item: FlatTable) throws -> String {
      (try item.string("name") ?? "").split(separator: ".").last.map(String.init) ?? ""
    }

    /// In the order of flatc's numbers, from 2 on.
    private static let scalars = [
      "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64",
    ]
  }
}

extension FlatSchema {
  /// The format of flatc's binary schemas, as far as it is needed here.
  fileprivate static let reflection = FlatSchema(
    identifier: "BFBS", root: "Schema", enumerations: [],
    tables: [
      FlatTableType(
        "Schema",
        [
          FlatField("objects", 0, .tables("Object")),
          FlatField("enums", 1, .tables("Enum")),
          FlatField("file_ident", 2, .string),
          FlatField("root_table", 4, .table("Object")),
        ]),
      FlatTableType("Object", [FlatField("name", 0, .string), FlatField("fields", 1, .tables("Field"))]),
      FlatTableType(
        "Field",
        [
          FlatField("name", 0, .string),
          FlatField("type", 1, .table("Type")),
          FlatField("id", 2, .scalar(.uint16)),
          FlatField("default_integer", 4, .scalar(.int64)),
          FlatField("default_real", 5, .scalar(.float64)),
          FlatField("deprecated", 6, .scalar(.bool)),
        ]),
      FlatTableType(
        "Type",
        [
          FlatField("base_type", 0, .scalar(.int8)),
          FlatField("element", 1, .scalar(.int8)),
          FlatField("index", 2, .scalar(.int32), standard: -1),
        ]),
      FlatTableType(
        "Enum",
        [
          FlatField("name", 0, .string),
          FlatField("values", 1, .tables("EnumVal")),
          FlatField("is_union", 2, .scalar(.bool)),
        ]),
      FlatTableType(
        "EnumVal",
        [
          FlatField("name", 0, .string),
          FlatField("value", 1, .scalar(.int64)),
          FlatField("union_type", 3, .table("Type")),
        ]),
    ])
}
