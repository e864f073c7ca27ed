import SkiffBinary
import SkiffIR
import SkiffOperators

/// Attention as ONNX itself has it from version 23 on, taken apart into products and Softmax, and what fills the cache of keys and
/// values.
enum StandardAttentionMappings {
  static let rows: [Mapping] = [
    Mapping("Attention", since: 23, attention),
    Mapping("TensorScatter", since: 24, tensorScatter),
  ]

  /// Operands: query, key and value `[batch, heads, words, width]` or `[batch, words, heads · width]`, a mask, key and value of
  /// the past, how many words count. Results: the mixed values, key and value with those of the past, the scores.
  static func attention(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let types = try (0..<3).map { (index) throws(ModelError) in try node.type(of: node.input(index)) }
    guard let rank = types.first?.rank, [3, 4].contains(rank), types.allSatisfy({ $0.rank == rank }) else {
      throw ModelError(.malformed, "query, key and value of \(types)")
    }
    let (asking, asked) = (
      try heads("q_num_heads", types[0], &node), try heads("kv_num_heads", types[1], &node)
    )
    guard asking % asked == 0 else { throw ModelError(.malformed, "\(asking) heads for \(asked)") }
    let query = try apart(node.input(0), asking, rank, &node)
    var (key, value) = (
      try apart(node.input(1), asked, rank, &node), try apart(node.input(2), asked, rank, &node)
    )
    if let past = node.optional(4) { key = try node.add(Concat(axis: 2), past, key) }
    if let past = node.optional(5) { value = try node.add(Concat(axis: 2), past, value) }
    guard let width = try node.type(of: query).shape[3].fixed, width > 0 else {
      throw ModelError(.unsupported, "the width of the heads is not known")
    }
    let shared = node.constant((0..<asking).map { $0 / (asking / asked) })
    let (keys, values) =
      asking == asked
      ? (key, value)
      : (try node.add(Gather(axis: 1), key, shared), try node.add(Gather(axis: 1), value, shared))
    let dataType = types[0].dataType
    var product = MatrixMultiply()
    product.transposesB = true
    let scale = try node.optionalReal("scale") ?? 1 / Float(width).squareRoot()
    let raw = try node.scaled(node.add(product, query, keys), by: scale, dataType)
    var scores = raw
    let bound = try node.real("softcap", default: 0)
    if bound > 0 {
      scores = try node.scaled(
        node.add(Tanh(), node.scaled(scores, by: 1 / bound, dataType)), by: bound, dataType)
    }
    let masks = try masks(query, key, dataType, &node)
    for mask in masks { scores = try node.add(Add(), scores, mask) }
    let precision = try node.dataType("softmax_precision", default: dataType)
    if precision != dataType { scores = try node.add(Cast(to: precision), scores) }
    var shares = try node.add(Softmax(axis: -1), scores)
    if node.optional(3) != nil || node.optional(6) != nil {
      // Where nothing is kept, 0 / 0 stands for nothing.
      shares = try node.add(
        Select(), node.add(Equal(), shares, shares), shares, node.number(0, as: precision))
    }
    if precision != dataType { shares = try node.add(Cast(to: dataType), shares) }
    var result = try node.add(MatrixMultiply(), shares, values)
    if rank == 3 {
      result = try node.reshaped(node.add(Transpose([0, 2, 1, 3]), result), to: [0, 0, -1])
    }
    let mode = try node.integer("qk_matmul_output_mode", default: 0)
    guard node.node.outputs.count > 3, !node.node.outputs[3].isEmpty else {
      return [result, key, value, raw]
    }
    guard [0, 3].contains(mode) else {
      throw ModelError(.unsupported, "scores in between", at: Location(attribute: "qk_matmul_output_mode"))
    }
    return [result, key, value, mode == 0 ? raw : shares]
  }

