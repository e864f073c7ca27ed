import SkiffBinary
import SkiffIR

extension AttributeValue {
  /// Reads the value of an `Attribute`; `subgraph` makes one of a `Graph`.
  init(
    edge attribute: FlatTable, subgraph: (FlatTable) throws(ModelError) -> Subgraph
  ) throws(ModelError) {
    guard let table = try attribute.table("value") else {
      let tag = try attribute.unionTag("value")
      guard tag == 0 else { throw ModelError(.unsupported, "the kind of value \(tag) is not known") }
      self = .none
      return
    }
    switch table.type.name {
    case "IntegerValue": self = .integer(try table.integer("value"))
    case "RealValue": self = .real(try table.real("value"))
    case "BooleanValue": self = .boolean(try table.bool("value"))
    case "TextValue": self = .text(try table.string("value") ?? "")
    case "IntegersValue": self = .integers(try table.integers("value") ?? [])
    case "RealsValue": self = .reals(try table.reals("value") ?? [])
    case "TextsValue": self = .texts(try table.strings("value") ?? [])
    case "GraphValue":
      guard let graph = try table.table("value") else { throw ModelError(.malformed, "lacks its graph") }
      self = .graph(try subgraph(graph))
    default: self = .bytes((try table.bytes("value") ?? .empty).withBytes { Array($0) })
    }
  }

  /// The value as a member of the union `AttributeValue`; nil for nothing. `subgraph` makes a `Graph` of one.
  private func edgeObject(
    _ subgraph: (Subgraph) throws(ModelError) -> FlatObject
  ) throws(ModelError) -> FlatObject? {
    switch self {
    case .integer(let value): FlatObject("IntegerValue", ["value": .integer(value)])
    case .real(let value): FlatObject("RealValue", ["value": .real(value)])
    case .boolean(let value): FlatObject("BooleanValue", ["value": .integer(value ? 1 : 0)])
    case .text(let value): Self.object("TextValue", .nonEmpty(value))
    case .integers(let value): Self.object("IntegersValue", .nonEmpty(value))
    case .reals(let value): Self.object("RealsValue", .nonEmpty(value))
    case .texts(let value): Self.object("TextsValue", .nonEmpty(value))
    case .bytes(let value): Self.object("BytesValue", .nonEmpty(value))
    case .graph(let graph): FlatObject("GraphValue", ["value": .object(try subgraph(graph))])
    case .none: nil
    }
  }

  private static func object(_ type: String, _ value: FlatValue?) -> FlatObject {
    var object = FlatObject(type)
    object["value"] = value
    return object
  }

  /// The value under a name, as an `Attribute`.
  func edgeAttribute(
    _ name: String, _ subgraph: (Subgraph) throws(ModelError) -> FlatObject
  ) throws(ModelError) -> FlatObject {
    var object = FlatObject("Attribute")
    object["name"] = .nonEmpty(name)
    object["value"] = try edgeObject(subgraph).map(FlatValue.object)
    return object
  }
}

extension FlatTable {
  /// Reads a list of `Attribute`.
  func attributes(
    _ name: String, subgraph: (FlatTable) throws(ModelError) -> Subgraph
  ) throws(ModelError) -> [(name: String, value: AttributeValue)] {
    var result: [(name: String, value: AttributeValue)] = []
    for table in try tables(name) ?? [] {
      let name = try table.string("name") ?? ""
      let value = try locating(Location(attribute: name)) { () throws(ModelError) in
        try AttributeValue(edge: table, subgraph: subgraph)
      }
      result.append((name, value))
    }
    return result
  }
}

extension Origin {
  /// Reads an `Origin`.
  init(edge table: FlatTable) throws(ModelError) {
    let index = try table.integer("index")
    guard index >= -1 else { throw ModelError(.malformed, "the position \(index) of a node") }
    self.init(
      name: try table.string("name") ?? "", operatorName: try table.string("operator") ?? "",
      index: index < 0 ? nil : index)
  }

  /// The origin as an `Origin`.
  var edgeObject: FlatObject {
    var object = FlatObject("Origin", ["index": .integer(index ?? -1)])
    object["name"] = .nonEmpty(name)
    object["operator"] = .nonEmpty(operatorName)
    return object
  }
}
