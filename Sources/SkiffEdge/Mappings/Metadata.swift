import SkiffBinary

extension EdgeContract {
  /// Reads a `Contract`.
  init(edge table: FlatTable) throws(ModelError) {
    self.init(inputs: [], outputs: [])
    for port in try table.tables("inputs") ?? [] { inputs.append(try Port(edge: port)) }
    for port in try table.tables("outputs") ?? [] { outputs.append(try Port(edge: port)) }
  }

  /// The contract as a `Contract`.
  var edgeObject: FlatObject {
    var object = FlatObject("Contract")
    object["inputs"] = .nonEmpty(inputs.map(\.edgeObject))
    object["outputs"] = .nonEmpty(outputs.map(\.edgeObject))
    return object
  }
}

extension EdgeContract.Port {
  fileprivate init(edge table: FlatTable) throws(ModelError) {
    self.init(
      description: try table.string("description") ?? "", layout: try table.string("layout") ?? "",
      scale: try table.singles("scale"), offset: try table.singles("offset"),
      labels: try table.strings("labels") ?? [])
  }

  fileprivate var edgeObject: FlatObject {
    var object = FlatObject("Port")
    object["description"] = .nonEmpty(description)
    object["layout"] = .nonEmpty(layout)
    object["scale"] = .nonEmpty(scale)
    object["offset"] = .nonEmpty(offset)
    object["labels"] = .nonEmpty(labels)
    return object
  }
}

extension EdgeProvenance {
  /// Reads a `Provenance`.
  init(edge table: FlatTable) throws(ModelError) {
    self.init(
      source: try table.string("source") ?? "", sourceFormat: try table.string("source_format") ?? "",
      sourceDigest: try table.digest("source_digest"), recipe: try table.string("recipe") ?? "",
      calibrationDigest: try table.digest("calibration_digest"), producer: try table.string("producer") ?? "")
  }

  /// The provenance as a `Provenance`.
  var edgeObject: FlatObject {
    var object = FlatObject("Provenance")
    object["source"] = .nonEmpty(source)
    object["source_format"] = .nonEmpty(sourceFormat)
    object["source_digest"] = .digest(sourceDigest)
    object["recipe"] = .nonEmpty(recipe)
    object["calibration_digest"] = .digest(calibrationDigest)
    object["producer"] = .nonEmpty(producer)
    return object
  }
}
