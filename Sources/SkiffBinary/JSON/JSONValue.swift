/// A JSON text (RFC 8259) as a tree, and beyond the standard what Python writes: `NaN`, `Infinity`, `-Infinity`.
package enum JSONValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  /// A number without fraction and exponent that fits 64 bits.
  case integer(Int)
  /// Any other number.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Reads the text that `region` holds, in UTF-8.
  ///
  /// - Throws: ``ModelError/Code/malformed`` or ``ModelError/Code/truncated`` with the byte where it goes wrong,
  ///   ``ModelError/Code/limitExceeded`` for more depth, values or bytes than `limits` allow.
  package init(parsing region: ByteRegion, limits: Limits = .standard) throws(ModelError) {
    // A value takes some hundred bytes in memory for the two or more that it has in the text.
    guard region.count <= limits.structureSize / 64 else {
      throw ModelError(
        .limitExceeded, "\(region.count) bytes of JSON, more than the limit of \(limits.structureSize / 64)",
        at: Location(byteOffset: region.offset))
    }
    let bytes = region.withBytes { Array($0) }
    var parser = JSONParser(bytes: bytes, start: region.offset, limits: limits)
    self = try parser.text()
  }

  /// Reads `text`.
  package init(parsing text: String, limits: Limits = .standard) throws(ModelError) {
    try self.init(parsing: ByteRegion(Array(text.utf8)), limits: limits)
  }
}

extension JSONValue {
  /// The member of an object; nil if there is none, it is null, or this is no object.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self, let value = members[name], value != .null else { return nil }
    return value
  }

  /// The truth value, nil if it is something else.
  package var boolean: Bool? {
    if case .boolean(let value) = self { value } else { nil }
  }

  /// The integer, also if it is written as one with a fraction of zero; nil if it is something else.
  package var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, nil if it is something else.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The text, nil if it is something else.
  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements, nil if it is no array.
  package var array: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The members, nil if it is no object.
  package var object: [String: JSONValue]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The integers, nil if it is no array of nothing but integers.
  package var integers: [Int]? {
    guard let elements = array else { return nil }
    let integers = elements.compactMap(\.integer)
    return integers.count == elements.count ? integers : nil
  }

  /// What it is, for error messages.
  package var kind: String {
    switch self {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "'\(value.prefix(80))'"
    case .array(let elements): integers.map { "\($0.prefix(16))" } ?? "a list of \(elements.count)"
    case .object: "an object"
    }
  }
}
