import SkiffBinary
import SkiffIR
import SkiffOperators

/// A tensor on the way to the result of an operator that the format lacks.
struct Expression {
  private let writer: NodeWriter
  let tensor: Int

  /// The type of the tensor.
  var type: TensorType { writer.exporter.types[tensor] }

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

  /// `sign(x) · (2 · Φ(√2 · |x|) − 1)` with the Gaussian distribution Φ, which the format has times its argument.
  func errorFunction() throws(ModelError) -> Expression {
    // The least magnitude keeps the quotients defined at zero, where both are 0.
    let magnitude = try mapped("ABS").combined("MAXIMUM", number(1e-20))
    let y = try magnitude.combined("MUL", number(Float(2).squareRoot()))
    let distribution = try y.mapped("GELU").combined("DIV", y)
    let result = try distribution.combined("MUL", number(2)).combined("SUB", number(1))
    return try result.combined("MUL", combined("DIV", magnitude))
  }

  /// The reduction along axes, which stay with size 1.
  func reduced(_ name: String, _ axes: [Int]) throws(ModelError) -> Expression {
    var type = type
    for axis in axes { type.shape[axis] = .fixed(1) }
    let result = try writer.temporary(type)
    try writer.emit(
      name, [tensor, writer.integers(axes)], [result],
      FlatObject("ReducerOptions", ["keep_dims": .integer(1)]))
    return Expression(writer, result)
  }

  /// The tensor with another shape, of which at most one size is not fixed.
  func reshaped(to shape: Shape) throws(ModelError) -> Expression {
    if type.shape == shape { return self }
    if let sizes = shape.fixed { return Expression(writer, try writer.reshaped(tensor, to: sizes)) }
    var type = type
    type.shape = shape
    let result = try writer.temporary(type)
    try writer.emitReshape(tensor, to: result)
    return Expression(writer, result)
  }

  /// `1 / √(x + epsilon)`.
  func inverseRoot(epsilon: Float) throws(ModelError) -> Expression {
    try combined("ADD", number(epsilon)).mapped("RSQRT")
  }

  /// `(x − mean) / √(variance + epsilon)` with the statistics along some axes.
  func standardized(along axes: [Int], epsilon: Float) throws(ModelError) -> Expression {
    let centred = try combined("SUB", reduced("MEAN", axes))
    let variance = try centred.combined("MUL", centred).reduced("MEAN", axes)
    return try centred.combined("MUL", variance.inverseRoot(epsilon: epsilon))
  }

  /// The group normalization of images of a fixed size: the channels are split in groups, normalized and joined.
  func standardized(
    inGroups node: GroupNormalization, _ scale: Expression?, _ shift: Expression?
  ) throws(ModelError) -> Expression {
    let (layout, shape) = (node.layout, type.shape)
    let space = layout.spatialAxes(rank: shape.rank).compactMap { shape[$0].fixed }
    guard let channels = shape[layout.channelAxis(rank: shape.rank)].fixed, space.count == shape.rank - 2
    else { throw ModelError(.unsupported, "groups in \(shape), whose sizes are not fixed") }
    let (area, groups) = (space.reduce(1, *), node.groups)
    let isFirst = layout == .first
    let split =
      isFirst ? [groups, channels / groups, area] : [area, groups, channels / groups]
    func parameter(_ operand: Expression?) throws(ModelError) -> Expression? {
      guard let operand else { return nil }
      let depth = operand.type.shape == Shape([channels]) ? channels / groups : 1
      return try operand.reshaped(to: Shape(isFirst ? [1, groups, depth, 1] : [1, 1, groups, depth]))
    }
    return try reshaped(to: Shape([shape[0]] + split.map { .fixed($0) }))
      .standardized(along: isFirst ? [2, 3] : [1, 3], epsilon: node.epsilon)
      .scaled(by: parameter(scale), shiftedBy: parameter(shift)).reshaped(to: shape)
  }

  /// Likewise, times a scale, plus a shift.
  func scaled(by scale: Expression?, shiftedBy shift: Expression? = nil) throws(ModelError) -> Expression {
    var result = self
    if let scale { result = try result.combined("MUL", scale) }
    if let shift { result = try result.combined("ADD", shift) }
    return result
  }

  private static let options = [
    "ABS": "AbsOptions", "ADD": "AddOptions", "COS": "CosOptions", "DIV": "DivOptions", "EXP": "ExpOptions",
    "MAXIMUM": "MaximumMinimumOptions", "MINIMUM": "MaximumMinimumOptions", "MUL": "MulOptions",
    "GELU": "GeluOptions", "NEG": "NegOptions", "SUB": "SubOptions",
  ]
}
