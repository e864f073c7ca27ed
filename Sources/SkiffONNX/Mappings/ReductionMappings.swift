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
      Mapping("ArgMax") { (node) throws(ModelError) in try argExtreme(&node, ArgMax()) },
      Mapping("ArgMin") { (node) throws(ModelError) in try argExtreme(&node, ArgMin()) },
      Mapping("CumSum", since: 11, cumulativeSum),
      Mapping("TopK", since: 1, topK1),
      Mapping("TopK", since: 10, topK10),
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
