import SkiffBinary
import SkiffIR

extension Importer {
  /// Adds what an operator computes, by its mapping if it has one, else as a foreign operator.
  func importOperator(_ index: Int) throws(ModelError) {
    try budget.take()
    let item = subgraph.operators[index]
    let code = model.operatorCodes[item.code]
    let name = item.outputs.first.map { subgraph.tensors[$0].name } ?? ""
    let origin = Origin(name: name, operatorName: code.name, index: index)
    let isResource = try locating(origin.location) { () throws(ModelError) in try importResource(item, code) }
    guard !isResource else { return }
    let results = try locating(origin.location) { () throws(ModelError) in
      let reader = try OperatorReader(item, code, origin, in: self)
      if let results = try importMapped(reader) { return results }
      return try importForeign(reader)
    }
    guard results.count >= item.outputs.count else {
      throw ModelError(
        .malformed, "has \(item.outputs.count) results, expected \(results.count)", at: origin.location)
    }
    for (tensor, result) in zip(item.outputs, results) {
      try setValue(of: tensor, to: result)
      if graph[result].name.isEmpty { graph.setName(of: result, to: subgraph.tensors[tensor].name) }
    }
  }

  /// The results, or nil with a warning if there is no mapping or it cannot say what the operator means.
  private func importMapped(_ reader: OperatorReader) throws(ModelError) -> [ValueID]? {
    guard let mapping = Dialect.readers[reader.code.name],
      mapping.isCustom == (reader.code.builtin == TFLiteModel.OperatorCode.custom)
    else {
      warn("the operator is not known; it is kept as it is", at: reader.origin.location)
      return nil
    }
    do throws(ModelError) {
      return try mapping.read(reader)
    } catch {
      guard error.code == .unsupported else { throw error }
      // Nodes that the mapping had added by then are used by nobody and go at the end.
      warn("\(error.message); it is kept as it is", at: error.located(reader.origin.location).location)
      return nil
    }
  }

  private func importForeign(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    var foreign = ForeignOperator()
    foreign.dialect = Self.dialectName
    foreign.kind = reader.code.name
    foreign.version = reader.code.version
    foreign.outputCount = reader.item.outputs.count
    foreign.foreignAttributes = ForeignOptions.attributes(of: reader.item, reader.code)
    return try graph.addNode(
      foreign, reader.inputs, name: reader.origin.name, origins: [reader.origin], types: reader.resultTypes)
  }

  /// What foreign operators of this format call it.
  static let dialectName = "tflite"
}

/// The options of operators without a mapping, as attributes of a ``ForeignOperator`` and back.
enum ForeignOptions {
  private static let tableName = "options"
  private static let customData = "custom_options"
  private static let isCustom = "custom"

  static func attributes(
    of item: TFLiteModel.Operator, _ code: TFLiteModel.OperatorCode
  ) -> [ForeignOperator.ForeignAttribute] {
    var attributes: [ForeignOperator.ForeignAttribute] = []
    if code.builtin == TFLiteModel.OperatorCode.custom { attributes.append(.init(isCustom, .boolean(true))) }
    if let options = item.options {
      attributes.append(.init(tableName, .text(options.type)))
      for (name, value) in options.fields.sorted(by: { $0.key < $1.key }) {
        if let value = attribute(value) { attributes.append(.init(name, value)) }
      }
    }
    if let data = item.customOptions {
      attributes.append(.init(customData, .bytes(data.withBytes { [UInt8]($0) })))
    }
    return attributes
  }

  static func restore(
    _ foreign: ForeignOperator
  ) throws(ModelError) -> (code: TFLiteModel.OperatorCode, item: TFLiteModel.Operator) {
    var item = TFLiteModel.Operator()
    var code = TFLiteModel.OperatorCode(builtin: -1, version: foreign.version)
    if let number = FlatSchema.tflite.enumerations["BuiltinOperator"]?.number(of: foreign.kind) {
      code.builtin = number
    }
    for attribute in foreign.foreignAttributes {
      switch (attribute.name, attribute.value) {
      case (isCustom, .boolean(true)):
        code.builtin = TFLiteModel.OperatorCode.custom
        code.customCode = foreign.kind
      case (customData, .bytes(let bytes)): item.customOptions = ByteRegion(bytes)
      case (tableName, .text(let type)): item.options = FlatObject(type)
      default: item.options?[attribute.name] = field(attribute.value)
      }
    }
    guard code.builtin >= 0 else {
      throw ModelError(.unsupported, "the format has no operator \(foreign.kind)")
    }
    return (code, item)
  }

  private static func attribute(_ value: FlatValue) -> AttributeValue? {
    switch value {
    case .integer(let integer): .integer(integer)
    case .real(let real): .real(real)
    case .string(let text): .text(text)
    case .integers(let list): .integers(list)
    case .reals(let list): .reals(list)
    case .strings(let list): .texts(list)
    case .bytes(let bytes): .bytes(bytes.withBytes { [UInt8]($0) })
    case .object, .objects, .reserved: nil
    }
  }

  private static func field(_ value: AttributeValue) -> FlatValue? {
    switch value {
    case .integer(let integer): .integer(integer)
    case .real(let real): .real(real)
    case .boolean(let boolean): .integer(boolean ? 1 : 0)
    case .text(let text): .string(text)
    case .integers(let list): .integers(list)
    case .reals(let list): .reals(list)
    case .texts(let list): .strings(list)
    case .bytes(let bytes): .bytes(ByteRegion(bytes))
    case .graph, .none: nil
    }
  }
}
