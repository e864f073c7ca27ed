/// The value of an operator's attribute, as files and the text form have it.
public enum AttributeValue: Hashable, Sendable {
  /// An integer.
  case integer(Int)
  /// A real number; float32 attributes are exact in it.
  case real(Double)
  /// A truth value.
  case boolean(Bool)
  /// Text, or the name of a case.
  case text(String)
  /// A list of integers.
  case integers([Int])
  /// A list of real numbers.
  case reals([Double])
  /// A list of texts.
  case texts([String])
  /// Bytes without meaning to Skiff, kept for a foreign operator.
  case bytes([UInt8])
  /// A graph inside of the operator.
  case graph(Subgraph)
  /// Nothing, where an attribute is optional.
  case none
}

/// A Swift type that an attribute can have.
public protocol AttributeConvertible: Hashable, Sendable {
  /// The value, if it has the right kind.
  init?(_ value: AttributeValue)
  /// The value as files have it.
  var attributeValue: AttributeValue { get }
  /// The kind for people, for example `a list of integers`.
  static var kind: String { get }
}

extension Int: AttributeConvertible {
  public init?(_ value: AttributeValue) {
    guard case .integer(let integer) = value else { return nil }
    self = integer
  }
  public var attributeValue: AttributeValue { .integer(self) }
  public static var kind: String { "an integer" }
}

extension Float: AttributeConvertible {
  public init?(_ value: AttributeValue) {
    switch value {
    case .real(let real): self.init(real)
    case .integer(let integer): self.init(integer)
    default: return nil
    }
  }
  public var attributeValue: AttributeValue { .real(Double(self)) }
  public static var kind: String { "a real number" }
}

extension Double: AttributeConvertible {
  public init?(_ value: AttributeValue) {
    switch value {
    case .real(let real): self = real
    case .integer(let integer): self.init(integer)
    default: return nil
    }
  }
  public var attributeValue: AttributeValue { .real(self) }
  public static var kind: String { "a real number" }
}

extension Bool: AttributeConvertible {
  public init?(_ value: AttributeValue) {
    guard case .boolean(let boolean) = value else { return nil }
    self = boolean
  }
  public var attributeValue: AttributeValue { .boolean(self) }
  public static var kind: String { "true or false" }
}

extension String: AttributeConvertible {
  public init?(_ value: AttributeValue) {
    guard case .text(let text) = value else { return nil }
    self = text
  }
  public var attributeValue: AttributeValue { .text(self) }
  public static var kind: String { "text" }
}

extension Array: AttributeConvertible where Element: AttributeConvertible {
  public init?(_ value: AttributeValue) {
    let elements: [AttributeValue]
    switch value {
    case .integers(let list): elements = list.map(AttributeValue.integer)
    case .reals(let list): elements = list.map(AttributeValue.real)
    case .texts(let list): elements = list.map(AttributeValue.text)
    default: return nil
    }
    var converted: [Element] = []
    for element in elements {
      guard let element = Element(element) else { return nil }
      converted.append(element)
    }
    self = converted
  }
  public var attributeValue: AttributeValue {
    let values = map(\.attributeValue)
    let integers = values.compactMap { if case .integer(let integer) = $0 { integer } else { nil } }
    if integers.count == count { return .integers(integers) }
    let reals = values.compactMap { if case .real(let real) = $0 { real } else { nil } }
    if reals.count == count { return .reals(reals) }
    return .texts(values.compactMap { if case .text(let text) = $0 { text } else { nil } })
  }
  public static var kind: String { "a list, each \(Element.kind)" }
}

extension Optional: AttributeConvertible where Wrapped: AttributeConvertible {
  public init?(_ value: AttributeValue) {
    if value == AttributeValue.none {
      self = Self.none
    } else {
      guard let wrapped = Wrapped(value) else { return nil }
      self = Self.some(wrapped)
    }
  }
  public var attributeValue: AttributeValue { self?.attributeValue ?? AttributeValue.none }
  public static var kind: String { Wrapped.kind }
}

/// A closed set of named cases as an attribute; conformance costs one line.
public protocol AttributeEnumeration: AttributeConvertible, RawRepresentable, CaseIterable
where RawValue == String {}

extension AttributeEnumeration {
  public init?(_ value: AttributeValue) {
    guard case .text(let text) = value else { return nil }
    self.init(rawValue: text)
  }
  public var attributeValue: AttributeValue { .text(rawValue) }
  public static var kind: String { "one of \(allCases.map(\.rawValue).joined(separator: ", "))" }
}

extension DataType: AttributeEnumeration {}

extension AttributeValue: CustomStringConvertible {
  /// The value as the text form has it; of a graph, only what it is.
  public var description: String {
    switch self {
    case .integer(let integer): "\(integer)"
    case .real(let real): real.textForm
    case .boolean(let boolean): "\(boolean)"
    case .text(let text): text.quoted
    case .integers(let list): "[\(list.map(String.init).joined(separator: ", "))]"
    // What is between the brackets tells the kind of a list; one without elements needs a word.
    case .reals([]): "reals []"
    case .texts([]): "texts []"
    case .reals(let list): "[\(list.map(\.textForm).joined(separator: ", "))]"
    case .texts(let list): "[\(list.map(\.quoted).joined(separator: ", "))]"
    case .bytes(let bytes): "x\"\(bytes.hexadecimalDigits)\""
    case .graph: "a graph"
    case .none: "none"
    }
  }
}

extension String {
  /// The text between quotation marks; quotation marks, backslashes and control characters are escaped.
  package var quoted: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case _ where scalar.value < 32: text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
