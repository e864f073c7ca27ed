import SkiffBinary
import SkiffIR
import SkiffOperators

/// Reductions along axes, and what runs along one axis.
enum ReductionMappings {
  static let rows: [Mapping] =
    reduction("ReduceL1", ReduceL1.self) + reduction("ReduceL2", ReduceL2.self)
    + reduction("ReduceLogSum", ReduceLogSum.self) + reduction("ReduceLogSumExp", ReduceLogSumExp.self)
    + reduction("ReduceMax", ReduceMax.self) + reduction("ReduceMean", ReduceMean.self)
    + reduction("ReduceMin", ReduceMin.self) + reduction("ReduceProd", ReduceProd.self)
    + reduction("ReduceSum", ReduceSum.self, inputSince: 13)
    + reduction("ReduceSumSquare", ReduceSumSquare.self) + [
      Mapping("ArgMax") { (node) throws(ModelError) in try argExtreme(&node, ArgMax()) }
        .writing(ArgMax.self) { (search, node) throws(ModelError) in
          try argExtreme(node, "ArgMax", search, search.dataType)
        },
      Mapping("ArgMin") { (node) throws(ModelError) in try argExtreme(&node, ArgMin()) }
        .writing(ArgMin.self) { (search, node) throws(ModelError) in
          try argExtreme(node, "ArgMin", search, search.dataType)
        },
      Mapping("CumSum", since: 11, cumulativeSum).writing(CumSum.self) { (sum, node) throws(ModelError) in
        let axis = try node.constant(Tensor(scalar: Int64(sum.axis)))
        return try node.cumulated(
          axis: axis, ["exclusive": .flag(sum.isExclusive), "reverse": .flag(sum.isReversed)])
      },
      Mapping("TopK", since: 1, topK1),
      Mapping("TopK", since: 10, topK10).writing(TopK.self) { (top, node) throws(ModelError) in
        let (own, count) = (try node.realType(), try node.add("Reshape", node.indices(1), node.integers([1])))
        let wide = RuntimeKernels.widerType(than: own, for: "TopK") ?? own
        let results = try node.add(
          "TopK", [node.cast(node.operand(0), from: own, to: wide), count],
          ["axis": .integer(top.axis), "largest": .flag(top.takesGreatest)], results: 2)
        return [
          try node.cast(results[0], from: wide, to: own),
          try node.cast(results[1], from: .int64, to: top.indexType),
        ]
      },
    ]

  /// The axes are an attribute at first and an operand later.
  private static func reduction<Kind: Reduction>(
    _ name: String, _ kind: Kind.Type, inputSince: Int = 18
  ) -> [Mapping] {
    [
      Mapping(name, since: 1) { (node) throws(ModelError) in
        try reduce(&node, Kind(), axes: node.optionalIntegers("axes"))
      },
      Mapping(name, since: inputSince) { (node) throws(ModelError) in
        try reduce(&node, Kind(), axes: nil)
      }.writing(kind) { (reduction, node) throws(ModelError) in
        let axes = try reduction.axes.isEmpty ? "" : node.integers(reduction.axes)
        return try node.reduced(name, axes: axes, keepsDimensions: reduction.keepsDimensions)
      },
    ]
  }

  /// Without axes all are reduced, unless the node says that none is: then each element is reduced for itself.
  private static func reduce(
    _ node: inout NodeImport, _ reduction: some Reduction, axes: [Int]?
  ) throws(ModelError) -> [ValueID] {
    let reducesNothing = try node.flag("noop_with_empty_axes")
    var reduction = reduction
    reduction.axes = axes ?? []
    reduction.keepsDimensions = try node.flag("keepdims", default: true)
    if node.has(1) {
      let count = try node.type(of: node.input(1)).shape.elementCount
      guard count != nil || !reducesNothing else {
        throw ModelError(.unsupported, "whether there are axes is not known")
      }
      // An empty list is as good as none.
      if count != 0 { return try node.add(reduction, "axes", from: 1) }
    }
    if reducesNothing, reduction.axes.isEmpty {
      reduction.axes = [-1]
      reduction.keepsDimensions = false
      let input = try node.input(0)
      let extended = try node.add(Unsqueeze(axes: [node.type(of: input).rank]), input)
      return try node.add(reduction, [extended])
    }
    return try node.add(reduction, [node.input(0)])
  }

  private static func argExtreme(
    _ node: inout NodeImport, _ search: some ArgExtreme
  ) throws(ModelError) -> [ValueID] {
    var search = search
    search.axis = try node.integer("axis", default: 0)
    search.keepsDimensions = try node.flag("keepdims", default: true)
    search.selectsLast = try node.flag("select_last_index")
    return try node.add(search, node.inputs)
  }

  private static func argExtreme(
    _ node: NodeExport, _ name: String, _ search: some ArgExtreme, _ dataType: DataType
  ) throws(ModelError) -> [String] {
    let own = try node.realType()
    let wide = RuntimeKernels.widerType(than: own, for: name) ?? own
    let result = try node.add(
      name, node.cast(node.operand(0), from: own, to: wide),
      attributes: [
        "axis": .integer(search.axis), "keepdims": .flag(search.keepsDimensions),
        "select_last_index": .flag(search.selectsLast),
      ])
    return [try node.cast(result, from: .int64, to: dataType)]
  }

  static func cumulativeSum(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var sum = CumSum()
    sum.isExclusive = try node.flag("exclusive")
    sum.isReversed = try node.flag("reverse")
    return try node.add(sum, "axis", from: 1)
  }

  static func topK1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard let count = try node.optionalInteger("k") else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "k"))
    }
    var top = TopK()
    top.axis = try node.integer("axis", default: -1)
    return try node.add(top, [node.input(0), node.constant([count])])
  }

  static func topK10(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    // Results that need not be sorted may be.
    node.ignore("sorted")
    var top = TopK()
    top.axis = try node.integer("axis", default: -1)
    top.takesGreatest = try node.flag("largest", default: true)
    return try node.add(top, node.inputs)
  }
}

extension NodeExport {
  /// Adds a reduction over the axes of a list, or over all.
  func reduced(_ name: String, axes: String, keepsDimensions: Bool) throws(ModelError) -> [String] {
    let own = try realType()
    let wide = RuntimeKernels.widerType(than: own, for: name) ?? own
    let input = try cast(operand(0), from: own, to: wide)
    let result = try add(name, input, axes, attributes: ["keepdims": .flag(keepsDimensions)])
    return [try cast(result, from: wide, to: own)]
  }

  /// Adds a sum of all elements up to each one.
  func cumulated(axis: String, _ attributes: AttributeList) throws(ModelError) -> [String] {
    let own = try realType()
    let wide = RuntimeKernels.widerType(than: own, for: "CumSum") ?? own
    let input = try cast(operand(0), from: own, to: wide)
    return [try cast(add("CumSum", input, axis, attributes: attributes), from: wide, to: own)]
  }
}
