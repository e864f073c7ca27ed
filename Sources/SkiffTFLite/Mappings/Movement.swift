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
        let sizes = try writer.exporter.constants[writer.required(1)]?.materialize().integers()
        let copied =
          reshape.allowsZero || sizes?.contains(0) != true ? nil : sizes?.map { $0 == 0 ? nil : $0 }
        try writer.emitReshape(
          writer.required(0), to: writer.result(0), shape: writer.required(1), copying: copied)
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
