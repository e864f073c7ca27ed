import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Functions of each element on its own.
  static let activations: [Mapping] = [
    Mapping(plain: "ABS", Abs.self, options: "AbsOptions"),
    Mapping(plain: "CEIL", Ceil.self),
    Mapping(plain: "COS", Cos.self, options: "CosOptions"),
    Mapping(plain: "EXP", Exp.self, options: "ExpOptions"),
    Mapping(plain: "FLOOR", Floor.self),
    Mapping(plain: "HARD_SWISH", HardSwish.self, options: "HardSwishOptions"),
    Mapping(plain: "LOG", Log.self),
    Mapping(plain: "LOGICAL_NOT", Not.self, options: "LogicalNotOptions"),
    Mapping(plain: "LOGISTIC", Sigmoid.self),
    Mapping(plain: "NEG", Negate.self, options: "NegOptions"),
    Mapping(plain: "PRELU", PRelu.self),
    Mapping(
      "RELU", Relu.self,
      accepts: { _, node, graph in
        let type = node.inputs.first.flatMap(\.self).flatMap { graph[$0].type }
        // Integers that stand for themselves the kernels take to be quantized.
        return type.map { $0.isQuantized || !$0.dataType.isInteger } ?? false
      },
      read: { (reader) throws(ModelError) in [try reader.add(Relu(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.emit("RELU")
        return true
      }),
    Mapping(plain: "ROUND", Round.self),
    Mapping(plain: "RSQRT", Rsqrt.self),
    Mapping(plain: "SIGN", Sign.self, options: "SignOptions"),
    Mapping(plain: "SIN", Sin.self),
    Mapping(plain: "SQRT", Sqrt.self),
    Mapping(plain: "SQUARE", Square.self, options: "SquareOptions"),
    Mapping(plain: "TANH", Tanh.self),
    Mapping(
      "LEAKY_RELU", LeakyRelu.self,
      read: { (reader) throws(ModelError) in
        var node = LeakyRelu()
        node.alpha = reader.options.real("alpha")
        return [try reader.add(node, reader.inputs)]
      },
      write: { (node, writer) throws(ModelError) in
        try writer.emit(
          "LEAKY_RELU", options: FlatObject("LeakyReluOptions", ["alpha": .real(Double(node.alpha))]))
        return true
      }),
    Mapping(
      "GELU", Gelu.self,
      read: { (reader) throws(ModelError) in
        var node = Gelu()
        node.approximation = reader.options.boolean("approximate") ? .tanh : .none
        return [try reader.add(node, reader.inputs)]
      },
      write: { (node, writer) throws(ModelError) in
        try writer.emit(
          "GELU",
          options: FlatObject("GeluOptions", ["approximate": .integer(node.approximation == .tanh ? 1 : 0)]))
        return true
      }),
    Mapping(
      "ELU", Elu.self, accepts: { elu, _, _ in elu.alpha == 1 },
      read: { (reader) throws(ModelError) in [try reader.add(Elu(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.emit("ELU")
        return true
      }),
    clamp("RELU6", 0, 6),
    clamp("RELU_N1_TO_1", -1, 1),
    clamp("RELU_0_TO_1", 0, 1),
    clamp("RELU", 0, nil),
  ]

  /// A clamp that the format has a name for.
  private static func clamp(_ name: String, _ minimum: Float, _ maximum: Float?) -> Mapping {
    Mapping(
      name, Clip.self,
      accepts: { clip, node, graph in
        guard clip.minimum == minimum, clip.maximum == maximum, node.inputs.count(where: { $0 != nil }) == 1,
          let type = node.inputs.first.flatMap(\.self).flatMap({ graph[$0].type })
        else { return false }
        // Of integers of 16 bits kernels know two of these.
        if type.dataType == .int16 { return type.isQuantized && minimum == 0 && maximum != 1 }
        return type.isQuantized || !type.dataType.isInteger
      },
      read: { (reader) throws(ModelError) in
        guard reader.inputs.count == 1 else {
          throw ModelError(.malformed, "\(reader.inputs.count) operands instead of 1")
        }
        return [try reader.add(Clip(minimum: minimum, maximum: maximum), reader.inputs)]
      },
      write: { (_, writer) throws(ModelError) in
        try writer.emit(name, [writer.required(0)], [writer.result(0)])
        return true
      })
  }
}
