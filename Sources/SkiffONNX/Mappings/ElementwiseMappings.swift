import SkiffBinary
import SkiffIR
import SkiffOperators

/// Arithmetic, comparison and logic, element by element.
enum ElementwiseMappings {
  static let rows: [Mapping] =
    functions + arithmetic + [
      Mapping("BitShift", since: 11, bitShift)
        .writing(BitShift.self, when: { shift, node, graph in shift.isWritable(node, graph) }) {
          (shift, node) throws(ModelError) in
          let own = try node.realType()
          guard own.isSignedInteger else {
            return try node.add("BitShift", node.operands(), ["direction": .text(shift.direction)])
          }
          // The bits of a number with a sign move to the left as those of one without.
          let bits = try shift.unsigned(own)
          var operands: [String] = []
          for index in 0..<2 { operands.append(try node.cast(node.operand(index), to: bits)) }
          let moved = try node.add("BitShift", operands, ["direction": .text(shift.direction)])
          return [try node.cast(moved[0], to: own)]
        },
      .plain("BitwiseAnd", BitwiseAnd.self, since: 18),
      .plain("BitwiseOr", BitwiseOr.self, since: 18),
      .plain("BitwiseXor", BitwiseXor.self, since: 18),
      .plain("GreaterOrEqual", GreaterOrEqual.self, since: 12),
      .plain("LessOrEqual", LessOrEqual.self, since: 12),
      Mapping("Mod", since: 10, modulo).writing(Modulo.self) { (modulo, node) throws(ModelError) in
        let dataType = try node.realType()
        guard dataType.isFloatingPoint, !modulo.truncates else {
          return try node.add("Mod", node.operands(), ["fmod": .flag(modulo.truncates)])
        }
        // ONNX has no remainder of a floored division for real numbers.
        let rest = try node.add("Mod", node.operands(), ["fmod": .flag(true)])[0]
        let (divisor, zero) = (try node.operand(1), try node.number(0, as: dataType))
        let isOpposite = try node.add(
          "Less", node.add("Mul", node.add("Sign", rest), node.add("Sign", divisor)), zero)
        return [try node.add("Where", isOpposite, node.add("Add", rest, divisor), rest)]
      },
      .plain("Where", Select.self, since: 9).writing(Select.self) { (_, node) throws(ModelError) in
        let own = try node.realType(1)
        guard let wide = RuntimeKernels.widerType(than: own, for: "Where") else {
          return try node.add("Where", node.operands())
        }
        let (a, b) = (try node.cast(node.operand(1), to: wide), try node.cast(node.operand(2), to: wide))
        return [try node.cast(node.add("Where", node.operand(0), a, b), to: own)]
      },
      Mapping("IsInf", since: 10, isInfinite).writing(IsInf.self) { (predicate, node) throws(ModelError) in
        try node.add(
          "IsInf", node.operands(),
          [
            "detect_positive": .flag(predicate.detectsPositive),
            "detect_negative": .flag(predicate.detectsNegative),
          ])
      },
      Mapping("Cast", since: 1, cast1),
      Mapping("Cast", since: 6, cast6).writing(Cast.self) { (cast, node) throws(ModelError) in
        var attributes: AttributeList = ["to": .integer(try ElementTypes.number(of: cast.dataType))]
        if !cast.saturates { attributes["saturate"] = .flag(false) }
        return try node.add("Cast", node.operands(), attributes)
      },
      Mapping("CastLike", since: 15, castLike),
      Mapping("Max") { (node) throws(ModelError) in try node.chain(Maximum()) }
        .writing(Maximum.self) { (_, node) throws(ModelError) in try node.addNumeric("Max") },
      Mapping("Min") { (node) throws(ModelError) in try node.chain(Minimum()) }
        .writing(Minimum.self) { (_, node) throws(ModelError) in try node.addNumeric("Min") },
      Mapping("Sum") { (node) throws(ModelError) in try node.chain(Add()) },
      Mapping("Mean", mean),
    ]

  private static let functions: [Mapping] =
    unary("Abs", Abs.self) + unary("Ceil", Ceil.self) + unary("Exp", Exp.self)
    + unary("Floor", Floor.self) + unary("Log", Log.self) + unary("Neg", Negate.self)
    + unary("Reciprocal", Reciprocal.self) + unary("Sqrt", Sqrt.self)
    + [
      .plain("Acos", Acos.self, since: 7), .plain("Acosh", Acosh.self, since: 9),
      .plain("Asin", Asin.self, since: 7), .plain("Asinh", Asinh.self, since: 9),
      .plain("Atan", Atan.self, since: 7), .plain("Atanh", Atanh.self, since: 9),
      .plain("BitwiseNot", BitwiseNot.self, since: 18),
      .plain("Cos", Cos.self, since: 7), .plain("Cosh", Cosh.self, since: 9),
      .plain("Erf", Erf.self, since: 9),
      .plain("IsNaN", IsNaN.self, since: 9),
      .plain("Not", Not.self),
      .plain("Round", Round.self, since: 11),
      .plain("Sign", Sign.self, since: 9),
      .plain("Sin", Sin.self, since: 7), .plain("Sinh", Sinh.self, since: 9),
      .plain("Tan", Tan.self, since: 7),
    ]

  private static let arithmetic: [Mapping] =
    binary("Add", Add.self) + binary("And", And.self) + binary("Div", Divide.self)
    + binary("Equal", Equal.self) + binary("Greater", Greater.self) + binary("Less", Less.self)
    + binary("Mul", Multiply.self) + binary("Or", Or.self) + binary("Pow", Power.self)
    + binary("Sub", Subtract.self) + binary("Xor", Xor.self)

