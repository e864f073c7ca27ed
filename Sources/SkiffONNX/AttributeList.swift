import SkiffBinary

/// The attributes of a node that is written, in their order.
struct AttributeList: ExpressibleByDictionaryLiteral {
  private(set) var attributes: [ONNXAttribute] = []

  init() {}

  init(dictionaryLiteral elements: (String, ONNXAttribute.Value)...) {
    attributes = elements.map { ONNXAttribute($0, $1) }
  }

  /// Adds an attribute, unless its value is nil.
  subscript(name: String) -> ONNXAttribute.Value? {
    get { attributes.first { $0.name == name }?.value }
    set {
      attributes.removeAll { $0.name == name }
      if let newValue { attributes.append(ONNXAttribute(name, newValue)) }
    }
  }
}

extension ONNXAttribute.Value {
  /// A text.
  static func text(_ text: String) -> Self { .bytes(ByteRegion(Array(text.utf8))) }

  /// Some texts.
  static func texts(_ texts: [String]) -> Self { .byteStrings(texts.map { ByteRegion(Array($0.utf8)) }) }

  /// A truth value.
  static func flag(_ flag: Bool) -> Self { .integer(flag ? 1 : 0) }
}
