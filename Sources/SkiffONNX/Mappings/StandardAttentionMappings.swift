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
    let query = try rank == 4 ? node.input(0) : node.parted(node.input(0), heads: asking)
    var (key, value) = (
      try rank == 4 ? node.input(1) : node.parted(node.input(1), heads: asked),
      try rank == 4 ? node.input(2) : node.parted(node.input(2), heads: asked)
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
    var bounded = raw
    let bound = try node.real("softcap", default: 0)
    if bound > 0 {
      bounded = try node.scaled(
        node.add(Tanh(), node.scaled(raw, by: 1 / bound, dataType)), by: bound, dataType)
    }
    let mask = try mask(query, key, dataType, &node)
    let added = try mask.added(dataType, &node)
    let masked =
      try added.map { (added) throws(ModelError) in try node.add(Add(), bounded, added) } ?? bounded
    var scores = masked
    let isAsked = try mask.keepsSome(dataType, &node)
    if let isAsked, let added {
      // Without a mask the scores of a word of which nothing is kept stay numbers.
      let finite = try node.add(Select(), isAsked, added, node.number(0, as: dataType))
      scores = try node.add(Add(), bounded, finite)
    }
    let precision = try node.dataType("softmax_precision", default: dataType)
    var shares = try node.cast(
      node.add(Softmax(axis: -1), node.cast(scores, to: precision)), to: dataType)
    if let isAsked { shares = try node.add(Select(), isAsked, shares, node.number(0, as: dataType)) }
    var result = try node.add(MatrixMultiply(), shares, values)
    if rank == 3 {
      let all = try (node.type(of: values).shape[3] * .fixed(asking)).fixed ?? -1
      result = try node.reshaped(node.add(Transpose([0, 2, 1, 3]), result), to: [0, 0, all])
    }
    let mode = try node.integer("qk_matmul_output_mode", default: 0)
    guard (0..<4).contains(mode) else {
      throw ModelError(.malformed, "must be 0 to 3", at: Location(attribute: "qk_matmul_output_mode"))
    }
    return [result, key, value, [raw, bounded, masked, shares][mode]]
  }

  /// What words see of each other.
  private struct Mask {
    /// What is added to the scores.
    var numbers: ValueID?
    /// Which scores are kept, all of them together.
    var conditions: [ValueID] = []
    /// Whether a word may see nothing at all.
    var isOpen = false

    /// What is added to the scores, nil if nothing is.
    func added(_ dataType: DataType, _ node: inout NodeImport) throws(ModelError) -> ValueID? {
      guard let condition = try both(conditions, &node) else { return numbers }
      let kept = try node.add(
        Select(), condition, node.number(0, as: dataType), node.number(-.infinity, as: dataType))
      return try numbers.map { (numbers) throws(ModelError) in try node.add(Add(), numbers, kept) } ?? kept
    }

    /// Whether each word keeps some score, nil if all do.
    func keepsSome(_ dataType: DataType, _ node: inout NodeImport) throws(ModelError) -> ValueID? {
      guard isOpen else { return nil }
      var conditions = conditions
      if let numbers {
        conditions.append(try node.add(Greater(), numbers, node.number(-.infinity, as: dataType)))
      }
      guard let condition = try both(conditions, &node) else { return nil }
      let some = try node.add(
        ReduceMax(axes: [-1], keepsDimensions: true), node.cast(condition, to: dataType))
      return try node.add(Greater(), some, node.number(0, as: dataType))
    }

    private func both(_ conditions: [ValueID], _ node: inout NodeImport) throws(ModelError) -> ValueID? {
      guard var all = conditions.first else { return nil }
      for condition in conditions.dropFirst() { all = try node.add(And(), all, condition) }
      return all
    }
  }

  /// The mask that is given, and what leaves out words that do not count, and later ones.
  private static func mask(
    _ query: ValueID, _ key: ValueID, _ dataType: DataType, _ node: inout NodeImport
  ) throws(ModelError) -> Mask {
    var mask = Mask()
    if let given = node.optional(3) {
      let (type, wanted) = (try node.type(of: given), try node.type(of: key).shape[2])
      // One of fewer words leaves out the others, which a mask that broadcasts does not.
      guard let last = type.shape.dimensions.last,
        last == wanted || last.fixed == nil || wanted.fixed == nil && last != .fixed(1)
      else { throw ModelError(.unsupported, "a mask \(type) for \(wanted) words") }
      if type.dataType == .boolean {
        mask.conditions.append(given)
      } else {
        mask.numbers = try node.cast(given, to: dataType)
      }
      mask.isOpen = true
    }
    var counts: ValueID?
    if let given = node.optional(6) {
      let counted = try node.add(Unsqueeze(axes: [1, 2, 3]), given)
      mask.conditions.append(try node.add(Less(), node.places(ofAxis: 2, of: key), counted))
      mask.isOpen = true
      counts = counted
    }
    if try node.flag("is_causal") {
      var last = try node.reshaped(node.places(ofAxis: 2, of: query), to: [-1, 1])
      if let past = node.optional(4) {
        last = try node.add(Add(), last, node.size(ofAxis: 2, of: past))
      } else if let counts {
        last = try node.add(Add(), last, node.add(Subtract(), counts, node.size(ofAxis: 2, of: query)))
      }
      mask.conditions.append(try node.add(LessOrEqual(), node.places(ofAxis: 2, of: key), last))
    }
    return mask
  }

  private static func heads(
    _ name: String, _ type: TensorType, _ node: inout NodeImport
  ) throws(ModelError) -> Int {
    let stated = try node.optionalInteger(name)
    let known = type.rank == 4 ? type.shape[1].fixed ?? stated : stated
    guard let count = known, count > 0, count < 1 << 16 else {
      throw ModelError(.unsupported, "the number of heads is not known", at: Location(attribute: name))
    }
    return count
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
