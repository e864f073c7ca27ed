import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that select, join, repeat or scatter elements.
enum MovementMappings {
  static let rows: [Mapping] = [
    Mapping("CenterCropPad", since: 18) { (node) throws(ModelError) in
      var middle = CenterCropPad()
      middle.axes = try node.optionalIntegers("axes") ?? []
      return try node.add(middle, node.inputs)
    }.writing(CenterCropPad.self) { (middle, node) throws(ModelError) in
      var attributes = AttributeList()
      attributes["axes"] = middle.axes.isEmpty ? nil : .integers(middle.axes)
      return try node.add("CenterCropPad", [node.operand(0), node.indices(1)], attributes)
    },
    Mapping("Concat", since: 1) { (node) throws(ModelError) in try concat(&node, standard: 1) },
    Mapping("Concat", since: 4) { (node) throws(ModelError) in try concat(&node, standard: nil) }
      .writing(Concat.self) { (concat, node) throws(ModelError) in
        try node.add("Concat", node.operands(), ["axis": .integer(concat.axis)])
      },
    Mapping("DepthToSpace", depthToSpace)
      .writing(DepthToSpace.self) { (rearrangement, node) throws(ModelError) in
        [
          try node.rearranged(
            "DepthToSpace",
            [
              "blocksize": .integer(rearrangement.blockSize),
              "mode": .text(rearrangement.order == .blockFirst ? "DCR" : "CRD"),
            ], rearrangement.layout, rearrangement.rearrangement)
        ]
      },
    Mapping("Expand", since: 8) { (node) throws(ModelError) in try node.add(Expand(), node.inputs) }
      .writing(Expand.self) { (_, node) throws(ModelError) in
        try node.add("Expand", [node.operand(0), node.indices(1)])
      },
    Mapping("Compress", compress),
    Mapping("Gather") { (node) throws(ModelError) in
      try node.add(Gather(axis: node.integer("axis", default: 0)), node.inputs)
    }.writing(Gather.self, when: { gather, _, _ in gather.batchDimensions == 0 }) {
      (gather, node) throws(ModelError) in
      try node.add("Gather", [node.operand(0), node.places(1)], ["axis": .integer(gather.axis)])
    },
    Mapping("GatherElements", since: 11) { (node) throws(ModelError) in
      var gather = GatherElements()
      gather.axis = try node.integer("axis", default: 0)
      return try node.add(gather, node.inputs)
    }.writing(GatherElements.self) { (gather, node) throws(ModelError) in
      try node.add("GatherElements", [node.operand(0), node.places(1)], ["axis": .integer(gather.axis)])
    },
    Mapping("GatherND", since: 11) { (node) throws(ModelError) in
      var gather = GatherND()
      gather.batchDimensions = try node.integer("batch_dims", default: 0)
      return try node.add(gather, node.inputs)
    }.writing(GatherND.self) { (gather, node) throws(ModelError) in
      try node.add(
        "GatherND", [node.operand(0), node.indices(1)], ["batch_dims": .integer(gather.batchDimensions)])
    },
    Mapping("Pad", since: 1, pad1),
    Mapping("Pad", since: 11) { (node) throws(ModelError) in
      try node.add(Pad(node.paddingContent()), node.inputs)
    }.writing(Pad.self, when: { pad, _, _ in pad.content != .symmetric }) { (pad, node) throws(ModelError) in
      let (own, mode) = (
        try node.realType(), AttributeList(dictionaryLiteral: ("mode", .text(pad.content.rawValue)))
      )
      guard let wide = RuntimeKernels.widerType(than: own, for: "Pad") else {
        return try node.add(
          "Pad", [node.operand(0), node.indices(1), node.optional(2), node.indices(3)], mode)
      }
      let value = try node.has(2) ? node.cast(node.operand(2), to: wide) : ""
      let input = try node.cast(node.operand(0), to: wide)
      return [
        try node.cast(node.add("Pad", [input, node.indices(1), value, node.indices(3)], mode)[0], to: own)
      ]
    },
    Mapping("ReverseSequence", since: 10) { (node) throws(ModelError) in
      var reverse = ReverseSequence()
      reverse.batchAxis = try node.integer("batch_axis", default: 1)
      reverse.timeAxis = try node.integer("time_axis", default: 0)
      return try node.add(reverse, node.inputs)
    }.writing(ReverseSequence.self) { (reverse, node) throws(ModelError) in
      let rank = try node.type(0).rank
      let (batch, time) = (
        try normalizedAxis(reverse.batchAxis, rank: rank), try normalizedAxis(reverse.timeAxis, rank: rank)
      )
      // Both are among the first two axes.
      let order = [batch, time] + (0..<rank).filter { $0 != batch && $0 != time }
      guard batch + time != 1 else {
        return try node.add(
          "ReverseSequence", [node.operand(0), node.indices(1)],
          ["batch_axis": .integer(batch), "time_axis": .integer(time)])
      }
      let reversed = try node.add(
        "ReverseSequence", [node.permuted(0, by: order), node.indices(1)],
        ["batch_axis": .integer(0), "time_axis": .integer(1)])
      return [try node.transposed(reversed[0], by: AxisOrder.inverse(order))]
    },
    Mapping("Scatter", since: 9, until: 10, scatterElements),
    Mapping("ScatterElements", since: 11, scatterElements)
      .writing(ScatterElements.self) { (scatter, node) throws(ModelError) in
        try node.add(
          "ScatterElements", [node.operand(0), node.places(1), node.operand(2)],
          ["axis": .integer(scatter.axis), "reduction": .text(scatter.reduction.onnxName)])
      },
    Mapping("ScatterND", since: 11) { (node) throws(ModelError) in
      var scatter = ScatterND()
      scatter.reduction = try node.scatterReduction()
      return try node.add(scatter, node.inputs)
    }.writing(ScatterND.self) { (scatter, node) throws(ModelError) in
      try node.add(
        "ScatterND", [node.operand(0), node.indices(1), node.operand(2)],
        ["reduction": .text(scatter.reduction.onnxName)])
    },
    Mapping("Slice", since: 1, slice1),
    Mapping("Slice", since: 10) { (node) throws(ModelError) in try node.add(Slice(), node.inputs) }
      .writing(Slice.self) { (_, node) throws(ModelError) in
        var operands = [try node.operand(0)]
        for index in 1..<5 { operands.append(try node.indices(index)) }
        return try node.add("Slice", operands)
      },
    Mapping("SpaceToDepth") { (node) throws(ModelError) in
      var rearrangement = SpaceToDepth()
      rearrangement.blockSize = try node.blockSize()
      return try node.add(rearrangement, node.inputs)
    }.writing(SpaceToDepth.self) { (rearrangement, node) throws(ModelError) in
      [
        try node.rearranged(
          "SpaceToDepth", ["blocksize": .integer(rearrangement.blockSize)], rearrangement.layout,
          rearrangement.rearrangement)
      ]
    },
    Mapping("Split", since: 1, split1),
    Mapping("Split", since: 13, split13).writing(Split.self) { (split, node) throws(ModelError) in
      var attributes: AttributeList = ["axis": .integer(split.axis)]
      guard split.sizes.isEmpty else {
        return try node.add(
          "Split", [node.operand(0), node.integers(split.sizes)], attributes, results: split.outputCount)
      }
      attributes["num_outputs"] = .integer(split.parts)
      return try node.add("Split", [node.operand(0)], attributes, results: split.outputCount)
    },
    Mapping("Tile", since: 1, tile1),
    Mapping("Tile", since: 6) { (node) throws(ModelError) in try node.add(Tile(), node.inputs) }
      .writing(Tile.self) { (_, node) throws(ModelError) in
        try node.add("Tile", [node.operand(0), node.indices(1)])
      },
  ]

