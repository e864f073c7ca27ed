import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that ONNX lacks, said by others.
enum ExpressedMappings {
  static let rows: [Mapping] = arithmetic + movement + deferred

  private static let arithmetic: [Mapping] = [
    .expressing(Square.self) { (_, node) throws(ModelError) in
      let x = try node.operand(0)
      return [try node.add("Mul", x, x)]
    },
    .expressing(SquaredDifference.self) { (_, node) throws(ModelError) in
      let difference = try node.add("Sub", node.operand(0), node.operand(1))
      return [try node.add("Mul", difference, difference)]
    },
    .expressing(Rsqrt.self) { (_, node) throws(ModelError) in
      [try node.add("Reciprocal", node.add("Sqrt", node.operand(0)))]
    },
    .expressing(NotEqual.self) { (_, node) throws(ModelError) in
      [try node.add("Not", node.add("Equal", node.operand(0), node.operand(1)))]
    },
    .expressing(Swish.self) { (_, node) throws(ModelError) in
      let x = try node.operand(0)
      return [try node.add("Mul", x, node.add("Sigmoid", x))]
    },
    .expressing(FloorDivide.self) { (_, node) throws(ModelError) in
      let (a, b) = (try node.operand(0), try node.operand(1))
      guard !(try node.realType().isFloatingPoint) else {
        return [try node.add("Floor", node.add("Div", a, b))]
      }
      // What a remainder with the sign of the divisor leaves is divided without one.
      return [try node.add("Div", node.add("Sub", a, node.add("Mod", a, b)), b)]
    },
    .expressing(Atan2.self) { (_, node) throws(ModelError) in
      let (y, x, dataType) = (try node.operand(0), try node.operand(1), try node.realType())
      let (zero, half) = (try node.number(0, as: dataType), try node.number(.pi / 2, as: dataType))
      // Where x is 0, so that the angle is a quarter turn or none, nothing is divided.
      let isUpright = try node.add("Equal", x, zero)
      let divisor = try node.add("Where", isUpright, node.number(1, as: dataType), x)
      let angle = try node.add("Atan", node.add("Div", y, divisor))
      let turn = try node.add(
        "Where", node.add("Less", y, zero), node.number(-.pi, as: dataType), node.number(.pi, as: dataType))
      let turned = try node.add("Where", node.add("Less", x, zero), node.add("Add", angle, turn), angle)
      return [try node.add("Where", isUpright, node.add("Mul", node.add("Sign", y), half), turned)]
    },
  ]

  private static let movement: [Mapping] = [
    .expressing(Reverse.self) { (reverse, node) throws(ModelError) in
      let count = reverse.axes.count
      let backwards = try node.integers([Int](repeating: -1, count: count))
      return try node.add(
        "Slice",
        [
          node.operand(0), backwards, node.integers([Int](repeating: Int(Int32.min), count: count)),
          node.integers(reverse.axes), backwards,
        ])
    },
    // A list of indices for each sample.
    .expressing(
      Gather.self,
      when: { gather, node, graph in gather.batchDimensions > 0 && gather.axis == gather.batchDimensions }
    ) { (gather, node) throws(ModelError) in
      let rank = try node.type(1).rank
      let places = try node.add("Unsqueeze", node.indices(1), node.integers([rank]))
      return try node.add(
        "GatherND", [node.operand(0), places], ["batch_dims": .integer(gather.batchDimensions)])
    },
    .expressing(SpaceToBatch.self) { (rearrangement, node) throws(ModelError) in
      try node.checkSizes()
      let (blocks, rank) = (rearrangement.blockSizes, try node.type(0).rank)
      let count = blocks.count
      let axes = try node.integers((0..<count).map { $0 + 1 })
      var value = try node.operand(0)
      if !rearrangement.pads.isEmpty {
        value = try node.add("Pad", value, node.integers(rearrangement.pads), "", axes)
      }
      guard let shape = try node.type(0).shape.fixed, let result = node.fixedResult(0) else {
        throw ModelError(.unsupported, "blocks of sizes that are not known")
      }
      // [n, s / b, b…, r…] has the blocks behind their axes, then before all.
      let split =
        [shape[0]] + (0..<count).flatMap { [result[$0 + 1], blocks[$0]] } + result[(count + 1)...]
      let order =
        (0..<count).map { 2 * $0 + 2 } + [0] + (0..<count).map { 2 * $0 + 1 }
        + Array(2 * count + 1..<rank + count)
      return [try node.reshaped(node.transposed(node.reshaped(value, to: split), by: order), to: result)]
    },
    .expressing(BatchToSpace.self) { (rearrangement, node) throws(ModelError) in
      try node.checkSizes()
      let (blocks, crops) = (rearrangement.blockSizes, rearrangement.crops)
      let count = blocks.count
      guard let shape = try node.type(0).shape.fixed, shape.count > count,
        let product = blocks.checkedProduct(),
        product > 0, product <= Int32.max, shape[0] % product == 0
      else { throw ModelError(.unsupported, "blocks of sizes that are not known") }
      let batch = shape[0] / product
      let order =
        [count] + (0..<count).flatMap { [count + 1 + $0, $0] } + Array(2 * count + 1..<shape.count + count)
      let sizes = [batch] + (0..<count).map { shape[$0 + 1] * blocks[$0] } + shape[(count + 1)...]
      let split = blocks + [batch] + shape[1...]
      let parted = try node.reshaped(node.operand(0), to: split)
      let whole = try node.reshaped(node.transposed(parted, by: order), to: sizes)
      guard crops.contains(where: { $0 != 0 }) else { return [whole] }
      let ends = (0..<count).map { sizes[$0 + 1] - crops[count + $0] }
      return [
        try node.add(
          "Slice", whole, node.integers(Array(crops.prefix(count))), node.integers(ends),
          node.integers((0..<count).map { $0 + 1 }))
      ]
    },
    // Along one axis after the other, what is before the part, the part and what is after it.
    .expressing(SliceUpdate.self) { (_, node) throws(ModelError) in
      try node.checkSizes()
      let (data, update) = (try node.type(0).shape, try node.type(1).shape)
      var (last, parts): ([Int], [(axis: Int, size: Int)]) = ([], [])
      for (axis, (whole, part)) in zip(data.dimensions, update.dimensions).enumerated() {
        if whole == part, whole != .unknown {
          last.append(0)
          continue
        }
        guard let whole = whole.fixed, let part = part.fixed, part <= whole else {
          throw ModelError(.unsupported, "\(update) of \(data)")
        }
        last.append(whole - part)
        parts.append((axis, part))
      }
      let given = try node.add("Reshape", node.indices(2), node.integers([data.rank]))
      let starts = try node.add("Min", node.add("Max", given, node.integers([0])), node.integers(last))
      return [try node.replacing(parts[...], of: node.operand(0), from: starts)]
    },
  ]

