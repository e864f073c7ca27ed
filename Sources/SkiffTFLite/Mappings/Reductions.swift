import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Reductions along axes, and places of extremes.
  static let reductions: [Mapping] = [
    reduction("REDUCE_ANY", ReduceMax.self, \.axes, \.keepsDimensions, of: .boolean),
    reduction("REDUCE_ALL", ReduceMin.self, \.axes, \.keepsDimensions, of: .boolean),
    reduction("SUM", ReduceSum.self, \.axes, \.keepsDimensions),
    reduction("MEAN", ReduceMean.self, \.axes, \.keepsDimensions),
    reduction("REDUCE_PROD", ReduceProd.self, \.axes, \.keepsDimensions),
    reduction("REDUCE_MAX", ReduceMax.self, \.axes, \.keepsDimensions),
    reduction("REDUCE_MIN", ReduceMin.self, \.axes, \.keepsDimensions),
    Mapping(
      "TOPK_V2", TopK.self,
      read: { (reader) throws(ModelError) in
        var node = TopK()
        node.indexType = .int32
        return try reader.apply(node, [reader.input(0), reader.input(1)])
      },
      write: { (node, writer) throws(ModelError) in
        try writer.writeTopK(node)
        return true
      }),
    extreme("ARG_MAX", ArgMax.self, \.axis, \.keepsDimensions, \.selectsLast, \.dataType, "ArgMaxOptions"),
    extreme("ARG_MIN", ArgMin.self, \.axis, \.keepsDimensions, \.selectsLast, \.dataType, "ArgMinOptions"),
  ]

  private static func reduction<Kind: Operator>(
    _ name: String, _ kind: Kind.Type, _ axes: any WritableKeyPath<Kind, [Int]> & Sendable,
    _ keeps: any WritableKeyPath<Kind, Bool> & Sendable, of dataType: DataType? = nil
  ) -> Mapping {
    Mapping(
      name, kind,
      accepts: { _, node, graph in
        dataType == nil || node.inputs.first.flatMap(\.self).flatMap { graph[$0].type }?.dataType == dataType
      },
      read: { (reader) throws(ModelError) in
        var node = Kind()
        let type = try reader.type(0)
        // An axis may be listed twice, and for a scalar there may be any.
        var listed: Set<Int> = []
        for axis in try reader.integers(1, "axes") where type.rank > 0 {
          if listed.insert(try normalizedAxis(axis, rank: type.rank)).inserted {
            node[keyPath: axes].append(axis)
          }
        }
        node[keyPath: keeps] = reader.options.boolean("keep_dims")
        // No axes are none here, and all in the graph.
        guard !node[keyPath: axes].isEmpty || type.rank == 0 else {
          guard type.quantization == reader.resultTypes.first??.quantization else {
            throw ModelError(.unsupported, "a change of parameters without axes")
          }
          return [try reader.add(Identity(), [reader.input(0)])]
        }
        return [try reader.add(node, [reader.input(0)])]
      },
      write: { (node, writer) throws(ModelError) in
        let rank = try writer.type(0).rank
        let listed = try normalizedAxes(node[keyPath: axes], rank: rank)
        let all = listed.isEmpty ? Array(0..<rank) : listed
        let options = FlatObject("ReducerOptions", ["keep_dims": .integer(node[keyPath: keeps] ? 1 : 0)])
        try writer.emit(name, [writer.required(0), writer.integers(all)], [writer.result(0)], options)
        return true
      })
  }

  private static func extreme<Kind: Operator>(
    _ name: String, _ kind: Kind.Type, _ axis: any WritableKeyPath<Kind, Int> & Sendable,
    _ keeps: any WritableKeyPath<Kind, Bool> & Sendable, _ last: any WritableKeyPath<Kind, Bool> & Sendable,
    _ dataType: any WritableKeyPath<Kind, DataType> & Sendable, _ table: String
  ) -> Mapping {
    Mapping(
      name, kind, accepts: { node, _, _ in !node[keyPath: last] },
      read: { (reader) throws(ModelError) in
        var node = Kind()
        node[keyPath: axis] = try reader.integer(1, "axis")
        node[keyPath: keeps] = false
        node[keyPath: dataType] = reader.resultTypes.first??.dataType ?? .int64
        return [try reader.add(node, [reader.input(0)])]
      },
      write: { (node, writer) throws(ModelError) in
        let result = try writer.result(0)
        let options = FlatObject(table).setting(
          "output_type", to: node[keyPath: dataType] == .int32 ? "INT32" : "INT64")
        let operands = [try writer.required(0), try writer.scalar(node[keyPath: axis])]
        guard node[keyPath: keeps] else {
          try writer.emit(name, operands, [result], options)
          return true
        }
        var type = writer.exporter.types[result]
        type.shape.dimensions.remove(at: try normalizedAxis(node[keyPath: axis], rank: type.rank))
        let narrow = try writer.temporary(type)
        try writer.emit(name, operands, [narrow], options)
        try writer.emitReshape(narrow, to: result)
        return true
      })
  }
}

extension NodeWriter {
  /// The greatest elements along the last axis: those along another one between transpositions, the least as the greatest of
  /// what is mirrored.
  fileprivate func writeTopK(_ node: TopK) throws(ModelError) {
    let count = try known(1, "number of elements")
    guard count.count == 1 else { throw ModelError(.invalidGraph, "\(count.count) numbers of elements") }
    let rank = try type(0).rank
    var order = Array(0..<rank)
    order.swapAt(try normalizedAxis(node.axis, rank: rank), rank - 1)
    let isLast = order == Array(0..<rank)
    var lines = try required(0)
    if !isLast { lines = try permuted(lines, by: order) }
    if !node.takesGreatest { lines = try mirrored(lines) }
    var type = exporter.types[lines]
    type.shape[rank - 1] = .fixed(count[0])
    let isPlain = isLast && node.takesGreatest
    var values = isPlain ? try result(0) : try temporary(type)
    let places =
      try isLast && node.indexType == .int32 ? result(1) : temporary(TensorType(.int32, type.shape))
    try emit("TOPK_V2", [lines, scalar(count[0])], [values, places], FlatObject("TopKV2Options"))
    if !node.takesGreatest { values = try mirrored(values, to: isLast ? result(0) : nil) }
    guard !isLast || node.indexType != .int32 else { return }
    let wide = try isLast ? result(1) : temporary(TensorType(node.indexType, type.shape))
    if node.indexType != .int32 { try emitCast(places, to: wide) }
    guard !isLast else { return }
    let options = FlatObject("TransposeOptions")
    try emit("TRANSPOSE", [values, integers(order)], [result(0)], options)
    try emit(
      "TRANSPOSE", [node.indexType == .int32 ? places : wide, integers(order)], [result(1)], options)
  }

  /// The elements in the opposite order of their sizes: real numbers negated, integers subtracted from -1, which none overflows.
  private func mirrored(_ tensor: Int, to wanted: Int? = nil) throws(ModelError) -> Int {
    let type = exporter.types[tensor]
    let result = if let wanted { wanted } else { try temporary(type) }
    if type.dataType == .float32 {
      try emit("NEG", [tensor], [result], FlatObject("NegOptions"))
    } else if [.int32, .int64].contains(type.dataType), !type.isQuantized {
      let last = try exporter.addUnnamed(Tensor(integers: [-1], as: type.dataType, shape: []))
      try emit("SUB", [last, tensor], [result], FlatObject("SubOptions"))
    } else {
      throw ModelError(.unsupported, "the least of elements of type \(type.dataType.rawValue)")
    }
    return result
  }
}
