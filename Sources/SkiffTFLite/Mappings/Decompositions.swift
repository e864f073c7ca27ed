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
    expression(Erf.self) { (_, x) throws(ModelError) in try x.errorFunction() },
    expression(Tan.self) { (_, x) throws(ModelError) in try x.mapped("SIN").combined("DIV", x.mapped("COS"))
    },
    normalization(LayerNormalization.self) { (node, x, scale, shift) throws(ModelError) in
      let rank = x.type.rank
      let axes = Array(try normalizedAxis(node.axis, rank: rank)..<rank)
      return try x.standardized(along: axes, epsilon: node.epsilon).scaled(by: scale, shiftedBy: shift)
    },
    normalization(RMSNormalization.self) { (node, x, scale, _) throws(ModelError) in
      let rank = x.type.rank
      let axes = Array(try normalizedAxis(node.axis, rank: rank)..<rank)
      let square = try x.combined("MUL", x).reduced("MEAN", axes)
      return try x.combined("MUL", square.inverseRoot(epsilon: node.epsilon)).scaled(by: scale)
    },
    normalization(InstanceNormalization.self) { (node, x, scale, shift) throws(ModelError) in
      let (rank, layout) = (x.type.rank, node.layout)
      let result = try x.standardized(along: Array(layout.spatialAxes(rank: rank)), epsilon: node.epsilon)
      var sizes = [Shape.Dimension](repeating: .fixed(1), count: rank)
      sizes[layout.channelAxis(rank: rank)] = x.type.shape[layout.channelAxis(rank: rank)]
      return try result.scaled(
        by: scale?.reshaped(to: Shape(sizes)), shiftedBy: shift?.reshaped(to: Shape(sizes)))
    },
    normalization(GroupNormalization.self) { (node, x, scale, shift) throws(ModelError) in
      try x.standardized(inGroups: node, scale, shift)
    },
  ]

  /// An operator whose second and third operands scale and shift what is normalized.
  private static func normalization<Kind: Operator>(
    _ kind: Kind.Type,
    _ write:
      @escaping @Sendable (Kind, Expression, Expression?, Expression?) throws(ModelError) -> Expression
  ) -> Mapping {
    expression(kind) { (node, x) throws(ModelError) in
      try write(node, x, x.operand(1, else: nil), x.operand(2, else: nil))
    }
  }

  private static func expression<Kind: Operator>(
    _ kind: Kind.Type, _ write: @escaping @Sendable (Kind, Expression) throws(ModelError) -> Expression
  ) -> Mapping {
    Mapping(decomposing: kind) { (node, writer) throws(ModelError) in
      let isQuantized = try writer.type(0).isQuantized
      guard !isQuantized || kind == Clip.self || kind == Identity.self else {
        throw ModelError(.unsupported, "\(Kind.name) has no form in integers in the format")
      }
      let result = try write(node, Expression(writer, writer.required(0)))
      try writer.finish(result.tensor)
      return true
    }
  }
}
