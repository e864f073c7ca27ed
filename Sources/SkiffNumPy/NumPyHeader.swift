import SkiffBinary

/// The header of a .npy file: a Python dictionary with exactly the keys `descr`, `fortran_order` and `shape`.
struct NumPyHeader {
  let type: NumPyType
  let isBigEndian: Bool
  let isColumnMajor: Bool
  let shape: [Int]

  init(parsing region: ByteRegion, limits: Limits) throws(ModelError) {
    var parser = LiteralParser(region)
    var descriptor: String?
    var isColumnMajor: Bool?
    var shape: [Int]?
    try parser.expect("{")
    while !parser.take("}") {
      let key = try parser.string()
      try parser.expect(":")
      switch key {
      case "descr" where descriptor == nil: descriptor = try parser.string()
      case "fortran_order" where isColumnMajor == nil: isColumnMajor = try parser.boolean()
      case "shape" where shape == nil: shape = try parser.tuple(limit: limits.rank)
      default: throw parser.error("unexpected key '\(key)'")
      }
      if !parser.take(",") {
        try parser.expect("}")
        break
      }
    }
    try parser.expectEnd()
    guard let descriptor, let isColumnMajor, let shape else {
      throw parser.error("one of 'descr', 'fortran_order' and 'shape' is missing")
    }
    guard let type = NumPyType(rawValue: String(descriptor.dropFirst())),
      let order = descriptor.first, "<>|=".contains(order), order != "|" || type.size == 1
    else {
      throw ModelError(
        .unsupported, "element type '\(descriptor)' is none of \(NumPyType.allCases.map(\.rawValue))",
        at: Location(byteOffset: region.offset))
    }
    self.type = type
    // '=' is the order of the machine that wrote the file: little-endian on all that NumPy runs on today.
    isBigEndian = order == ">"
    self.isColumnMajor = isColumnMajor
    self.shape = shape
  }
}

/// Reads the few Python literals of a header: strings, booleans and tuples of integers.
private struct LiteralParser {
  private let text: [UInt8]
  private let offset: Int
  private var position = 0

  init(_ region: ByteRegion) {
    text = region.withBytes { Array($0) }
    offset = region.offset
  }

  func error(_ message: String) -> ModelError {
    ModelError(
      .malformed, "the array's header is damaged: \(message)", at: Location(byteOffset: offset + position))
  }

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x09 || byte == 0x0d { position += 1 }
  }

  /// Passes over `token` if it comes next.
  mutating func take(_ token: String) -> Bool {
    skipSpace()
    guard text[position...].starts(with: token.utf8) else { return false }
    position += token.utf8.count
    return true
  }

  mutating func expect(_ token: String) throws(ModelError) {
    guard take(token) else { throw error("expected '\(token)'") }
  }

  mutating func expectEnd() throws(ModelError) {
    skipSpace()
    guard position == text.count else { throw error("something follows its dictionary") }
  }

  mutating func string() throws(ModelError) -> String {
    skipSpace()
    guard let quote = next, quote == 0x27 || quote == 0x22 else { throw error("expected a string") }
    let rest = text[(position + 1)...]
    guard let end = rest.firstIndex(of: quote), !rest[..<end].contains(0x5c) else {
      throw error("a string is not closed or holds an escape")
    }
    position = end + 1
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  mutating func boolean() throws(ModelError) -> Bool {
    if take("True") { return true }
    try expect("False")
    return false
  }

  /// A tuple of integers that are not negative; Python 2 wrote an `L` after long ones.
  mutating func tuple(limit: Int) throws(ModelError) -> [Int] {
    try expect("(")
    var values: [Int] = []
    while !take(")") {
      guard values.count < limit else {
        throw ModelError(
          .limitExceeded, "the array has more dimensions than the limit of \(limit)",
          at: Location(byteOffset: offset + position))
      }
      values.append(try integer())
      _ = take("L")
      if !take(",") {
        try expect(")")
        break
      }
    }
    return values
  }

  private mutating func integer() throws(ModelError) -> Int {
    skipSpace()
    let digits = text[position...].prefix { (0x30...0x39).contains($0) }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
      throw error("expected a number of elements")
    }
    position += digits.count
    return value
  }
}
