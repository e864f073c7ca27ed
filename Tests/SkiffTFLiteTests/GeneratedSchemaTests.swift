import Foundation
import SkiffBinary
import SkiffTestSupport
import Testing

import SkiffTFLite

@Suite struct GeneratedSchemaTests {
  @Test(.enabled("needs flatc") { TestRun.requiresPeers || FlatSchemaSource.compiler != nil })
  func theSwiftDescriptionIsThatOfTheSchema() throws {
    let path = Checkout.path("Sources/SkiffTFLite/Schema/Schema+Generated.swift")
    let source = try FlatSchemaSource.swift(for: "tflite")
    if TestRun.variable("SKIFF_UPDATE") == "1" {
      try source.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == source)
  }

  @Test(.needsPeer(.check)) func numbersAreThoseOfLiteRT() throws {
    let facts = try JSONSerialization.jsonObject(
      with: Data(Peer.check.run("tflite_schema.py", []).utf8))
    let peer = try #require(facts as? [String: [String: [String: Any]]])
    let schema = FlatSchema.tflite
    let enumerations = try #require(peer["enumerations"] as? [String: [String: Int]])
    #expect(Set(enumerations.keys) == Set(schema.enumerations.keys))
    for (name, members) in enumerations {
      let ours = schema.enumerations[name]?.members.map { ($0.name, $0.number) } ?? []
      #expect(Dictionary(ours, uniquingKeysWith: { a, _ in a }) == members, "\(name)")
    }
    let tables = try #require(peer["tables"])
    #expect(Set(tables.keys) == Set(schema.tableNames))
    for (name, fields) in tables {
      let ours = schema.table(name).fields.map { [$0.name, "\($0.id)", $0.type.peerName, "\($0.standard)"] }
      let theirs = fields.map { key, value in [key] + (value as? [String] ?? []) }
      #expect(Set(ours) == Set(theirs), "\(name)")
    }
  }
}

extension FlatType {
  /// The type as Tests/Peers/tflite_schema.py names it.
  fileprivate var peerName: String {
    switch self {
    case .scalar(let scalar): scalar.rawValue
    case .string: "string"
    case .table(let type): type
    case .union(let members): "union of " + members.joined(separator: ",")
    case .scalars(let scalar): "[\(scalar.rawValue)]"
    case .strings: "[string]"
    case .tables(let type): "[\(type)]"
    }
  }
}
