import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Operators that the format lacks, as expressions of those that it has; they are never read.
  static let decompositions: [Mapping] = [
    expression(Clip.self) { (clip, x) throws(ModelError) in
      var result = x
      if let low = try x.operand(1, else: clip.minimum) { result = try result.combined("MAXIMUM", low) }
      if let high = try x.operand(2, else: clip.maximum) { result = try result.combined("MINIMUM", high) }
      return result
    },
    expression(Identity.self) { (_, x) throws(ModelError) in x },
    expression(Reciprocal.self) { (_, x) throws(ModelError) in try x.number(1).combined("DIV", x) },
    expression(Swish.self) { (_, x) throws(ModelError) in try x.combined("MUL", x.mapped("LOGISTIC")) },
    expression(HardSigmoid.self) { (node, x) throws(ModelError) in
      let line = try x.combined("MUL", x.number(node.alpha)).combined("ADD", x.number(node.beta))
      return try line.combined("MAXIMUM", x.number(0)).combined("MINIMUM", x.number(1))
    },
    expression(Elu.self) { (node, x) throws(ModelError) in
      try x.mapped("RELU").combined("ADD", x.negativePart(times: node.alpha))
    },
    expression(Selu.self) { (node, x) throws(ModelError) in
      try x.mapped("RELU").combined("ADD", x.negativePart(times: node.alpha))
        .combined("MUL", x.number(node.gamma))
    },
    expression(Celu.self) { (node, x) throws(ModelError) in
      let scaled = try x.combined("MUL", x.number(1 / node.alpha))
      return try x.mapped("RELU").combined("ADD", scaled.negativePart(times: node.alpha))
    },
    expression(Softplus.self) { (_, x) throws(ModelError) in try x.softplus() },
    expression(LogSigmoid.self) { (_, x) throws(ModelError) in try x.mapped("NEG").softplus().mapped("NEG") },
    expression(Mish.self) { (_, x) throws(ModelError) in
      try x.combined("MUL", x.softplus().mapped("TANH"))
    },
    expression(Softsign.self) { (_, x) throws(ModelError) in
      try x.combined("DIV", x.mapped("ABS").combined("ADD", x.number(1)))
    },
    expression(Tan.self) { (_, x) throws(ModelError) in try x.mapped("SIN").combined("DIV", x.mapped("COS"))
    },
  ]

  private static func expression<Kind: Operator>(
    _ kind: Kind.Type, _ write: @escaping @Sendable (Kind, Expression) throws(ModelError) -> Expression
  ) -> Mapping {
    Mapping(
      "", kind,
      read: { (_) throws(ModelError) in throw ModelError(.unsupported, "is never read") },
      write: { (node, writer) throws(ModelError) in
        let isQuantized = try writer.type(0).isQuantized
        guard !isQuantized || kind == Clip.self || kind == Identity.self else {
          throw ModelError(.unsupported, "\(Kind.name) has no form in integers in the format")
        }
        let result = try write(node, Expression(writer, writer.required(0)))
        try writer.finish(result.tensor)
        return true
      })
  }
}

/// A tensor on the way to the result of an operator that the format lacks.
struct Expression {
  private let writer: NodeWriter
  let tensor: Int

  init(_ writer: NodeWriter, _ tensor: Int) {
    self.writer = writer
    self.tensor = tensor
  }

  /// The operator applied to this tensor.
  func mapped(_ name: String) throws(ModelError) -> Expression {
    let result = try writer.temporary(writer.exporter.types[tensor])
    try writer.emit(name, [tensor], [result], Self.options[name].map { FlatObject($0) })
    return Expression(writer, result)
  }

  /// The operator applied to this tensor and another one, which broadcasts to it or it to the other.
  func combined(_ name: String, _ other: Expression) throws(ModelError) -> Expression {
    let types = writer.exporter.types
    var type = types[tensor]
    type.shape = try Broadcasting.shape(of: [types[tensor].shape, types[other.tensor].shape])
    let result = try writer.temporary(type)
    try writer.emit(name, [tensor, other.tensor], [result], Self.options[name].map { FlatObject($0) })
    return Expression(writer, result)
  }

  /// A number in the type of this tensor.
  func number(_ value: Float) throws(ModelError) -> Expression {
    let type = writer.exporter.types[tensor]
    let scalar = Tensor(scalar: value)
    let stored =
      if let parameters = type.quantization {
        try scalar.quantized(as: type.dataType, parameters)
      } else {
        try scalar.cast(to: type.dataType)
      }
    return Expression(writer, try writer.exporter.addUnnamed(stored))
  }

  /// Another operand of the node, else a number; nil for neither.
  func operand(_ index: Int, else number: Float?) throws(ModelError) -> Expression? {
    if let tensor = try writer.optional(index) { return Expression(writer, tensor) }
    guard let number, number.isFinite else { return nil }
    return try self.number(number)
  }

  /// `factor · (e^min(x, 0) − 1)`.
  func negativePart(times factor: Float) throws(ModelError) -> Expression {
    let part = try combined("MINIMUM", number(0)).mapped("EXP").combined("SUB", number(1))
    return factor == 1 ? part : try part.combined("MUL", number(factor))
  }

  /// `max(x, 0) + ln(1 + e^−|x|)`, which never overflows.
  func softplus() throws(ModelError) -> Expression {
    let rest = try mapped("ABS").mapped("NEG").mapped("EXP").combined("ADD", number(1)).mapped("LOG")
    return try mapped("RELU").combined("ADD", rest)
  }

  private static let options = [
    "ABS": "AbsOptions", "ADD": "AddOptions", "COS": "CosOptions", "DIV": "DivOptions", "EXP": "ExpOptions",
    "MAXIMUM": "MaximumMinimumOptions", "MINIMUM": "MaximumMinimumOptions", "MUL": "MulOptions",
    "NEG": "NegOptions", "SUB": "SubOptions",
  ]
}
