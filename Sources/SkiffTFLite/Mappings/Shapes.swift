import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Operators that change the shape only, or compute it, and padding.
  static let shapes: [Mapping] = [
    Mapping(
      "SQUEEZE", Squeeze.self,
      read: { (reader) throws(ModelError) in
        [try reader.add(Squeeze(axes: reader.options.integers("squeeze_dims") ?? []), [reader.input(0)])]
      },
      write: { (squeeze, writer) throws(ModelError) in
        let axes = try normalizedAxes(squeeze.axes, rank: writer.type(0).rank)
        try writer.emit("SQUEEZE", options: FlatObject("SqueezeOptions", ["squeeze_dims": .integers(axes)]))
        return true
      }),
    Mapping(
      "EXPAND_DIMS", Unsqueeze.self,
      read: { (reader) throws(ModelError) in
        [try reader.add(Unsqueeze(axes: [reader.integer(1, "axis")]), [reader.input(0)])]
      },
      write: { (unsqueeze, writer) throws(ModelError) in
        guard unsqueeze.axes.count == 1 else {
          try writer.emitReshape(writer.required(0), to: writer.result(0))
          return true
        }
        try writer.emit(
          "EXPAND_DIMS", [writer.required(0), writer.scalar(unsqueeze.axes[0])], [writer.result(0)],
          FlatObject("ExpandDimsOptions"))
        return true
      }),
    Mapping(
      "SHAPE", ShapeOf.self,
      read: { (reader) throws(ModelError) in
        var shape = ShapeOf()
        shape.dataType = reader.resultTypes.first??.dataType ?? .int32
        return [try reader.add(shape, reader.inputs)]
      },
      write: { (shape, writer) throws(ModelError) in
        let number = ElementTypes.number(of: shape.dataType) ?? 0
        let options = FlatObject("ShapeOptions", ["out_type": .integer(number)])
        let range = shape.axes(rank: try writer.type(0).rank)
        guard range != 0..<(try writer.type(0).rank) else {
          try writer.emit("SHAPE", options: options)
          return true
        }
        let all = try writer.temporary(TensorType(shape.dataType, [writer.type(0).rank]))
        try writer.emit("SHAPE", [writer.required(0)], [all], options)
        try writer.emit(
          "SLICE", [all, writer.integers([range.lowerBound]), writer.integers([range.count])],
          [writer.result(0)], FlatObject("SliceOptions"))
        return true
      }),
    Mapping(
      "PAD", Pad.self, read: { (reader) throws(ModelError) in [try readPad(reader, .constant, value: nil)] },
      write: { (pad, writer) throws(ModelError) in
        guard pad.content == .constant, try writer.optional(2) == nil, let pairs = try writer.pairs() else {
          return false
        }
        try writer.emit(
          "PAD", [writer.required(0), pairs], [writer.result(0)], FlatObject("PadOptions"))
        return true
      }),
    Mapping(
      "PADV2", Pad.self,
      read: { (reader) throws(ModelError) in [try readPad(reader, .constant, value: reader.input(2))] },
      write: { (pad, writer) throws(ModelError) in
        guard pad.content == .constant, let value = try writer.optional(2), let pairs = try writer.pairs()
        else { return false }
        try writer.emit(
          "PADV2", [writer.required(0), pairs, value], [writer.result(0)],
          FlatObject("PadV2Options"))
        return true
      }),
    Mapping(
      "MIRROR_PAD", Pad.self,
      read: { (reader) throws(ModelError) in
        let isReflection = reader.options.enumerator("mode") == "REFLECT"
        return [try readPad(reader, isReflection ? .reflect : .symmetric, value: nil)]
      },
      write: { (pad, writer) throws(ModelError) in
        guard pad.content == .reflect || pad.content == .symmetric, let pairs = try writer.pairs(),
          try writer.isMirroredOnce(pad)
        else { return false }
        let mode = pad.content == .reflect ? "REFLECT" : "SYMMETRIC"
        try writer.emit(
          "MIRROR_PAD", [writer.required(0), pairs], [writer.result(0)],
          FlatObject("MirrorPadOptions").setting("mode", to: mode))
        return true
      }),
    Mapping(
      decomposing: Pad.self,
      write: { (pad, writer) throws(ModelError) in
        try writer.writeSelectedPadding(pad)
        return true
      }),
    Mapping(
      "DEPTH_TO_SPACE", DepthToSpace.self,
      read: { (reader) throws(ModelError) in
        var node = DepthToSpace()
        node.layout = .last
        node.blockSize = reader.options.integer("block_size")
        return [try reader.add(node, reader.inputs)]
      },
      write: { (node, writer) throws(ModelError) in
        try writer.requireChannelsLast(node.layout)
        var input = try writer.required(0)
        if node.order == .channelFirst {
          // The format counts blocks before channels.
          guard let depth = try writer.type(0).shape[3].fixed else {
            throw ModelError(.unsupported, "channels whose number is not fixed")
          }
          try writer.checkListing([depth])
          let (square, channels) = (
            node.blockSize * node.blockSize, depth / (node.blockSize * node.blockSize)
          )
          let order = (0..<square).flatMap { block in (0..<channels).map { $0 * square + block } }
          input = try writer.gathered(input, axis: 3, order)
        }
        let options = FlatObject("DepthToSpaceOptions", ["block_size": .integer(node.blockSize)])
        try writer.emit("DEPTH_TO_SPACE", [input], [writer.result(0)], options)
        return true
      }),
    Mapping(
      "SPACE_TO_DEPTH", SpaceToDepth.self,
      read: { (reader) throws(ModelError) in
        var node = SpaceToDepth()
        node.layout = .last
        node.blockSize = reader.options.integer("block_size")
        return [try reader.add(node, reader.inputs)]
      },
      write: { (node, writer) throws(ModelError) in
        try writer.requireChannelsLast(node.layout)
        let options = FlatObject("SpaceToDepthOptions", ["block_size": .integer(node.blockSize)])
        try writer.emit("SPACE_TO_DEPTH", options: options)
        return true
      }),
  ]

  /// The file has a beginning and an end for each axis, Skiff all beginnings and then all ends.
  private static func readPad(
    _ reader: OperatorReader, _ content: PaddingContent, value: ValueID?
  ) throws(ModelError) -> ValueID {
    var pad = Pad()
    pad.content = content
    let amounts = reader.importer.graph[try reader.input(1)]
    guard amounts.constant != nil || amounts.knownElements?.allSatisfy({ $0.fixed != nil }) == true else {
      let rows = try reader.addIntermediate(Transpose([1, 0]), [reader.input(1)])
      let list = try reader.addIntermediate(Reshape(), [rows, reader.constant([-1])])
      return try reader.add(pad, [reader.input(0), list, value])
    }
    let pairs = try reader.integers(1, "amounts")
    guard pairs.count % 2 == 0 else { throw ModelError(.malformed, "\(pairs.count) amounts of padding") }
    let begins = stride(from: 0, to: pairs.count, by: 2).map { pairs[$0] }
    let ends = stride(from: 1, to: pairs.count, by: 2).map { pairs[$0] }
    return try reader.add(pad, [reader.input(0), reader.constant(begins + ends), value])
  }
}

