import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Lists of numbers, and operators along sequences.
  static let sequences: [Mapping] = [
    Mapping(
      "REVERSE_SEQUENCE", ReverseSequence.self,
      read: { (reader) throws(ModelError) in
        var node = ReverseSequence()
        node.timeAxis = reader.options.integer("seq_dim")
        node.batchAxis = reader.options.integer("batch_dim")
        return [try reader.add(node, reader.inputs)]
      },
      write: { (node, writer) throws(ModelError) in
        let rank = try writer.type(0).rank
        let options = FlatObject(
          "ReverseSequenceOptions",
          [
            "seq_dim": .integer(try normalizedAxis(node.timeAxis, rank: rank)),
            "batch_dim": .integer(try normalizedAxis(node.batchAxis, rank: rank)),
          ])
        try writer.emit(
          "REVERSE_SEQUENCE", [writer.required(0), writer.index(1)], [writer.result(0)], options)
        return true
      }),
    Mapping(
      "CUMSUM", CumSum.self,
      read: { (reader) throws(ModelError) in
        var node = CumSum()
        node.axis = try reader.integer(1, "axis")
        node.isExclusive = reader.options.boolean("exclusive")
        node.isReversed = reader.options.boolean("reverse")
        return [try reader.add(node, [reader.input(0)])]
      },
      write: { (node, writer) throws(ModelError) in
        let options = FlatObject(
          "CumsumOptions",
          [
            "exclusive": .integer(node.isExclusive ? 1 : 0), "reverse": .integer(node.isReversed ? 1 : 0),
          ])
        try writer.emit(
          "CUMSUM", [writer.required(0), writer.scalar(node.axis)], [writer.result(0)], options)
        return true
      }),
    Mapping(
      "RANGE", NumberRange.self,
      read: { (reader) throws(ModelError) in [try reader.add(NumberRange(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.writeRange()
        return true
      }),
    Mapping(
      "UNIQUE", Unique.self, accepts: { unique, _, _ in unique.axis == nil && !unique.isSorted },
      read: { (reader) throws(ModelError) in
        var unique = Unique()
        unique.isSorted = false
        let results = try reader.applyIntermediate(unique, [reader.input(0)])
        let type = reader.resultTypes.last??.dataType ?? .int32
        return [results[0], try reader.addIntermediate(Cast(to: type), [results[2]])]
      },
      write: { (_, writer) throws(ModelError) in
        let unused = [1, 3].allSatisfy { index in
          let value = writer.node.outputs[index]
          return writer.exporter.graph[value].users.isEmpty
            && !writer.exporter.graph.outputs.contains { $0.value == value }
        }
        guard unused else { throw ModelError(.unsupported, "where and how often elements are") }
        try writer.emit(
          "UNIQUE", [writer.flat(0)], [writer.result(0), writer.result(2)],
          FlatObject("UniqueOptions").setting("idx_out_type", to: "INT64"))
        return true
      }),
    Mapping(
      "RANK", ShapeOf.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        [reader.importer.graph.addConstant(Tensor(scalar: Int32(try reader.type(0).rank)))]
      },
      write: { _, _ in false }),
    Mapping(
      "ZEROS_LIKE", ConstantOfShape.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        var zeros = ConstantOfShape()
        zeros.dataType = try reader.type(0).dataType
        guard try !reader.type(0).isQuantized else { throw ModelError(.unsupported, "quantized zeros") }
        return [try reader.add(zeros, [reader.addIntermediate(ShapeOf(), [reader.input(0)])])]
      },
      write: { _, _ in false }),
    Mapping(
      "ADD_N", Add.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        var sum = try reader.input(0)
        for index in reader.inputs.indices.dropFirst() {
          sum = try reader.addIntermediate(Add(), [sum, reader.input(index)])
        }
        return [sum]
      },
      write: { _, _ in false }),
    Mapping(
      "BROADCAST_ARGS", Select.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in [try reader.commonShape()] }, write: { _, _ in false }),
    Mapping(
      "BUCKETIZE", ReduceSum.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        guard case .reals(let boundaries)? = reader.options["boundaries"] else {
          throw ModelError(.unsupported, "no boundaries")
        }
        // The number of boundaries that are not above an element.
        let list = reader.importer.graph.addConstant(
          Tensor(boundaries.map { Float($0) }, shape: [boundaries.count]))
        let real = try reader.addIntermediate(Cast(to: .float32), [reader.input(0)])
        let raised = try reader.addIntermediate(Unsqueeze(axes: [-1]), [real])
        let isBelow = try reader.addIntermediate(GreaterOrEqual(), [raised, list])
        let counted = try reader.addIntermediate(Cast(to: .int32), [isBelow])
        var sum = ReduceSum()
        (sum.axes, sum.keepsDimensions) = ([-1], false)
        return [try reader.add(sum, [counted])]
      },
      write: { _, _ in false }),
    Mapping(
      "MATRIX_DIAG", Select.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        let type = try reader.type(0)
        guard let size = type.shape.dimensions.last?.fixed, !type.isQuantized else {
          throw ModelError(.unsupported, "a diagonal \(type)")
        }
        let zero = reader.importer.graph.addConstant(
          try Tensor(scalar: Float(0)).cast(to: type.dataType))
        let rows = try reader.addIntermediate(Unsqueeze(axes: [-2]), [reader.input(0)])
        return [try reader.add(Select(), [reader.diagonal(size, size), rows, zero])]
      },
      write: { _, _ in false }),
    Mapping(
      "MATRIX_SET_DIAG", Select.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        let (type, diagonal) = (try reader.type(0), try reader.type(1))
        let sizes = type.shape.dimensions.suffix(2).compactMap(\.fixed)
        guard sizes.count == 2, !type.isQuantized else {
          throw ModelError(.unsupported, "the diagonal of \(type)")
        }
        let expected = type.shape.dimensions.dropLast(2) + [.fixed(min(sizes[0], sizes[1]))]
        guard diagonal.shape.dimensions == Array(expected) else {
          throw ModelError(.malformed, "a diagonal \(diagonal.shape) for \(type.shape)")
        }
        var line = try reader.input(1)
        let missing = sizes[1] - min(sizes[0], sizes[1])
        if missing > 0 {
          let begins = [Int](repeating: 0, count: 2 * diagonal.rank - 1)
          line = try reader.addIntermediate(Pad(), [line, reader.constant(begins + [missing])])
        }
        let rows = try reader.addIntermediate(Unsqueeze(axes: [-2]), [line])
        return [try reader.add(Select(), [reader.diagonal(sizes[0], sizes[1]), rows, reader.input(0)])]
      },
      write: { _, _ in false }),
  ]
}

