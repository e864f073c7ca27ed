/// Reads one JSON text from its first byte to its last; indices into `bytes` are below `bytes.count` by ``next``.
struct JSONParser {
  private let bytes: [UInt8]
  private let start: Int
  private let limits: Limits
  private var position = 0
  private var count = 0

  init(bytes: [UInt8], start: Int, limits: Limits) {
    self.bytes = bytes
    self.start = start
    self.limits = limits
  }

  mutating func text() throws(ModelError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw malformed("something follows the end of the JSON text") }
    return value
  }

  /// The byte at the position, nil at the end.
  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func value(depth: Int) throws(ModelError) -> JSONValue {
    // An object and its list of members count once each, as they do for people.
    guard depth <= 4 * limits.depth else { throw limit("nests deeper than \(4 * limits.depth)") }
    count += 1
    guard count <= limits.count else { throw limit("has more than \(limits.count) values") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N"): return try word("NaN", .number(.nan))
    case UInt8(ascii: "I"): return try word("Infinity", .number(.infinity))
    case UInt8(ascii: "-"): return try number()
    case let byte? where UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte: return try number()
    case nil: throw truncated()
    default: throw malformed("a JSON value cannot start like this")
    }
  }

  private mutating func object(depth: Int) throws(ModelError) -> JSONValue {
    position += 1
    var members: [String: JSONValue] = [:]
    skipSpace()
    if next == UInt8(ascii: "}") {
      position += 1
      return .object([:])
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw next == nil ? truncated() : malformed("expected a name") }
      let name = try string()
      skipSpace()
      try take(UInt8(ascii: ":"), "a colon")
      guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
        throw malformed("the object has two members '\(name.prefix(80))'")
      }
      skipSpace()
      if next == UInt8(ascii: "}") {
        position += 1
        return .object(members)
      }
      try take(UInt8(ascii: ","), "a comma or the object's end")
    }
  }

  private mutating func array(depth: Int) throws(ModelError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if next == UInt8(ascii: "]") {
      position += 1
      return .array([])
    }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if next == UInt8(ascii: "]") {
        position += 1
        return .array(elements)
      }
      try take(UInt8(ascii: ","), "a comma or the list's end")
    }
  }

  private mutating func string() throws(ModelError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw malformed("text is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text += try escape()
      case 0..<0x20: throw malformed("a control character in a text")
      default: text.append(byte)
      }
    }
    throw truncated()
  }

  private mutating func escape() throws(ModelError) -> [UInt8] {
    guard let byte = next else { throw truncated() }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if 0xD800..<0xDC00 ~= code, next == UInt8(ascii: "\\") {
        position += 1
        try take(UInt8(ascii: "u"), "the second half of a surrogate pair")
        let low = try hexadecimal()
        guard 0xDC00..<0xE000 ~= low else { throw malformed("half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw malformed("half of a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw malformed("an unknown escape in a text")
    }
  }

  private mutating func hexadecimal() throws(ModelError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next else { throw truncated() }
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw malformed("not a hexadecimal digit")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  private mutating func number() throws(ModelError) -> JSONValue {
    let first = position
    if next == UInt8(ascii: "-") {
      position += 1
      if next == UInt8(ascii: "I") { return try word("Infinity", .number(-.infinity)) }
    }
    let leading = next
    let whole = digits()
    guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else { throw malformed("not a number") }
    var isInteger = true
    if next == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      guard digits() > 0 else { throw malformed("not a number") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      guard digits() > 0 else { throw malformed("not a number") }
    }
    let text = String(decoding: bytes[first..<position], as: UTF8.self)
    if isInteger, let value = Int(text) { return .integer(value) }
    guard let value = Double(text) else { throw malformed("not a number") }
    return .number(value)
  }

  /// Passes over decimal digits and counts them.
  private mutating func digits() -> Int {
    let first = position
    while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    return position - first
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(ModelError) -> JSONValue {
    let expected = word.withUTF8Buffer { Array($0) }
    let rest = bytes[position...]
    guard rest.starts(with: expected) else {
      throw expected.starts(with: rest) ? truncated() : malformed("a JSON value cannot start like this")
    }
    position += expected.count
    return value
  }

  private mutating func take(_ byte: UInt8, _ what: String) throws(ModelError) {
    guard let found = next else { throw truncated() }
    guard found == byte else { throw malformed("expected \(what)") }
    position += 1
  }

  // `start` is an offset in memory and `position` one in an array: their sum is far from the largest integer.
  private var place: Location { Location(byteOffset: start + position) }
  private func malformed(_ message: String) -> ModelError { ModelError(.malformed, message, at: place) }
  private func truncated() -> ModelError { ModelError(.truncated, "the JSON text ends too early", at: place) }
  private func limit(_ what: String) -> ModelError {
    ModelError(.limitExceeded, "the JSON text \(what)", at: place)
  }
}
