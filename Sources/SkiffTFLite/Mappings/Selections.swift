import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Parts of tensors, and tensors put together.
  static let selections: [Mapping] = [
    Mapping(
      "CONCATENATION", Concat.self,
      read: { (reader) throws(ModelError) in
        try reader.requireNoActivation()
        return [try reader.add(Concat(axis: reader.options.integer("axis")), reader.inputs)]
      },
      write: { (concat, writer) throws(ModelError) in
        try writer.emit(
          "CONCATENATION", options: FlatObject("ConcatenationOptions", ["axis": .integer(concat.axis)]))
        return true
      }),
    Mapping(
      "PACK", Concat.self,
      read: { (reader) throws(ModelError) in
        let axis = try normalizedAxis(reader.options.integer("axis"), rank: reader.type(0).rank + 1)
        var parts: [ValueID?] = []
        for index in reader.inputs.indices {
          parts.append(
            try reader.addIntermediate(Unsqueeze(axes: [axis]), [reader.input(index)]))
        }
        return [try reader.add(Concat(axis: axis), parts)]
      },
      write: { _, _ in false }),
    Mapping(
      "SPLIT", Split.self,
      read: { (reader) throws(ModelError) in
        var split = Split()
        split.axis = try reader.integer(0, "axis")
        split.parts = reader.options.integer("num_splits")
        return try reader.apply(split, [reader.input(1)])
      },
      write: { (split, writer) throws(ModelError) in
        guard split.sizes.isEmpty, let size = try writer.type(0).shape[axis(split, writer)].fixed,
          split.parts > 0, size % split.parts == 0
        else { return false }
        try writer.emit(
          "SPLIT", [writer.scalar(split.axis), writer.required(0)], writer.results(),
          FlatObject("SplitOptions", ["num_splits": .integer(split.parts)]))
        return true
      }),
    Mapping(
      "SPLIT_V", Split.self,
      read: { (reader) throws(ModelError) in
        var split = Split()
        split.axis = try reader.integer(2, "axis")
        split.sizes = try reader.integers(1, "sizes")
        if let open = split.sizes.firstIndex(of: -1) {
          let rank = try reader.type(0).rank
          guard let size = try reader.type(0).shape[normalizedAxis(split.axis, rank: rank)].fixed else {
            throw ModelError(.unsupported, "a part whose size is computed when the model runs")
          }
          split.sizes[open] = size - split.sizes.reduce(1, +)
        }
        return try reader.apply(split, [reader.input(0)])
      },
      write: { (split, writer) throws(ModelError) in
        var sizes = split.sizes
        if sizes.isEmpty {
          for output in writer.node.outputs {
            guard let size = writer.exporter.graph[output].type?.shape[try axis(split, writer)].fixed else {
              throw ModelError(.unsupported, "parts whose sizes are not fixed")
            }
            sizes.append(size)
          }
        }
        try writer.emit(
          "SPLIT_V", [writer.required(0), writer.integers(sizes), writer.scalar(split.axis)],
          writer.results(), FlatObject("SplitVOptions", ["num_splits": .integer(sizes.count)]))
        return true
      }),
    Mapping(
      "UNPACK", Split.self,
      read: { (reader) throws(ModelError) in
        let rank = try reader.type(0).rank
        let axis = try normalizedAxis(reader.options.integer("axis"), rank: rank)
        var split = Split()
        split.axis = axis
        // As many parts as results; what the option says is the same number in files that are right.
        guard reader.options.integer("num") == reader.item.outputs.count else {
          throw ModelError(
            .malformed, "\(reader.item.outputs.count) results, expected \(reader.options.integer("num"))")
        }
        split.sizes = [Int](repeating: 1, count: reader.item.outputs.count)
        let parts = try reader.applyIntermediate(split, [reader.input(0)])
        var results: [ValueID] = []
        for (part, type) in zip(parts, reader.resultTypes) {
          results.append(try reader.addIntermediate(Squeeze(axes: [axis]), [part], type: type))
        }
        return results
      },
      write: { _, _ in false }),
    Mapping(
      "SLICE", Slice.self,
      read: { (reader) throws(ModelError) in
        guard try ComputedStridedSlice.isKnown(reader) else { return [try readComputedSlice(reader)] }
        let (starts, sizes) = (try reader.integers(1, "starts"), try reader.integers(2, "sizes"))
        guard starts.count == sizes.count else {
          throw ModelError(.malformed, "\(starts.count) starts but \(sizes.count) sizes")
        }
        // A size of -1 means all that is left.
        let ends = zip(starts, sizes).map { $1 < 0 ? Int(Int32.max) : $0 + $1 }
        return [
          try reader.add(
            Slice(), [reader.input(0), reader.constant(starts), reader.constant(ends)])
        ]
      },
      write: { (_, writer) throws(ModelError) in try writeSlice(writer) }),
    Mapping(
      "STRIDED_SLICE", Slice.self,
      read: { (reader) throws(ModelError) in
        try ComputedStridedSlice.isKnown(reader)
          ? StridedSlice(reader).read() : ComputedStridedSlice(reader).read()
      },
      write: { (_, writer) throws(ModelError) in
        try writeStridedSlice(writer)
      }),
    Mapping(
      "GATHER", Gather.self,
      read: { (reader) throws(ModelError) in
        var gather = Gather()
        gather.axis = reader.options.integer("axis")
        gather.batchDimensions = reader.options.integer("batch_dims")
        return [try reader.add(gather, reader.inputs)]
      },
      write: { (gather, writer) throws(ModelError) in
        let options = FlatObject(
          "GatherOptions",
          ["axis": .integer(gather.axis), "batch_dims": .integer(gather.batchDimensions)])
        try writer.emit(
          "GATHER", [writer.required(0), writer.countedFromStart(1, axis: gather.axis)], [writer.result(0)],
          options)
        return true
      }),
    Mapping(
      "TILE", Tile.self, read: { (reader) throws(ModelError) in [try reader.add(Tile(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.emit(
          "TILE", [writer.required(0), writer.index(1)], [writer.result(0)], FlatObject("TileOptions"))
        return true
      }),
    Mapping(
      "BROADCAST_TO", Expand.self,
      read: { (reader) throws(ModelError) in [try reader.add(Expand(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        let shape = writer.exporter.types[try writer.result(0)].shape
        let wanted =
          if let sizes = shape.fixed { try writer.integers(sizes) } else { try writer.commonShape() }
        try writer.emit(
          "BROADCAST_TO", [writer.required(0), wanted], [writer.result(0)],
          FlatObject("BroadcastToOptions"))
        return true
      }),
    Mapping(
      "FILL", ConstantOfShape.self,
      // The number may be computed, so that this is an expansion of it.
      read: { (reader) throws(ModelError) in [try reader.add(Expand(), [reader.input(1), reader.input(0)])] },
      write: { (node, writer) throws(ModelError) in
        let number = try Tensor(scalar: Float(node.value)).cast(to: node.dataType)
        guard Double(Float(node.value)) == node.value || !node.dataType.isInteger else {
          throw ModelError(.unsupported, "a number beyond float32", at: Location(attribute: "value"))
        }
        try writer.emit(
          "FILL", [writer.index(0), writer.exporter.addUnnamed(number)], [writer.result(0)],
          FlatObject("FillOptions"))
        return true
      }),
    Mapping(
      "REVERSE_V2", Reverse.self,
      read: { (reader) throws(ModelError) in
        [try reader.add(Reverse(axes: reader.integers(1, "axes")), [reader.input(0)])]
      },
      write: { (reverse, writer) throws(ModelError) in
        // Kernels reverse axes that lie side by side.
        var groups: [[Int]] = []
        for axis in try normalizedAxes(reverse.axes, rank: writer.type(0).rank) {
          if groups.last?.last == axis - 1 {
            groups[groups.count - 1].append(axis)
          } else {
            groups.append([axis])
          }
        }
        guard !groups.isEmpty else { throw ModelError(.unsupported, "the order of no axis is reversed") }
        var operand = try writer.required(0)
        for (number, axes) in groups.enumerated() {
          let isLast = number == groups.count - 1
          let result = isLast ? try writer.result(0) : try writer.temporary(writer.exporter.types[operand])
          try writer.emit(
            "REVERSE_V2", [operand, writer.integers(axes)], [result], FlatObject("ReverseV2Options"))
          operand = result
        }
        return true
      }),
  ]

  /// A slice whose starts or sizes are computed when the model runs; a size of -1 means all that is left.
  private static func readComputedSlice(_ reader: OperatorReader) throws(ModelError) -> ValueID {
    let type = try reader.type(2)
    func number(_ number: Int) throws(ModelError) -> ValueID {
      reader.importer.graph.addConstant(try Tensor(integers: [number], as: type.dataType, shape: []))
    }
    let sum = try reader.addIntermediate(Add(), [reader.input(1), reader.input(2)])
    let sizes = reader.importer.graph[try reader.input(2)].knownElements
    if sizes?.allSatisfy({ $0.expression?.isNeverNegative == true }) == true {
      return try reader.add(Slice(), [reader.input(0), reader.input(1), sum])
    }
    let isAll = try reader.addIntermediate(Less(), [reader.input(2), number(0)])
    let ends = try reader.addIntermediate(Select(), [isAll, number(Int(Int32.max)), sum])
    return try reader.add(Slice(), [reader.input(0), reader.input(1), ends])
  }

  private static func axis(_ split: Split, _ writer: NodeWriter) throws(ModelError) -> Int {
    try normalizedAxis(split.axis, rank: writer.type(0).rank)
  }

  /// A slice of steps of 1 whose sizes are known.
  private static func writeSlice(_ writer: NodeWriter) throws(ModelError) -> Bool {
    guard try writer.knows(1, 2) else { return false }
    let bounds = try SliceBounds(writer)
    guard bounds.steps.allSatisfy({ $0 == 1 }), let input = try writer.type(0).shape.fixed,
      let result = writer.exporter.types[try writer.result(0)].shape.fixed
    else { return false }
    let starts = zip(bounds.starts, input).map { $0 < 0 ? max(0, $0 + $1) : min($0, $1) }
    try writer.emit(
      "SLICE", [writer.required(0), writer.integers(starts), writer.integers(result)],
      [writer.result(0)], FlatObject("SliceOptions"))
    return true
  }

  private static func writeStridedSlice(_ writer: NodeWriter) throws(ModelError) -> Bool {
    guard try writer.knows(1, 2) else {
      try writer.writeComputedSlice()
      return true
    }
    let bounds = try SliceBounds(writer)
    var (beginMask, endMask) = (0, 0)
    for axis in bounds.starts.indices {
      if bounds.startsAtEdge[axis] { beginMask |= 1 << axis }
      if bounds.endsAtEdge[axis] { endMask |= 1 << axis }
    }
    try writer.emit(
      "STRIDED_SLICE",
      [
        writer.required(0), writer.integers(bounds.starts), writer.integers(bounds.ends),
        writer.integers(bounds.steps),
      ], [writer.result(0)],
      FlatObject(
        "StridedSliceOptions", ["begin_mask": .integer(beginMask), "end_mask": .integer(endMask)]))
    return true
  }

  /// What a node slices, for every axis of its input.
  private struct SliceBounds {
    var starts: [Int]
    var ends: [Int]
    var steps: [Int]
    /// Whether a start or end is as far out as it can be.
    var startsAtEdge: [Bool]
    var endsAtEdge: [Bool]

    init(_ writer: NodeWriter) throws(ModelError) {
      let rank = try writer.type(0).rank
      let some = (try writer.known(1, "starts"), try writer.known(2, "ends"))
      let axes = try writer.known(optional: 3, "axes") ?? Array(some.0.indices)
      let stride = try writer.known(optional: 4, "steps") ?? [Int](repeating: 1, count: some.0.count)
      starts = [Int](repeating: 0, count: rank)
      ends = [Int](repeating: 0, count: rank)
      steps = [Int](repeating: 1, count: rank)
      startsAtEdge = [Bool](repeating: true, count: rank)
      endsAtEdge = startsAtEdge
      guard some.0.count == some.1.count, axes.count == some.0.count, stride.count == axes.count else {
        throw ModelError(.invalidGraph, "lists of different lengths")
      }
      for (index, axis) in axes.enumerated() {
        let axis = try normalizedAxis(axis, rank: rank)
        let limit = Int(Int32.max)
        steps[axis] = max(-limit, min(limit, stride[index]))
        startsAtEdge[axis] = stride[index] > 0 ? some.0[index] == 0 : some.0[index] >= limit
        endsAtEdge[axis] = stride[index] > 0 ? some.1[index] >= limit : some.1[index] <= -limit
        starts[axis] = max(-limit, min(limit, some.0[index]))
        ends[axis] = max(-limit, min(limit, some.1[index]))
      }
    }
  }
}

extension NodeWriter {
  /// The shape that the first operand and the sizes in the second broadcast to, computed when the model runs; the
  /// format lets the sizes stand for nothing smaller than the operand.
  fileprivate func commonShape() throws(ModelError) -> Int {
    let (operand, wanted) = (try required(0), try index(1))
    let rank = exporter.types[operand].rank
    guard let count = exporter.types[wanted].shape.elementCount, count >= rank else {
      throw ModelError(.unsupported, "an expansion to fewer axes, or to a number of them that is not known")
    }
    let missing = [Int](repeating: 1, count: count - rank)
    var present: Int
    if let sizes = exporter.types[operand].shape.fixed {
      if sizes.allSatisfy({ $0 == 1 }) { return wanted }
      present = try integers(missing + sizes)
    } else {
      present = try sizes(of: operand)
      if !missing.isEmpty {
        let all = try temporary(TensorType(.int32, [count]))
        try emit("CONCATENATION", [integers(missing), present], [all], FlatObject("ConcatenationOptions"))
        present = all
      }
    }
    let isOne = try temporary(TensorType(.boolean, [count]))
    try emit("EQUAL", [present, scalar(1)], [isOne], FlatObject("EqualOptions"))
    let result = try temporary(TensorType(.int32, [count]))
    try emit("SELECT_V2", [isOne, wanted, present], [result], FlatObject("SelectV2Options"))
    return result
  }
}