extension NodeWriter {
  /// A range; kernels refuse one whose limit lies the other way, so that where the step is known it is the start instead.
  fileprivate func writeRange() throws(ModelError) {
    let (start, step) = (try scalarOperand(0), try scalarOperand(2))
    var limit = try scalarOperand(1)
    if let value = node.inputs[2],
      let step = try exporter.graph[value].constant?.materialize().doubles().first,
      step != 0
    {
      let clamped = try temporary(exporter.types[limit])
      try emit(
        step > 0 ? "MAXIMUM" : "MINIMUM", [limit, start], [clamped], FlatObject("MaximumMinimumOptions"))
      limit = clamped
    }
    try emit("RANGE", [start, limit, step], [result(0)], FlatObject("RangeOptions"))
  }

  /// An operand of one element, without axes.
  private func scalarOperand(_ index: Int) throws(ModelError) -> Int {
    let (operand, type) = (try required(index), try type(index))
    guard type.rank > 0 else { return operand }
    let scalar = try temporary(TensorType(type.dataType, .scalar))
    try emitReshape(operand, to: scalar)
    return scalar
  }

  /// An operand as the list of its elements.
  fileprivate func flat(_ index: Int) throws(ModelError) -> Int {
    let (operand, type) = (try required(index), try type(index))
    guard type.rank != 1 else { return operand }
    let list = try temporary(
      TensorType(type.dataType, Shape([type.shape.elementCount.map { .fixed($0) } ?? .unknown])))
    try emitReshape(operand, to: list)
    return list
  }
}

extension OperatorReader {
  /// Whether row and column are the same, for each place of a matrix.
  fileprivate func diagonal(_ rows: Int, _ columns: Int) throws(ModelError) -> ValueID {
    guard rows.multipliedReportingOverflow(by: columns).partialValue <= Limits.standard.count else {
      throw ModelError(.limitExceeded, "a matrix of \(rows) rows and \(columns) columns")
    }
    let places = (0..<rows * columns).map { $0 / columns == $0 % columns }
    return importer.graph.addConstant(Tensor(places, shape: [rows, columns]))
  }

  /// The shape that two shapes broadcast to.
  fileprivate func commonShape() throws(ModelError) -> ValueID {
    var shapes: [ValueID] = []
    let counts = [try type(0), try type(1)].compactMap(\.shape.elementCount)
    guard counts.count == 2, counts.allSatisfy({ $0 <= 32 }) else {
      throw ModelError(.unsupported, "shapes of an open number of sizes")
    }
    let dataType = try type(0).dataType
    let rank = max(counts[0], counts[1])
    for index in 0..<2 {
      let missing = rank - counts[index]
      let ones = importer.graph.addConstant(
        try Tensor(integers: [Int](repeating: 1, count: missing), as: dataType, shape: [missing]))
      shapes.append(
        missing == 0 ? try input(index) : try addIntermediate(Concat(axis: 0), [ones, input(index)]))
    }
    let one = importer.graph.addConstant(try Tensor(integers: [1], as: dataType, shape: []))
    let isOne = try addIntermediate(Equal(), [shapes[0], one])
    return try add(Select(), [isOne, shapes[1], shapes[0]])
  }
}