  /// What is added to the scores: the mask that is given, and what leaves out words that do not count, and later ones.
  private static func masks(
    _ query: ValueID, _ key: ValueID, _ dataType: DataType, _ node: inout NodeImport
  ) throws(ModelError) -> [ValueID] {
    var masks: [ValueID] = []
    if let mask = node.optional(3) { masks.append(try additive(mask, keys: key, dataType, &node)) }
    let words = try node.places(ofAxis: 2, of: key)
    var counts: ValueID?
    if let given = node.optional(6) {
      let counted = try node.add(Unsqueeze(axes: [1, 2, 3]), given)
      masks.append(try kept(where: node.add(Less(), words, counted), dataType, &node))
      counts = counted
    }
    guard try node.flag("is_causal") else { return masks }
    var last = try node.reshaped(node.places(ofAxis: 2, of: query), to: [-1, 1])
    if let past = node.optional(4) {
      last = try node.add(Add(), last, node.size(ofAxis: 2, of: past))
    } else if let counts {
      last = try node.add(Add(), last, node.add(Subtract(), counts, node.size(ofAxis: 2, of: query)))
    }
    return masks + [try kept(where: node.add(LessOrEqual(), words, last), dataType, &node)]
  }

  private static func heads(
    _ name: String, _ type: TensorType, _ node: inout NodeImport
  ) throws(ModelError) -> Int {
    let stated = try node.optionalInteger(name)
    guard let count = type.rank == 4 ? type.shape[1].fixed : stated, count > 0, count < 1 << 20 else {
      throw ModelError(.unsupported, "the number of heads is not known", at: Location(attribute: name))
    }
    return count
  }

  /// A value as `[batch, heads, words, width]`.
  private static func apart(
    _ value: ValueID, _ heads: Int, _ rank: Int, _ node: inout NodeImport
  ) throws(ModelError) -> ValueID {
    guard rank == 3 else { return value }
    return try node.add(
      Transpose([0, 2, 1, 3]), node.add(Reshape(), value, node.constant([0, 0, heads, -1])))
  }

  /// A mask of real numbers is added as it is; where one of truth values is false, nothing is left.
  private static func additive(
    _ mask: ValueID, keys: ValueID, _ dataType: DataType, _ node: inout NodeImport
  ) throws(ModelError) -> ValueID {
    let type = try node.type(of: mask)
    let wanted = try node.type(of: keys).shape[2]
    guard let last = type.shape.dimensions.last, last == wanted || last.fixed == nil || wanted.fixed == nil
    else {
      throw ModelError(.unsupported, "a mask \(type) for \(wanted) words")
    }
    return try type.dataType == .boolean ? kept(where: mask, dataType, &node) : mask
  }

  /// What is added to scores to keep those where a condition holds: 0, elsewhere negative infinity.
  private static func kept(
    where condition: ValueID, _ dataType: DataType, _ node: inout NodeImport
  ) throws(ModelError) -> ValueID {
    try node.add(
      Select(), condition, node.number(0, as: dataType), node.number(-.infinity, as: dataType))
  }

  /// A cache with the update in the places of an axis that begin where a list says for each sample.
  static func tensorScatter(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let (cache, update) = (try node.input(0), try node.input(1))
    let rank = try node.type(of: update).rank
    let axis = try normalizedAxis(node.integer("axis", default: -2), rank: rank)
    guard axis > 0 else {
      throw ModelError(.malformed, "the axis of samples", at: Location(attribute: "axis"))
    }
    func sizes(_ axis: Int) -> [Int] { (0..<rank).map { $0 == axis ? -1 : 1 } }
    var places = try node.reshaped(node.places(ofAxis: axis, of: update), to: sizes(axis))
    if let starts = node.optional(2) {
      places = try node.add(Add(), places, node.reshaped(starts, to: sizes(0)))
    }
    switch try node.text("mode", default: "linear") {
    case "linear": break
    case "circular": places = try node.add(Modulo(), places, node.size(ofAxis: axis, of: cache))
    case let other:
      throw ModelError(.malformed, "there is no mode '\(other)'", at: Location(attribute: "mode"))
    }
    var scatter = ScatterElements()
    scatter.axis = axis
    places = try node.add(Expand(), places, node.add(ShapeOf(), update))
    return [try node.add(scatter, cache, places, update)]
  }
}

extension NodeImport {
  /// The size of an axis as a list of one integer.
  fileprivate mutating func size(ofAxis axis: Int, of value: ValueID) throws(ModelError) -> ValueID {
    var size = ShapeOf()
    (size.start, size.end) = (axis, axis + 1)
    return try add(size, value)
  }
}