  /// A function of one operand; the first version has an attribute about memory.
  static func unary<Kind: Operator>(_ name: String, _ kind: Kind.Type) -> [Mapping] {
    [
      Mapping(name) { (node) throws(ModelError) in
        node.ignore("consumed_inputs")
        return try node.add(Kind(), node.inputs)
      }.writing(kind) { (_, node) throws(ModelError) in try node.addNumeric(name) }
    ]
  }

  /// A function of two operands; below version 7 the second one broadcasts by attributes.
  private static func binary<Kind: Operator>(_ name: String, _ kind: Kind.Type) -> [Mapping] {
    [
      Mapping(name, since: 1) { (node) throws(ModelError) in
        try node.add(Kind(), [node.input(0), node.legacyBroadcastOperand()])
      },
      .plain(name, kind, since: 7),
    ]
  }

  static func bitShift(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var shift = BitShift()
    switch try node.text("direction", default: "") {
    case "LEFT": shift.movesLeft = true
    case "RIGHT": shift.movesLeft = false
    default: throw ModelError(.malformed, "expected LEFT or RIGHT", at: Location(attribute: "direction"))
    }
    return try node.add(shift, node.inputs)
  }

  static func modulo(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var modulo = Modulo()
    modulo.truncates = try node.flag("fmod")
    return try node.add(modulo, node.inputs)
  }

  static func isInfinite(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var predicate = IsInf()
    predicate.detectsPositive = try node.flag("detect_positive", default: true)
    predicate.detectsNegative = try node.flag("detect_negative", default: true)
    return try node.add(predicate, node.inputs)
  }

  /// The first version names the type by a text.
  static func cast1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let name = try node.text("to", default: "")
    guard let dataType = ElementTypes.dataType(named: name) else {
      throw ModelError(.malformed, "there is no element type '\(name)'", at: Location(attribute: "to"))
    }
    return try node.add(Cast(to: dataType), node.inputs)
  }

  static func cast6(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard let number = try node.optionalInteger("to"), let dataType = ElementTypes.dataType(number) else {
      throw ModelError(.malformed, "expected the number of a type", at: Location(attribute: "to"))
    }
    var cast = Cast(to: dataType)
    cast.saturates = try node.flag("saturate", default: true)
    // Only float8e8m0 is rounded by it, which is not read.
    node.ignore("round_mode")
    return try node.add(cast, node.inputs)
  }

  static func castLike(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var cast = try Cast(to: node.type(of: node.input(1)).dataType)
    cast.saturates = try node.flag("saturate", default: true)
    node.ignore("round_mode")
    return try node.add(cast, [node.input(0)])
  }

  static func mean(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let sum = try node.chain(Add())
    guard node.inputs.count > 1, let total = sum.first else { return sum }
    let count = try node.number(Float(node.inputs.count), as: node.type(of: total).dataType)
    return [try node.add(Divide(), total, count)]
  }
}

extension BitShift {
  fileprivate var direction: String { movesLeft ? "LEFT" : "RIGHT" }

  /// Whether the format can say it: numbers with a sign move to the left only, where it makes no difference.
  fileprivate func isWritable(_ node: Node, _ graph: Graph) -> Bool {
    guard let type = node.inputs.first.flatMap(\.self).flatMap({ graph[$0].type }) else { return false }
    return movesLeft || type.dataType.isUnsignedInteger
  }

  /// The type without a sign of as many bits.
  fileprivate func unsigned(_ dataType: DataType) throws(ModelError) -> DataType {
    switch dataType {
    case .int8: .uint8
    case .int16: .uint16
    case .int32: .uint32
    case .int64: .uint64
    default: throw ModelError(.unsupported, "bits of \(dataType.rawValue) that move")
    }
  }
}

extension NodeImport {
  /// Combines any number of operands, two at a time from the left.
  mutating func chain(_ operator: any Operator) throws(ModelError) -> [ValueID] {
    ignore("consumed_inputs")
    var result = try input(0)
    for index in inputs.indices.dropFirst() { result = try add(`operator`, result, input(index)) }
    return [result]
  }

  /// The second operand of an old binary operator, with axes added so that it broadcasts as it does today.
  ///
  /// With `broadcast`, its axes lie on those of the first operand from `axis` on; without `axis`, on the last.
  mutating func legacyBroadcastOperand() throws(ModelError) -> ValueID {
    ignore("consumed_inputs")
    let (a, b) = (try input(0), try input(1))
    let broadcasts = try flag("broadcast")
    guard let axis = try optionalInteger("axis"), broadcasts else { return b }
    let (rank, own) = (try type(of: a).rank, try type(of: b).shape)
    let start = axis < 0 ? axis + rank : axis
    guard start >= 0, start <= rank - own.rank else {
      throw ModelError(
        .malformed, "axis \(axis) for operands of ranks \(rank) and \(own.rank)",
        at: Location(attribute: "axis"))
    }
    return try withTrailingAxes(b, rank - own.rank - start)
  }

  /// The value with axes of size 1 behind its own.
  mutating func withTrailingAxes(_ value: ValueID, _ count: Int) throws(ModelError) -> ValueID {
    let shape = try type(of: value).shape
    guard count > 0, shape.rank > 0 else { return value }
    // A size of 0 in the shape of a reshape copies the operand's.
    let sizes = shape.fixed ?? [Int](repeating: 0, count: shape.rank)
    return try reshaped(value, to: sizes + [Int](repeating: 1, count: count))
  }
}
