import SkiffBinary
import SkiffIR

extension NodeImport {
  /// An attribute, nil if the node does not have it.
  private mutating func attribute(_ name: String) throws(ModelError) -> ONNXAttribute? {
    usedAttributes.insert(name)
    guard let attribute = node.attributes.last(where: { $0.name == name }) else { return nil }
    if case .reference(let outer) = attribute.value, callAttributes[outer] == nil { return nil }
    return try resolved(attribute)
  }

  /// The attribute with a reference replaced by what the function was called with.
  func resolved(_ attribute: ONNXAttribute) throws(ModelError) -> ONNXAttribute {
    guard case .reference(let outer) = attribute.value else { return attribute }
    guard let value = callAttributes[outer]?.value else {
      throw ModelError(
        .malformed, "refers to '\(outer)', which the function does not have",
        at: Location(attribute: attribute.name))
    }
    var copy = attribute
    copy.value = value
    return copy
  }

  private func wrong(_ name: String, _ expected: String) -> ModelError {
    ModelError(.malformed, "expected \(expected)", at: Location(attribute: name))
  }

  /// An attribute of some kind, for mappings that take several.
  mutating func anyValue(_ name: String) throws(ModelError) -> ONNXAttribute.Value? {
    try attribute(name)?.value
  }

  /// Accepts attributes that change nothing for inference.
  mutating func ignore(_ names: String...) { usedAttributes.formUnion(names) }

  mutating func optionalInteger(_ name: String) throws(ModelError) -> Int? {
    guard let attribute = try attribute(name) else { return nil }
    guard case .integer(let integer) = attribute.value else { throw wrong(name, "an integer") }
    return integer
  }

  mutating func integer(_ name: String, default standard: Int) throws(ModelError) -> Int {
    try optionalInteger(name) ?? standard
  }

  mutating func flag(_ name: String, default standard: Bool = false) throws(ModelError) -> Bool {
    let number = try integer(name, default: standard ? 1 : 0)
    guard number == 0 || number == 1 else { throw wrong(name, "0 or 1") }
    return number == 1
  }

  mutating func optionalReal(_ name: String) throws(ModelError) -> Float? {
    guard let attribute = try attribute(name) else { return nil }
    guard case .real(let real) = attribute.value else { throw wrong(name, "a real number") }
    return real
  }

  mutating func real(_ name: String, default standard: Float) throws(ModelError) -> Float {
    try optionalReal(name) ?? standard
  }

  mutating func text(_ name: String, default standard: String) throws(ModelError) -> String {
    guard let attribute = try attribute(name) else { return standard }
    guard case .bytes(let bytes) = attribute.value,
      let text = bytes.withBytes({ String(validating: $0, as: UTF8.self) })
    else { throw wrong(name, "text") }
    return text
  }

  mutating func optionalTexts(_ name: String) throws(ModelError) -> [String]? {
    guard let attribute = try attribute(name) else { return nil }
    guard case .byteStrings(let strings) = attribute.value else { throw wrong(name, "a list of texts") }
    let texts = strings.compactMap { $0.withBytes { String(validating: $0, as: UTF8.self) } }
    guard texts.count == strings.count else { throw wrong(name, "a list of texts") }
    return texts
  }

  mutating func optionalIntegers(_ name: String) throws(ModelError) -> [Int]? {
    guard let attribute = try attribute(name) else { return nil }
    guard case .integers(let integers) = attribute.value else { throw wrong(name, "a list of integers") }
    return integers
  }

  mutating func optionalReals(_ name: String) throws(ModelError) -> [Float]? {
    guard let attribute = try attribute(name) else { return nil }
    guard case .reals(let reals) = attribute.value else { throw wrong(name, "a list of real numbers") }
    return reals
  }

  mutating func tensor(_ name: String) throws(ModelError) -> Constant? {
    guard let attribute = try attribute(name) else { return nil }
    guard case .tensor(let tensor) = attribute.value else { throw wrong(name, "a tensor") }
    return try constant(tensor)
  }

  /// The data type that an attribute names by its number.
  mutating func dataType(_ name: String, default standard: DataType) throws(ModelError) -> DataType {
    guard let number = try optionalInteger(name) else { return standard }
    guard let dataType = ElementTypes.dataType(number) else { throw wrong(name, "the number of a type") }
    return dataType
  }
}
