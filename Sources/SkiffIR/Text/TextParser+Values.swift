import SkiffBinary

extension TextParser {
  /// `type packed(3) = contents`
  mutating func parseConstant() throws(ModelError) -> Constant {
    let position = scanner.start
    let type = try parseType()
    guard let shape = type.shape.fixed,
      let size = type.dataType.byteCount(elements: type.shape.elementCount ?? -1)
    else { throw scanner.failure("a constant of the type \(type)", at: position) }
    var bits: Int?
    if scanner.acceptWord("packed") {
      try scanner.expect("(")
      bits = try scanner.integer()
      try scanner.expect(")")
    }
    try scanner.expect("=")
    if scanner.acceptWord("digest") { return try parseDigest(type) }
    let contents = scanner.start
    let tensor = try parseContents(type, shape, size)
    return try locating(scanner.location(of: contents)) { () throws(ModelError) in
      if let parameters = type.quantization {
        try parameters.verify(dataType: type.dataType, shape: type.shape)
      }
      let tensor = tensor.quantized(with: type.quantization)
      return try bits.map { bits throws(ModelError) in try Constant(packing: tensor, bits: bits) }
        ?? Constant(tensor)
    }
  }

  /// A constant that the text leaves out.
  private mutating func parseDigest(_ type: TensorType) throws(ModelError) -> Constant {
    let position = scanner.start
    guard let digest = Digest(try scanner.quoted()) else {
      throw scanner.failure("expected 32 hexadecimal digits", at: position)
    }
    guard let constant = elided(digest, type), constant.type == type else {
      throw scanner.failure("the elements of this constant are left out", at: position)
    }
    return constant
  }

  /// `[1, 2]`, `x"0102"`, `zeros` or `seeded(7)`
  private mutating func parseContents(
    _ type: TensorType, _ shape: [Int], _ size: Int
  ) throws(ModelError) -> Tensor {
    let position = scanner.start
    let place = scanner.location(of: position)
    if let bytes = try scanner.hexadecimal() {
      return try locating(place) { () throws(ModelError) in
        try Tensor(type.dataType, shape: shape, bytes: ByteRegion(bytes))
      }
    }
    if scanner.accept("[") {
      let elements = try parseElements()
      return try locating(place) { () throws(ModelError) in
        try Tensor(literal: elements, as: type.dataType, shape: shape)
      }
    }
    guard size <= min(limits.tensorSize, Self.largestGenerated) else {
      throw scanner.failure("a constant of \(size) bytes", at: position)
    }
    if scanner.acceptWord("zeros") {
      return try Tensor(
        type.dataType, shape: shape, bytes: ByteRegion([UInt8](repeating: 0, count: size)))
    }
    guard scanner.acceptWord("seeded") else { throw scanner.failure("expected the elements of a constant") }
    try scanner.expect("(")
    let seed = try scanner.integer()
    try scanner.expect(")")
    return try locating(place) { () throws(ModelError) in
      try Tensor(seed: UInt64(bitPattern: Int64(seed)), type.dataType, shape: shape)
    }
  }

  /// The most bytes that one word of the text may stand for.
  private static let largestGenerated = 1 << 30

  private mutating func parseElements() throws(ModelError) -> [String] {
    var elements: [String] = []
    guard !scanner.accept("]") else { return [] }
    repeat {
      if scanner.acceptWord("true") {
        elements.append("true")
      } else if scanner.acceptWord("false") {
        elements.append("false")
      } else {
        elements.append(try scanner.number())
      }
    } while scanner.accept(",")
    try scanner.expect("]")
    return elements
  }

  /// `1`, `0.5`, `true`, `"text"`, `none`, `x"00"`, `[1, 2]`, `reals []` or `texts []` for lists without elements, and graphs.
  mutating func parseAttributeValue() throws(ModelError) -> AttributeValue {
    if scanner.acceptWord("none") { return .none }
    if scanner.acceptWord("graph") { return .graph(try parseSubgraph()) }
    if scanner.acceptWord("true") { return .boolean(true) }
    if scanner.acceptWord("false") { return .boolean(false) }
    if let bytes = try scanner.hexadecimal() { return .bytes(bytes) }
    if scanner.acceptWord("reals") { return try emptyList(.reals([])) }
    if scanner.acceptWord("texts") { return try emptyList(.texts([])) }
    if scanner.nextIsQuote { return .text(try scanner.quoted()) }
    if scanner.accept("[") { return try parseList() }
    return try parseNumber()
  }

  private mutating func emptyList(_ value: AttributeValue) throws(ModelError) -> AttributeValue {
    try scanner.expect("[")
    try scanner.expect("]")
    return value
  }

  private mutating func parseNumber() throws(ModelError) -> AttributeValue {
    let position = scanner.start
    let text = try scanner.number()
    if let integer = Int(text) { return .integer(integer) }
    if text == "nan" {
      guard scanner.accept("(0x") else { return .real(.nan) }
      let digits = scanner.word()
      try scanner.expect(")")
      guard let bits = UInt64(digits, radix: 16), Double(bitPattern: bits).isNaN else {
        throw scanner.failure("expected the bits of a number that is none", at: position)
      }
      return .real(Double(bitPattern: bits))
    }
    guard let real = Double(text) else { throw scanner.failure("'\(text)' is no number", at: position) }
    return .real(real)
  }

  private mutating func parseList() throws(ModelError) -> AttributeValue {
    let position = scanner.start
    guard !scanner.accept("]") else { return .integers([]) }
    var integers: [Int] = []
    var reals: [Double] = []
    var texts: [String] = []
    repeat {
      switch scanner.nextIsQuote ? .text(try scanner.quoted()) : try parseNumber() {
      case .integer(let integer): integers.append(integer)
      case .real(let real): reals.append(real)
      case .text(let text): texts.append(text)
      default: break
      }
    } while scanner.accept(",")
    try scanner.expect("]")
    switch (integers.isEmpty, reals.isEmpty, texts.isEmpty) {
    case (false, true, true): return .integers(integers)
    case (true, false, true): return .reals(reals)
    case (true, true, false): return .texts(texts)
    default: throw scanner.failure("a list of different kinds of values", at: position)
    }
  }
}