  /// Operators that take an attribute as an operand in ONNX, which is computed when the graph runs.
  private static let deferred: [Mapping] = [
    .expressing(
      Deferred.self,
      when: { deferred, _, _ in
        deferred.kind.hasPrefix("Reduce")
          || ["Squeeze", "Unsqueeze", "Split", "CumSum", "Trilu"].contains(deferred.kind)
      }
    ) { (deferred, node) throws(ModelError) in
      func value(_ name: String, _ standard: Int) -> Int {
        zip(deferred.names, deferred.values).first { $0.0 == name }?.1 ?? standard
      }
      let operand = try node.indices(1)
      switch (deferred.kind, deferred.attribute) {
      case ("Squeeze", "axes"), ("Unsqueeze", "axes"):
        return [try node.add(deferred.kind, node.operand(0), operand)]
      case ("Split", "sizes"):
        return try node.add(
          "Split", [node.operand(0), operand], ["axis": .integer(value("axis", 0))],
          results: deferred.outputCount)
      case ("CumSum", "axis"):
        return try node.cumulated(
          axis: operand,
          ["exclusive": .integer(value("isExclusive", 0)), "reverse": .integer(value("isReversed", 0))])
      case ("Trilu", "diagonal"): return try node.triangle(operand, isUpper: value("isUpper", 1) != 0)
      case (let name, "axes") where name.hasPrefix("Reduce"):
        return try node.reduced(name, axes: operand, keepsDimensions: value("keepsDimensions", 1) != 0)
      default:
        throw ModelError(
          .unsupported, "the attribute '\(deferred.attribute)' of \(deferred.kind), which is computed")
      }
    }
  ]
}

extension NodeExport {
  /// The sizes of a result, nil if they are not known.
  fileprivate func fixedResult(_ index: Int) -> [Int]? { graph[node.outputs[index]].type?.shape.fixed }

  /// The data with operand 1 in the place of a part of it.
  ///
  /// - Parameters:
  ///   - parts: The axes of which operand 1 has a part, with the sizes of it.
  ///   - starts: Where it begins, for each axis of the data.
  fileprivate func replacing(
    _ parts: ArraySlice<(axis: Int, size: Int)>, of data: String, from starts: String
  ) throws(ModelError) -> String {
    guard let (axis, size) = parts.first else { return try add("Identity", operand(1)) }
    let first = try add("Gather", starts, integers([axis]))
    let end = try add("Add", first, integers([size]))
    let before = try add("Slice", data, integers([0]), first, integers([axis]))
    let around = try add("Slice", data, first, end, integers([axis]))
    let after = try add("Slice", data, end, integers([.max]), integers([axis]))
    let middle = try replacing(parts.dropFirst(), of: around, from: starts)
    return try add("Concat", [before, middle, after], ["axis": .integer(axis)])[0]
  }

  /// Refuses tensors of more elements than 32 bits count, so that rows can compute with sizes.
  func checkSizes() throws(ModelError) {
    for case let value? in node.inputs + node.outputs {
      guard let type = graph[value].type, !type.isCountedIn32Bits else { continue }
      throw ModelError(.unsupported, "32 bits do not count the elements of \(type)")
    }
  }
}
