import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Functions of whole lines of a tensor.
  static let normalization: [Mapping] = [
    Mapping(
      "SOFTMAX", Softmax.self,
      read: { (reader) throws(ModelError) in
        var softmax = Softmax()
        softmax.beta = reader.options.real("beta")
        return [try reader.add(softmax, reader.inputs)]
      },
      write: { (softmax, writer) throws(ModelError) in
        try writer.emitOnLastAxis(
          "SOFTMAX", softmax.axis,
          options: FlatObject("SoftmaxOptions", ["beta": .real(Double(softmax.beta))]))
        return true
      }),
    Mapping(
      "LOG_SOFTMAX", LogSoftmax.self,
      read: { (reader) throws(ModelError) in [try reader.add(LogSoftmax(), reader.inputs)] },
      write: { (softmax, writer) throws(ModelError) in
        try writer.emitOnLastAxis("LOG_SOFTMAX", softmax.axis, options: FlatObject("LogSoftmaxOptions"))
        return true
      }),
    Mapping(
      "L2_NORMALIZATION", LpNormalization.self,
      accepts: { norm, node, graph in
        norm.order == 2
          && (norm.leastNorm == leastNorm || norm.leastNorm < leastNorm && node.takesQuantized(in: graph))
      },
      read: { (reader) throws(ModelError) in
        try reader.requireNoActivation()
        var norm = LpNormalization()
        norm.leastNorm = leastNorm
        return [try reader.add(norm, reader.inputs)]
      },
      write: { (norm, writer) throws(ModelError) in
        try writer.emitOnLastAxis("L2_NORMALIZATION", norm.axis, options: FlatObject("L2NormOptions"))
        return true
      }),
    Mapping(
      "LOCAL_RESPONSE_NORMALIZATION", LocalResponseNormalization.self,
      read: { (reader) throws(ModelError) in
        var norm = LocalResponseNormalization()
        norm.layout = .last
        norm.size = 2 * max(0, min(reader.options.integer("radius"), 1 << 20)) + 1
        norm.alpha = reader.options.real("alpha") * Float(norm.size)
        norm.beta = reader.options.real("beta")
        norm.bias = reader.options.real("bias")
        return [try reader.add(norm, reader.inputs)]
      },
      write: { (norm, writer) throws(ModelError) in
        try writer.requireChannelsLast(norm.layout)
        guard norm.size % 2 == 1 else {
          throw ModelError(.unsupported, "an even number of channels", at: Location(attribute: "size"))
        }
        let options = FlatObject(
          "LocalResponseNormalizationOptions",
          [
            "radius": .integer(norm.size / 2), "alpha": .real(Double(norm.alpha / Float(norm.size))),
            "beta": .real(Double(norm.beta)), "bias": .real(Double(norm.bias)),
          ])
        try writer.emit("LOCAL_RESPONSE_NORMALIZATION", options: options)
        return true
      }),
  ]

  /// What the format's L2_NORMALIZATION divides by at least.
  private static let leastNorm: Float = 1e-6
}

extension NodeWriter {
  /// Appends an operator that works along the last axis, between transpositions where `axis` is another.
  fileprivate func emitOnLastAxis(_ name: String, _ axis: Int, options: FlatObject) throws(ModelError) {
    let rank = try type(0).rank
    let axis = try normalizedAxis(axis, rank: rank)
    guard try type(0).shape[axis] != .fixed(0) else {
      throw ModelError(.unsupported, "an axis without elements, on which kernels of \(name) end the process")
    }
    guard axis != rank - 1 else { return try emit(name, options: options) }
    var order = Array(0..<rank)
    order.swapAt(axis, rank - 1)
    let moved = try permuted(required(0), by: order)
    let target = try result(0)
    var type = exporter.types[target]
    type.shape = Shape(order.map { type.shape[$0] })
    let line = try temporary(type)
    try emit(name, [moved], [line], options)
    try emit("TRANSPOSE", [line, integers(order)], [target], FlatObject("TransposeOptions"))
  }
}
