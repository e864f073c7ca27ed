import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Functions of two or three tensors element by element, and casts.
  static let arithmetic: [Mapping] = [
    clamped("ADD", Add.self, \.activation, options: "AddOptions"),
    clamped("SUB", Subtract.self, \.activation, options: "SubOptions"),
    clamped("MUL", Multiply.self, \.activation, options: "MulOptions"),
    clamped("DIV", Divide.self, \.activation, options: "DivOptions"),
    wide("MAXIMUM", Maximum.self, options: "MaximumMinimumOptions"),
    wide("MINIMUM", Minimum.self, options: "MaximumMinimumOptions"),
    wide("POW", Power.self, options: "PowOptions"),
    wide("SQUARED_DIFFERENCE", SquaredDifference.self, options: "SquaredDifferenceOptions"),
    Mapping(
      "ATAN2", Atan2.self,
      read: { (reader) throws(ModelError) in [try reader.add(Atan2(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        guard try writer.type(0).shape == writer.type(1).shape else {
          throw ModelError(.unsupported, "the angle of points whose coordinates broadcast")
        }
        try writer.emit("ATAN2", options: FlatObject("ATan2Options"))
        return true
      }),
    Mapping(plain: "BITWISE_XOR", BitwiseXor.self, options: "BitwiseXorOptions"),
    Mapping(
      "RIGHT_SHIFT", BitShift.self, accepts: { shift, _, _ in !shift.movesLeft },
      read: { (reader) throws(ModelError) in
        // Places below 0 are none, and those beyond the width one less than it.
        let type = try reader.type(0)
        func number(_ integer: Int) throws(ModelError) -> ValueID {
          reader.importer.graph.addConstant(
            try Tensor(integers: [integer], as: type.dataType, shape: []))
        }
        let least = try reader.addIntermediate(Maximum(), [reader.input(1), number(0)])
        let places = try reader.addIntermediate(Minimum(), [least, number(type.dataType.bitWidth - 1)])
        var shift = BitShift()
        shift.movesLeft = false
        return [try reader.add(shift, [reader.input(0), places])]
      },
      write: { (_, writer) throws(ModelError) in
        try writer.emit("RIGHT_SHIFT", options: FlatObject("RightShiftOptions"))
        return true
      }),
    wide("FLOOR_DIV", FloorDivide.self, options: "FloorDivOptions"),
    Mapping(
      "FLOOR_MOD", Modulo.self, accepts: { modulo, _, _ in !modulo.truncates },
      read: { (reader) throws(ModelError) in [try reader.add(Modulo(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.emitWide("FLOOR_MOD", options: FlatObject("FloorModOptions"))
        return true
      }),
    wide("EQUAL", Equal.self, options: "EqualOptions"),
    wide("NOT_EQUAL", NotEqual.self, options: "NotEqualOptions"),
    Mapping(decomposing: Xor.self) { (_, writer) throws(ModelError) in
      try writer.emit("NOT_EQUAL", options: FlatObject("NotEqualOptions"))
      return true
    },
    wide("GREATER", Greater.self, options: "GreaterOptions"),
    wide("GREATER_EQUAL", GreaterOrEqual.self, options: "GreaterEqualOptions"),
    wide("LESS", Less.self, options: "LessOptions"),
    wide("LESS_EQUAL", LessOrEqual.self, options: "LessEqualOptions"),
    Mapping(plain: "LOGICAL_AND", And.self, options: "LogicalAndOptions"),
    Mapping(plain: "LOGICAL_OR", Or.self, options: "LogicalOrOptions"),
    Mapping(plain: "SELECT_V2", Select.self, options: "SelectV2Options"),
    Mapping(
      "SELECT", Select.self,
      read: { (reader) throws(ModelError) in
        // A condition of rank 1 chooses among rows here, which broadcasting does not.
        let (condition, a) = (try reader.type(0), try reader.type(1))
        guard condition.shape != a.shape, condition.rank == 1, a.rank > 1 else {
          return [try reader.add(Select(), reader.inputs)]
        }
        let rows = try reader.addIntermediate(
          Unsqueeze(axes: Array(1..<a.rank)), [reader.input(0)])
        return [try reader.add(Select(), [rows] + reader.inputs.dropFirst())]
      },
      write: { _, _ in false }),
    Mapping(
      "CAST", Cast.self,
      read: { (reader) throws(ModelError) in
        guard let type = reader.resultTypes.first ?? nil else {
          throw ModelError(.unsupported, "the type of the result is not known")
        }
        return [try reader.add(Cast(to: type.dataType), reader.inputs)]
      },
      write: { (cast, writer) throws(ModelError) in
        try writer.emitCast(writer.required(0), to: writer.result(0))
        return true
      }),
  ]

  private static func clamped<Kind: Operator>(
    _ name: String, _ kind: Kind.Type,
    _ activation: any WritableKeyPath<Kind, FusedActivation> & Sendable, options: String
  ) -> Mapping {
    Mapping(
      name, kind,
      read: { (reader) throws(ModelError) in
        var node = Kind()
        node[keyPath: activation] = try reader.activation()
        return [try reader.add(node, reader.inputs)]
      },
      write: { (node, writer) throws(ModelError) in
        var table = FlatObject(options)
          .setting(
            "fused_activation_function", to: FusedActivation.formatNames[node[keyPath: activation]] ?? "NONE")
        // Scales of int16 need not be powers of two; the field means nothing for other types.
        if FlatSchema.tflite.table(options).field("pot_scale_int16") != nil,
          try writer.type(0).dataType == .int16
        {
          table["pot_scale_int16"] = .integer(0)
        }
        try writer.emitWide(name, options: table)
        return true
      })
  }

  private static func wide<Kind: Operator>(_ name: String, _ kind: Kind.Type, options: String) -> Mapping {
    Mapping(
      name, kind, read: { (reader) throws(ModelError) in [try reader.add(Kind(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.emitWide(name, options: FlatObject(options))
        return true
      })
  }
}

extension NodeWriter {
  /// The types that kernels compute in where numbers of narrower ones stand for themselves: such integers they take to be
  /// quantized, and end the process for the lack of a scale.
  private static let wideTypes: [DataType: DataType] = [
    .int8: .int32, .uint8: .int32, .int16: .int32, .uint16: .int32, .uint32: .int64, .float16: .float32,
  ]

  /// The type in which sizes are divided: kernels divide no integers of 64 bits.
  private func narrowType(of name: String) -> DataType? {
    guard name == "DIV" else { return nil }
    var arithmetic = SizeArithmetic(exporter.graph)
    let holds = node.inputs.compactMap(\.self).allSatisfy { operand in
      exporter.graph[operand].type?.dataType == .int64 && arithmetic.fits32Bits(operand)
    }
    return holds ? .int32 : nil
  }

  /// Appends an operator whose operands are all of one type, in a wider type where kernels do not know theirs.
  func emitWide(_ name: String, options: FlatObject) throws(ModelError) {
    let type = try type(0)
    let types = Set(try node.inputs.indices.map { index throws(ModelError) in try self.type(index).dataType })
    // Kernels take operands of one type; real numbers would not hold all integers.
    guard types.count == 1 || type.dataType.isFloatingPoint else {
      throw ModelError(.unsupported, "integers with operands of another type")
    }
    let known = Self.wideTypes[type.dataType] ?? narrowType(of: name)
    guard !type.isQuantized, let wide = known ?? (types.count > 1 ? type.dataType : nil) else {
      return try emit(name, options: options)
    }
    var operands: [Int] = []
    for index in node.inputs.indices {
      let operand = try required(index)
      guard exporter.types[operand].dataType != wide else {
        operands.append(operand)
        continue
      }
      operands.append(try temporary(TensorType(wide, exporter.types[operand].shape)))
      try emitCast(operand, to: operands[index])
    }
    let result = try result(0)
    guard exporter.types[result].dataType == type.dataType, wide != type.dataType else {
      return try emit(name, operands, [result], options)
    }
    let computed = try temporary(TensorType(wide, exporter.types[result].shape))
    try emit(name, operands, [computed], options)
    try emitCast(computed, to: result)
  }

  /// Appends a conversion of the elements to the type of `result`.
  func emitCast(_ tensor: Int, to result: Int) throws(ModelError) {
    let options = FlatObject(
      "CastOptions",
      [
        "in_data_type": .integer(exporter.subgraph.tensors[tensor].type),
        "out_data_type": .integer(exporter.subgraph.tensors[result].type),
      ])
    try emit("CAST", [tensor], [result], options)
  }
}
