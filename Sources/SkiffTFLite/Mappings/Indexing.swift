import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Elements at places that other tensors name.
  static let indexing: [Mapping] = [
    Mapping(
      "GATHER_ND", GatherND.self, accepts: { gather, _, _ in gather.batchDimensions == 0 },
      read: { (reader) throws(ModelError) in [try reader.add(GatherND(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.emit(
          "GATHER_ND", [writer.required(0), writer.countedFromStart(listsOf: 1)], [writer.result(0)],
          FlatObject("GatherNdOptions"))
        return true
      }),
    Mapping(
      "SCATTER_ND", ScatterND.self, accepts: { scatter, _, _ in scatter.reduction == .add },
      read: { (reader) throws(ModelError) in
        var zeros = ConstantOfShape()
        zeros.dataType = try reader.type(1).dataType
        let data = try reader.addIntermediate(zeros, [reader.input(2)])
        var scatter = ScatterND()
        scatter.reduction = .add
        return [try reader.add(scatter, [data, reader.input(0), reader.input(1)])]
      },
      write: { (_, writer) throws(ModelError) in
        try writer.writeSum()
        return true
      }),
    Mapping(
      "SPARSE_TO_DENSE", ScatterND.self, accepts: { scatter, _, _ in scatter.reduction == .none },
      read: readSparseToDense,
      write: { (_, writer) throws(ModelError) in
        try writer.writeReplacement()
        return true
      }),
    segments("UNSORTED_SEGMENT_PROD", .multiply, "UnsortedSegmentProdOptions", "MUL", "MulOptions"),
    segments(
      "UNSORTED_SEGMENT_MAX", .maximum, "UnsortedSegmentMaxOptions", "MAXIMUM", "MaximumMinimumOptions"),
    segments(
      "UNSORTED_SEGMENT_MIN", .minimum, "UnsortedSegmentMinOptions", "MINIMUM", "MaximumMinimumOptions"),
    Mapping(
      "UNSORTED_SEGMENT_SUM", ScatterND.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        [try reader.segments(.add, count: reader.integer(2, "number of segments"))]
      },
      write: { _, _ in false }),
    Mapping(
      "SEGMENT_SUM", ScatterND.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        [try reader.segments(.add, count: (reader.integers(1, "numbers of segments").max() ?? -1) + 1)]
      },
      write: { _, _ in false }),
    Mapping(
      "ONE_HOT", OneHot.self, accepts: { _, _, _ in false },
      read: readOneHot, write: { _, _ in false }),
    Mapping(
      "WHERE", NonZero.self,
      read: { (reader) throws(ModelError) in
        let places = try reader.addIntermediate(NonZero(), [reader.input(0)])
        return [try reader.add(Transpose([1, 0]), [places])]
      },
      write: { (_, writer) throws(ModelError) in
        var type = writer.exporter.types[try writer.result(0)]
        type.shape = Shape([type.shape[1], type.shape[0]])
        let places = try writer.temporary(type)
        try writer.emit("WHERE", [writer.required(0)], [places], FlatObject("WhereOptions"))
        try writer.emit(
          "TRANSPOSE", [places, writer.integers([1, 0])], [writer.result(0)],
          FlatObject("TransposeOptions"))
        return true
      }),
    Mapping(
      "EMBEDDING_LOOKUP", Gather.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in
        let operands = [try reader.input(1), try reader.input(0)]
        guard try reader.type(1).isQuantized, reader.resultTypes.first??.dataType == .float32 else {
          return [try reader.add(Gather(axis: 0), operands)]
        }
        return [try reader.add(Dequantize(), [reader.addIntermediate(Gather(axis: 0), operands)])]
      },
      write: { _, _ in false }),
    Mapping(
      "DYNAMIC_UPDATE_SLICE", SliceUpdate.self,
      read: { (reader) throws(ModelError) in [try reader.add(SliceUpdate(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.emit(
          "DYNAMIC_UPDATE_SLICE", [writer.required(0), writer.required(1), writer.index(2)],
          [writer.result(0)], FlatObject("DynamicUpdateSliceOptions"))
        return true
      }),
  ]

  /// A reduction of the parts of each segment, begun with the number that leaves others as they are.
  private static func segments(
    _ name: String, _ reduction: ScatterReduction, _ options: String, _ combiner: String,
    _ combinerOptions: String
  ) -> Mapping {
    Mapping(
      name, ScatterND.self, accepts: { scatter, _, _ in scatter.reduction == reduction },
      read: { (reader) throws(ModelError) in
        [try reader.segments(reduction, count: reader.integer(2, "number of segments"))]
      },
      write: { (_, writer) throws(ModelError) in
        try writer.writeSegments(name, FlatObject(options), combiner, FlatObject(combinerOptions))
        return true
      })
  }

  /// Indices of no, one or two axes, and one value for all or each of them.
  private static func readSparseToDense(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    let (indices, values) = (try reader.type(0), try reader.type(2))
    let rank = try reader.integers(1, "sizes of the result").count
    var places = try reader.input(0)
    if indices.rank < 2 {
      let depth = indices.rank == 1 && rank == 1 ? 1 : rank
      places = try reader.addIntermediate(Reshape(), [places, reader.constant([-1, depth])])
    }
    guard let count = reader.importer.graph[places].type?.shape[0].fixed else {
      throw ModelError(.unsupported, "an open number of places")
    }
    var updates = try reader.input(2)
    if values.rank == 0 {
      updates = try reader.addIntermediate(Expand(), [updates, reader.constant([count])])
    }
    let data = try reader.addIntermediate(Expand(), [reader.input(3), reader.input(1)])
    return [try reader.add(ScatterND(), [data, places, updates])]
  }

  /// Indices outside select nothing, so that each is compared with all places.
  private static func readOneHot(_ reader: OperatorReader) throws(ModelError) -> [ValueID] {
    let (indices, depth) = (try reader.type(0), try reader.integer(1, "depth"))
    guard depth >= 0, depth <= Limits.standard.count else {
      throw ModelError(.malformed, "a depth of \(depth)")
    }
    let axis = try normalizedAxis(reader.options.integer("axis"), rank: indices.rank + 1)
    let sizes = [depth] + [Int](repeating: 1, count: indices.rank - axis)
    let places = reader.importer.graph.addConstant(
      try Tensor(integers: Array(0..<depth), as: indices.dataType, shape: sizes))
    let raised = try reader.addIntermediate(Unsqueeze(axes: [axis]), [reader.input(0)])
    let isOn = try reader.addIntermediate(Equal(), [raised, places])
    return [try reader.add(Select(), [isOn, reader.input(2), reader.input(3)])]
  }
}

extension OperatorReader {
  /// Adds the parts of each segment of the first operand; the second says which segment a part is of.
  fileprivate func segments(_ reduction: ScatterReduction, count: Int) throws(ModelError) -> ValueID {
    let (data, numbers) = (try type(0), try type(1))
    guard count >= 0, let part = Shape(Array(data.shape.dimensions.dropFirst(numbers.rank))).fixed else {
      throw ModelError(.unsupported, "segments of open sizes")
    }
    let neutral = importer.graph.addConstant(try reduction.neutral(of: data.dataType))
    let start = try addIntermediate(
      Expand(), [neutral, constant([count] + part)])
    let places = try addIntermediate(Unsqueeze(axes: [-1]), [input(1)])
    var scatter = ScatterND()
    scatter.reduction = reduction
    return try add(scatter, [start, places, input(0)])
  }
}

extension ScatterReduction {
  /// The number that changes no other.
  fileprivate func neutral(of type: DataType) throws(ModelError) -> Tensor {
    let number: Float =
      switch self {
      case .minimum: .greatestFiniteMagnitude
      case .maximum: -.greatestFiniteMagnitude
      case .multiply: 1
      case .add, .none: 0
      }
    guard type.isInteger, number.magnitude > 1 else { return try Tensor(scalar: number).cast(to: type) }
    let range = type.integerRange()
    return try Tensor(integers: [number > 0 ? range.upperBound : range.lowerBound], as: type, shape: [])
  }
}

extension NodeWriter {
  /// The sizes of the first operand as a tensor of 32 bits.
  private func sizesOfData() throws(ModelError) -> Int { try integers(fixedShape(0)) }

  /// Whether all elements of the data are zero.
  private var addsToZeros: Bool {
    get throws(ModelError) {
      guard let data = node.inputs[0] else { return false }
      if let fill = exporter.graph.producer(of: data)?.operator as? ConstantOfShape { return fill.value == 0 }
      guard let constant = exporter.graph[data].constant, !constant.type.isQuantized else { return false }
      return try constant.materialize().bytes.withBytes { $0.allSatisfy { $0 == 0 } }
    }
  }

  /// Parts added to data: to zeros, and then to the data unless it is zeros.
  fileprivate func writeSum() throws(ModelError) {
    let (result, sizes) = (try result(0), try sizesOfData())
    let isZero = try addsToZeros
    let sum = isZero ? result : try temporary(exporter.types[result])
    try emit(
      "SCATTER_ND", [countedFromStart(listsOf: 1), required(2), sizes], [sum], FlatObject("ScatterNdOptions"))
    guard !isZero else { return }
    try emit("ADD", [required(0), sum], [result], FlatObject("AddOptions"))
  }

  /// Parts put in the place of others: where ones are scattered too, the scattered ones are chosen.
  fileprivate func writeReplacement() throws(ModelError) {
    let (result, sizes) = (try result(0), try sizesOfData())
    let type = exporter.types[result]
    guard let updates = try self.type(2).shape.fixed else {
      throw ModelError(.unsupported, "updates of open sizes")
    }
    let ones = try temporary(TensorType(.int32, Shape(updates)))
    try emit("FILL", [integers(updates), scalar(1)], [ones], FlatObject("FillOptions"))
    let (counts, parts) = (try temporary(TensorType(.int32, type.shape)), try temporary(type))
    let places = try countedFromStart(listsOf: 1)
    try emit("SCATTER_ND", [places, ones, sizes], [counts], FlatObject("ScatterNdOptions"))
    try emit("SCATTER_ND", [places, required(2), sizes], [parts], FlatObject("ScatterNdOptions"))
    let isReplaced = try temporary(TensorType(.boolean, type.shape))
    try emit("GREATER", [counts, scalar(0)], [isReplaced], FlatObject("GreaterOptions"))
    try emit("SELECT_V2", [isReplaced, parts, required(0)], [result], FlatObject("SelectV2Options"))
  }

  /// Parts combined with whole rows of the data.
  fileprivate func writeSegments(
    _ name: String, _ options: FlatObject, _ combiner: String, _ combinerOptions: FlatObject
  ) throws(ModelError) {
    let (result, shape) = (try result(0), try fixedShape(0))
    let places = try countedFromStart(listsOf: 1)
    var lines = exporter.types[places]
    guard lines.shape.dimensions.last == .fixed(1), let count = shape.first else {
      throw ModelError(.unsupported, "places of none or more than one axis")
    }
    lines.shape.dimensions.removeLast()
    let numbers = try temporary(TensorType(.int32, lines.shape))
    try emitReshape(places, to: numbers)
    let parts = try temporary(exporter.types[result])
    try emit(name, [required(2), numbers, scalar(count)], [parts], options)
    try emit(combiner, [required(0), parts], [result], combinerOptions)
  }
}