  private static func concat(
    _ node: inout NodeImport, standard: Int?
  ) throws(ModelError) -> [ValueID] {
    guard let axis = try node.optionalInteger("axis") ?? standard else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "axis"))
    }
    return try node.add(Concat(axis: axis), node.inputs)
  }

  /// The elements along an axis, or of all in a row, at whose place a condition holds.
  static func compress(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var data = try node.input(0)
    let axis = try node.optionalInteger("axis")
    if axis == nil { data = try node.add(Reshape(), data, node.constant([-1])) }
    let places = try node.add(Squeeze(axes: [0]), node.add(NonZero(), node.input(1)))
    return [try node.add(Gather(axis: axis ?? 0), data, places)]
  }

  static func depthToSpace(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var rearrangement = DepthToSpace()
    rearrangement.blockSize = try node.blockSize()
    switch try node.text("mode", default: "DCR") {
    case "DCR": rearrangement.order = .blockFirst
    case "CRD": rearrangement.order = .channelFirst
    default: throw ModelError(.malformed, "expected DCR or CRD", at: Location(attribute: "mode"))
    }
    return try node.add(rearrangement, node.inputs)
  }

  /// Below version 11 amounts and value are attributes; the first version has another name for the amounts.
  static func pad1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard let pads = try node.optionalIntegers(node.version < 2 ? "paddings" : "pads") else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "pads"))
    }
    let input = try node.input(0)
    let content = try node.paddingContent()
    let value = try node.real("value", default: 0)
    let operand = value == 0 ? nil : try node.number(value, as: node.type(of: input).dataType)
    return try node.add(Pad(content), [input, node.constant(pads)] + (operand.map { [$0] } ?? []))
  }

  static func scatterElements(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var scatter = ScatterElements()
    scatter.axis = try node.integer("axis", default: 0)
    scatter.reduction = try node.scatterReduction()
    return try node.add(scatter, node.inputs)
  }

  static func slice1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard let starts = try node.optionalIntegers("starts"), let ends = try node.optionalIntegers("ends")
    else {
      throw ModelError(.malformed, "has no starts or ends")
    }
    let axes = try node.optionalIntegers("axes")
    let operands = [try node.input(0), node.constant(starts), node.constant(ends)]
    return try node.add(Slice(), operands + (axes.map { [node.constant($0)] } ?? []))
  }

  /// Sizes are an attribute; the very first version could have them as an operand.
  static func split1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var split = Split()
    split.axis = try node.integer("axis", default: 0)
    if let sizes = try node.optionalIntegers("split") {
      split.sizes = sizes
    } else if node.has(1) {
      split.sizes = try node.integers(1)
    }
    split.parts = node.node.outputs.count
    return try node.add(split, [node.input(0)])
  }

  static func split13(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var split = Split()
    split.axis = try node.integer("axis", default: 0)
    if node.has(1) { return try node.add(split, "sizes", from: 1) }
    split.parts = try node.integer("num_outputs", default: node.node.outputs.count)
    return try node.add(split, [node.input(0)])
  }

  /// The first version repeats along one axis.
  static func tile1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let input = try node.input(0)
    let rank = try node.type(of: input).rank
    guard let count = try node.integers(1).first, let axis = try node.integers(2).first else {
      throw ModelError(.malformed, "has no number of repeats or no axis")
    }
    var repeats = [Int](repeating: 1, count: rank)
    repeats[try normalizedAxis(axis, rank: rank)] = count
    return try node.add(Tile(), [input, node.constant(repeats)])
  }
}

