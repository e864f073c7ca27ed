import SkiffBinary

extension TextParser {
  /// `type, ?, …`
  mutating func parseTypes() throws(ModelError) -> [TensorType?] {
    var types = [try parseOptionalType()]
    while scanner.accept(",") { types.append(try parseOptionalType()) }
    return types
  }

  /// A type, or `?` where nothing is known.
  mutating func parseOptionalType() throws(ModelError) -> TensorType? {
    scanner.accept("?") ? nil : try parseType()
  }

  /// `f32[N,3,2*H+1]` or `i8[4]q(axis 0;0.5:0,…)`
  mutating func parseType() throws(ModelError) -> TensorType {
    let position = scanner.start
    guard let name = scanner.identifier(), let dataType = DataType(rawValue: name) else {
      throw scanner.failure("expected a data type", at: position)
    }
    try scanner.expect("[")
    var dimensions: [Shape.Dimension] = []
    if !scanner.accept("]") {
      repeat { dimensions.append(try parseDimension()) } while scanner.accept(",")
      try scanner.expect("]")
    }
    guard dimensions.count <= limits.rank else {
      throw scanner.failure("a rank of \(dimensions.count)", at: position)
    }
    let quantization = scanner.acceptWord("q") ? try parseQuantization() : nil
    return TensorType(dataType, Shape(dimensions), quantization: quantization)
  }

  /// A number, an expression, or `?`.
  mutating func parseDimension() throws(ModelError) -> Shape.Dimension {
    if scanner.accept("?") { return .unknown }
    let position = scanner.start
    let dimension = Shape.Dimension(try parseExpression(depth: 0))
    if let size = dimension.fixed, size < 0 { throw scanner.failure("a negative size", at: position) }
    return dimension
  }

  private mutating func parseExpression(depth: Int) throws(ModelError) -> AffineExpression {
    let position = scanner.start
    guard depth < limits.depth else { throw scanner.failure("the expression nests too deep", at: position) }
    var sum: AffineExpression? = AffineExpression(0)
    var isNegative = scanner.accept("-")
    repeat {
      let term = try parseTerm(depth: depth).multiplied(by: isNegative ? -1 : 1)
      sum = term.flatMap { sum?.adding($0) }
      if scanner.accept("+") {
        isNegative = false
      } else if scanner.accept("-") {
        isNegative = true
      } else {
        break
      }
    } while true
    guard let sum else { throw scanner.failure("the expression is beyond 64 bits", at: position) }
    return sum
  }

  private mutating func parseTerm(depth: Int) throws(ModelError) -> AffineExpression {
    let position = scanner.start
    if scanner.nextIsDigit {
      let factor = try scanner.integer()
      guard scanner.accept("*") else { return AffineExpression(factor) }
      guard let product = try parseAtom(depth: depth).multiplied(by: factor) else {
        throw scanner.failure("the expression is beyond 64 bits", at: position)
      }
      return product
    }
    return try parseAtom(depth: depth)
  }

  /// A symbol, or `floor((expression)/divisor)`.
  private mutating func parseAtom(depth: Int) throws(ModelError) -> AffineExpression {
    let position = scanner.start
    let isQuoted = scanner.nextIsQuote
    let name = try scanner.name()
    guard name == "floor", !isQuoted, scanner.accept("(") else { return AffineExpression(symbol: name) }
    try scanner.expect("(")
    let dividend = try parseExpression(depth: depth + 1)
    try scanner.expect(")")
    try scanner.expect("/")
    let divisor = try scanner.integer()
    try scanner.expect(")")
    guard let quotient = dividend.flooredDivision(by: divisor) else {
      throw scanner.failure("the expression is beyond 64 bits or divided by less than 1", at: position)
    }
    return quotient
  }

  /// `(scale:zeroPoint)` or `(axis 0 by 32;scale:zeroPoint,…)`
  private mutating func parseQuantization() throws(ModelError) -> QuantizationParameters {
    var granularity = QuantizationParameters.Granularity.perTensor
    try scanner.expect("(")
    if scanner.acceptWord("axis") {
      let axis = try scanner.integer()
      granularity =
        scanner.acceptWord("by") ? .blocked(axis: axis, size: try scanner.integer()) : .perAxis(axis)
      try scanner.expect(";")
    }
    var scales: [Float] = []
    var zeroPoints: [Int] = []
    if !scanner.accept(")") {
      repeat {
        let position = scanner.start
        guard let scale = Float(try scanner.number()) else {
          throw scanner.failure("expected a scale", at: position)
        }
        try scanner.expect(":")
        scales.append(scale)
        zeroPoints.append(try scanner.integer())
      } while scanner.accept(",")
      try scanner.expect(")")
    }
    return QuantizationParameters(scales: scales, zeroPoints: zeroPoints, granularity: granularity)
  }
}

extension Shape.Dimension {
  /// Parses ``description``.
  ///
  /// - Throws: ``ModelError/Code/malformed``.
  package init(text: String, limits: Limits = .standard) throws(ModelError) {
    var parser = TextParser(text, catalog: OperatorCatalog([]), limits: limits) { _, _ in nil }
    self = try parser.parseDimension()
    guard parser.scanner.isAtEnd else { throw parser.scanner.failure("expected the end") }
  }
}