extension NodeWriter {
  /// A beginning and an end for each axis.
  private func amounts() throws(ModelError) -> [(begin: Int, end: Int)] {
    let rank = try type(0).rank
    let pads = try known(1, "amounts")
    let axes = try known(optional: 3, "axes") ?? Array(0..<rank)
    guard pads.count == 2 * axes.count else { throw ModelError(.invalidGraph, "\(pads.count) amounts") }
    var amounts = [(begin: Int, end: Int)](repeating: (0, 0), count: rank)
    for (index, axis) in axes.enumerated() {
      amounts[try normalizedAxis(axis, rank: rank)] = (pads[index], pads[axes.count + index])
    }
    return amounts
  }

  /// Whether an operand is known only when the model runs.
  private func isComputed(_ index: Int) -> Bool {
    guard index < node.inputs.count, let value = node.inputs[index] else { return false }
    let isKnown = exporter.graph[value].knownElements?.allSatisfy { $0.fixed != nil } ?? false
    return exporter.graph[value].constant == nil && !isKnown
  }

  /// The amounts of padding as the format has them, nil if some are negative. Kernels refuse those that are when the model runs.
  fileprivate func pairs() throws(ModelError) -> Int? {
    if isComputed(1), try optional(3) == nil {
      return try permuted(reshaped(index(1), to: [2, type(0).rank]), by: [1, 0])
    }
    let list = try amounts().flatMap { [$0.begin, $0.end] }
    guard list.allSatisfy({ $0 >= 0 }) else { return nil }
    return try exporter.derive(integers(list), by: .reshape([list.count / 2, 2]))
  }

  /// Whether no axis is padded by more elements than it has to mirror.
  fileprivate func isMirroredOnce(_ pad: Pad) throws(ModelError) -> Bool {
    let shape = try type(0).shape
    return try amounts().enumerated().allSatisfy { axis, amount in
      let available = (shape[axis].fixed ?? .max) - (pad.content == .reflect ? 1 : 0)
      return max(amount.begin, amount.end) <= max(0, available)
    }
  }

  /// Writes a padding that the format lacks as a selection along each axis; negative amounts of a constant are
  /// selected before the others are added.
  fileprivate func writeSelectedPadding(_ pad: Pad) throws(ModelError) {
    let shape = try type(0).shape
    var tensor = try required(0)
    let amounts = try amounts()
    for (axis, amount) in amounts.enumerated() where amount.begin != 0 || amount.end != 0 {
      guard let count = shape[axis].fixed else {
        throw ModelError(.unsupported, "a padding along axis \(axis), whose size is not fixed")
      }
      let isConstant = pad.content == .constant
      let (begin, end) = isConstant ? (min(0, amount.begin), min(0, amount.end)) : amount
      guard begin != 0 || end != 0 else { continue }
      let positions = try pad.positions(begin: begin, end: end, count: count)
      try checkListing([positions.count])
      tensor = try gathered(tensor, axis: axis, positions)
    }
    if pad.content == .constant, amounts.contains(where: { $0.begin > 0 || $0.end > 0 }) {
      let list = amounts.flatMap { [max(0, $0.begin), max(0, $0.end)] }
      guard let pairs = try exporter.derive(integers(list), by: .reshape([amounts.count, 2])) else {
        throw ModelError(.invalidGraph, "a padding of \(list)")
      }
      if let value = try optional(2) {
        try emit("PADV2", [tensor, pairs, value], [result(0)], FlatObject("PadV2Options"))
      } else {
        try emit("PAD", [tensor, pairs], [result(0)], FlatObject("PadOptions"))
      }
    } else {
      try finish(tensor)
    }
  }
}