extension NodeExport {
  /// Adds an operator that moves elements between channels and space; of integers of 64 bits, for which runtimes have no kernel,
  /// the steps that it amounts to, where sizes are known but for the first.
  fileprivate func rearranged(
    _ name: String, _ attributes: AttributeList, _ layout: ChannelLayout,
    _ rearrangement: ([Int]) throws(ModelError) -> BlockRearrangement
  ) throws(ModelError) -> String {
    let own = try realType()
    let shape = try type(0).shape.dimensions.map(\.fixed)
    if own.isInteger, own.bitWidth == 64, !shape.dropFirst().contains(nil) {
      try checkSizes()
      let steps = try rearrangement(shape.map { $0 ?? 1 })
      var (split, merged): ([Int?], [Int?]) = (steps.split, steps.merged)
      (split[0], merged[0]) = (shape[0], shape[0])
      let divided = try reshaped(operand(0), to: split)
      return try reshaped(transposed(divided, by: steps.permutation), to: merged)
    }
    let input = try channelsFirst(0, from: layout)
    guard let wide = RuntimeKernels.widerType(than: own, for: name) else {
      return try restored(add(name, input, attributes: attributes), to: layout)
    }
    return try restored(cast(add(name, cast(input, to: wide), attributes: attributes), to: own), to: layout)
  }

  /// An operand of places in 32 or 64 bits.
  func places(_ index: Int) throws(ModelError) -> String {
    try type(index).dataType == .int32 ? operand(index) : indices(index)
  }
}

extension ScatterReduction {
  fileprivate var onnxName: String {
    switch self {
    case .none: "none"
    case .add: "add"
    case .multiply: "mul"
    case .minimum: "min"
    case .maximum: "max"
    }
  }
}

extension NodeImport {
  mutating func blockSize() throws(ModelError) -> Int {
    guard let size = try optionalInteger("blocksize"), size > 0, size < 1 << 15 else {
      throw ModelError(.malformed, "expected a positive number", at: Location(attribute: "blocksize"))
    }
    return size
  }

  mutating func paddingContent() throws(ModelError) -> PaddingContent {
    switch try text("mode", default: "constant") {
    case "constant": return .constant
    case "reflect": return .reflect
    case "edge": return .edge
    case "wrap": return .wrap
    case let other:
      throw ModelError(.malformed, "there is no mode '\(other)'", at: Location(attribute: "mode"))
    }
  }

  mutating func scatterReduction() throws(ModelError) -> ScatterReduction {
    switch try text("reduction", default: "none") {
    case "none": return .none
    case "add": return .add
    case "mul": return .multiply
    case "min": return .minimum
    case "max": return .maximum
    case let other:
      throw ModelError(.malformed, "there is no reduction '\(other)'", at: Location(attribute: "reduction"))
    }
  }
}
