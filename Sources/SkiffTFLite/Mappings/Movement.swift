import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Operators that move elements.
  static let movement: [Mapping] = [
    Mapping(
      "RESHAPE", Reshape.self,
      read: { (reader) throws(ModelError) in
        var reshape = Reshape()
        reshape.allowsZero = true
        // The shape is an operand, or in old files an option.
        if let shape = reader.optionalInput(1), try reader.type(1).rank == 1 {
          return [try reader.add(reshape, [reader.input(0), shape])]
        }
        guard let shape = reader.options.integers("new_shape") else {
          throw ModelError(.malformed, "the new shape is missing")
        }
        return [try reader.add(reshape, [reader.input(0), reader.constant(shape)])]
      },
      write: { (reshape, writer) throws(ModelError) in
        let (input, result) = (try writer.required(0), try writer.result(0))
        guard Exporter.reshapeSizes(writer.exporter.types[result].shape) == nil else {
          try writer.emitReshape(input, to: result)
          return true
        }
        let sizes = try reshape.allowsZero ? writer.index(1) : writer.copiedSizes()
        try writer.emit("RESHAPE", [input, sizes], [result], FlatObject("ReshapeOptions"))
        return true
      }),
    Mapping(
      "TRANSPOSE", Transpose.self,
      read: { (reader) throws(ModelError) in
        [try reader.add(Transpose(reader.integers(1, "order of the axes")), [reader.input(0)])]
      },
      write: { (transpose, writer) throws(ModelError) in
        let rank = try writer.type(0).rank
        let order = try writer.integers(transpose.permutation(rank: rank))
        try writer.emit(
          "TRANSPOSE", [writer.required(0), order], [writer.result(0)], FlatObject("TransposeOptions"))
        return true
      }),
  ]
}

extension NodeWriter {
  /// The sizes that a reshape is given, where 0 stands for that of the input.
  fileprivate func copiedSizes() throws(ModelError) -> Int {
    let (tensor, sizes) = (try required(0), try index(1))
    let known = node.inputs[1].flatMap { exporter.graph[$0].knownElements }
    if let known, !known.contains(.unknown), !known.contains(.fixed(0)) { return sizes }
    if let numbers = known?.compactMap(\.fixed), numbers.count == known?.count {
      return try copiedShape(of: tensor, numbers.map { $0 == 0 ? nil : $0 })
    }
    let (rank, count) = (exporter.types[tensor].rank, try exporter.types[result(0)].rank)
    var present = try self.sizes(of: tensor)
    if rank > count {
      let first = try temporary(TensorType(.int32, [count]))
      try emit("SLICE", [present, integers([0]), integers([count])], [first], FlatObject("SliceOptions"))
      present = first
    } else if rank < count {
      let more = try temporary(TensorType(.int32, [count]))
      let rest = try integers([Int](repeating: 0, count: count - rank))
      try emit("CONCATENATION", [present, rest], [more], FlatObject("ConcatenationOptions"))
      present = more
    }
    let isCopy = try temporary(TensorType(.boolean, [count]))
    try emit("EQUAL", [sizes, scalar(0)], [isCopy], FlatObject("EqualOptions"))
    let result = try temporary(TensorType(.int32, [count]))
    try emit("SELECT_V2", [isCopy, present, sizes], [result], FlatObject("SelectV2Options"))
    return result
  }
}
