import SkiffBinary

/// A cursor over the text form: it passes over blanks and `//` comments and reads one token at a time.
struct TextScanner {
  private let bytes: [UInt8]
  /// The offset in bytes of what is read next.
  private(set) var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// The offset of the next token.
  var start: Int {
    mutating get {
      skipBlanks()
      return position
    }
  }

  /// Whether nothing but blanks is left.
  var isAtEnd: Bool { mutating get { start == bytes.count } }

  /// Passes over the symbol if it is next.
  mutating func accept(_ symbol: StaticString) -> Bool {
    skipBlanks()
    let isNext = symbol.withUTF8Buffer { bytes[position...].starts(with: $0) }
    if isNext { position += symbol.utf8CodeUnitCount }
    return isNext
  }

  /// Passes over the symbol.
  mutating func expect(_ symbol: StaticString) throws(ModelError) {
    guard accept(symbol) else { throw failure("expected '\(symbol)', found \(found)") }
  }

  /// Passes over the word if it is next, and not the beginning of a longer one.
  mutating func acceptWord(_ word: StaticString) -> Bool {
    skipBlanks()
    let end = position + word.utf8CodeUnitCount
    guard word.withUTF8Buffer({ bytes[position...].starts(with: $0) }),
      end == bytes.count || !bytes[end].isTextNamePart
    else { return false }
    position = end
    return true
  }

  /// Reads a plain identifier if one is next.
  mutating func identifier() -> String? {
    skipBlanks()
    guard position < bytes.count, bytes[position].isTextNameStart else { return nil }
    return word()
  }

  /// Reads a plain identifier or quoted text.
  mutating func name() throws(ModelError) -> String {
    if let identifier = identifier() { return identifier }
    guard nextIsQuote else { throw failure("expected a name, found \(found)") }
    return try quoted()
  }

  /// Whether quoted text is next.
  var nextIsQuote: Bool { mutating get { start < bytes.count && bytes[position] == UInt8(ascii: "\"") } }

  /// Whether a number without a sign is next.
  var nextIsDigit: Bool { mutating get { start < bytes.count && bytes[position].isDigit } }

  /// Reads letters, digits, `_` and `.` in any order; empty if none is next.
  mutating func word() -> String { String(decoding: take(while: \.isTextNamePart), as: UTF8.self) }

  /// Reads text between quotation marks.
  mutating func quoted() throws(ModelError) -> String {
    let beginning = start
    try expect("\"")
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\n"): throw failure("the text is not ended", at: beginning)
      case UInt8(ascii: "\\"): text += try escaped().utf8
      default: text.append(byte)
      }
    }
    throw failure("the text is not ended", at: beginning)
  }

  private mutating func escaped() throws(ModelError) -> String {
    let beginning = position - 1
    guard position < bytes.count else { throw failure("the text is not ended", at: beginning) }
    position += 1
    switch bytes[position - 1] {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "u"):
      if position < bytes.count, bytes[position] == UInt8(ascii: "{") {
        position += 1
        let digits = word()
        if let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value), position < bytes.count,
          bytes[position] == UInt8(ascii: "}")
        {
          position += 1
          return String(Character(scalar))
        }
      }
      throw failure("expected \\u{…} with a Unicode scalar", at: beginning)
    default: throw failure("unknown escape", at: beginning)
    }
  }

  /// Reads an integer.
  mutating func integer() throws(ModelError) -> Int {
    let beginning = start
    let text = try number()
    guard let value = Int(text) else { throw failure("expected an integer, found '\(text)'", at: beginning) }
    return value
  }

  /// Reads the characters of a number, or one of `nan`, `inf` and `-inf`.
  mutating func number() throws(ModelError) -> String {
    let beginning = start
    let sign = accept("-") ? "-" : ""
    if sign.isEmpty, acceptWord("nan") { return "nan" }
    if acceptWord("inf") { return sign + "inf" }
    var text = take(while: \.isDigit)
    guard !text.isEmpty else {
      position = beginning
      throw failure("expected a number, found \(found)")
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      text += [UInt8(ascii: ".")] + take(while: \.isDigit)
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      text.append(bytes[position])
      position += 1
      if position < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[position]) {
        text.append(bytes[position])
        position += 1
      }
      text += take(while: \.isDigit)
    }
    return sign + String(decoding: text, as: UTF8.self)
  }

  /// Reads bytes like `x"0102"` if they are next.
  mutating func hexadecimal() throws(ModelError) -> [UInt8]? {
    guard accept("x\"") else { return nil }
    let beginning = position
    let digits = take { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\n") }
    try expect("\"")
    guard digits.count % 2 == 0 else {
      throw failure("an odd number of hexadecimal digits", at: beginning)
    }
    var result: [UInt8] = []
    result.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[index].hexadecimalValue, let low = digits[index + 1].hexadecimalValue else {
        throw failure("not a hexadecimal digit", at: beginning + index)
      }
      result.append(high << 4 | low)
    }
    return result
  }

  /// What is next, for a message.
  private var found: String {
    guard position < bytes.count else { return "the end" }
    let rest = bytes[position...].prefix(12).prefix { $0 != UInt8(ascii: "\n") }
    return "'\(String(decoding: rest, as: UTF8.self))'"
  }

  /// An error at an offset, or at what is read next.
  func failure(_ message: String, at offset: Int? = nil) -> ModelError {
    ModelError(.malformed, message, at: location(of: offset ?? position))
  }

  /// Line and column of an offset, both counted from 1; columns count Unicode scalars.
  func location(of offset: Int) -> Location {
    let before = bytes[..<min(max(offset, 0), bytes.count)]
    let line = before.count { $0 == UInt8(ascii: "\n") }
    let beginning = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let column = before[beginning...].count { $0 & 0xC0 != 0x80 }
    return Location(line: line + 1, column: column + 1)
  }

  private mutating func skipBlanks() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
      case UInt8(ascii: "/") where position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "/"):
        _ = take { $0 != UInt8(ascii: "\n") }
      default: return
      }
    }
  }

  private mutating func take(while holds: (UInt8) -> Bool) -> [UInt8] {
    let taken = Array(bytes[position...].prefix(while: holds))
    position += taken.count
    return taken
  }
}

extension UInt8 {
  fileprivate var hexadecimalValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
