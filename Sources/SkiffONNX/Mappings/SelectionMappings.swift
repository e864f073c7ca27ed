import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that find elements, and those of classical machine learning that do.
enum SelectionMappings {
  static let rows: [Mapping] = [
    Mapping("ArrayFeatureExtractor", domain: "ai.onnx.ml", features),
    Mapping("Binarizer", domain: "ai.onnx.ml", binarize),
    Mapping("NonMaxSuppression", since: 10) { (node) throws(ModelError) in
      var suppression = NonMaxSuppression()
      suppression.hasCenters = try node.flag("center_point_box")
      return try node.add(suppression, node.inputs)
    }.writing(NonMaxSuppression.self) { (suppression, node) throws(ModelError) in
      try node.add(
        "NonMaxSuppression",
        [node.operand(0), node.operand(1), node.indices(2), node.optional(3), node.optional(4)],
        ["center_point_box": .flag(suppression.hasCenters)])
    },
    Mapping("TfIdfVectorizer", since: 9, countNGrams).writing(NGramCount.self) {
      (count, node) throws(ModelError) in
      var attributes: AttributeList = [
        "pool_int64s": .integers(count.pool), "ngram_counts": .integers(count.starts),
        "ngram_indexes": .integers(count.columns), "min_gram_length": .integer(count.shortest),
        "max_gram_length": .integer(count.longest), "max_skip_count": .integer(count.largestSkip),
        "mode": .text(
          count.weighting == .count ? "TF" : count.weighting == .weight ? "IDF" : "TFIDF"),
      ]
      attributes["weights"] = count.weights.isEmpty ? nil : .reals(count.weights)
      return try node.add("TfIdfVectorizer", node.operands(), attributes)
    },
    Mapping("Unique", since: 11) { (node) throws(ModelError) in
      var unique = Unique()
      unique.axis = try node.optionalInteger("axis")
      unique.isSorted = try node.flag("sorted", default: true)
      return try node.add(unique, node.inputs)
    }.writing(Unique.self) { (unique, node) throws(ModelError) in
      var attributes: AttributeList = ["sorted": .flag(unique.isSorted)]
      attributes["axis"] = unique.axis.map { .integer($0) }
      let own = try node.realType()
      guard let wide = RuntimeKernels.widerType(than: own, for: "Unique") else {
        return try node.add("Unique", node.operands(), attributes, results: unique.outputCount)
      }
      let input = try node.cast(node.operand(0), to: wide)
      var results = try node.add("Unique", [input], attributes, results: unique.outputCount)
      results[0] = try node.cast(results[0], to: own)
      return results
    },
  ]

  /// Elements of the last axis; a list becomes one row.
  static func features(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let indices = try node.reshaped(node.input(1), to: [-1])
    let result = try node.add(Gather(axis: -1), node.input(0), indices)
    return [try node.type(of: result).rank == 1 ? node.reshaped(result, to: [1, -1]) : result]
  }

  /// 1 above a threshold, else 0.
  static func binarize(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let input = try node.input(0)
    let dataType = try node.type(of: input).dataType
    let threshold = try node.number(node.real("threshold", default: 0), as: dataType)
    return [try node.add(Cast(to: dataType), node.add(Greater(), input, threshold))]
  }

  static func countNGrams(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("pool_strings")
    guard let pool = try node.optionalIntegers("pool_int64s") else {
      throw ModelError(.unsupported, "a tensor of texts", at: Location(attribute: "pool_strings"))
    }
    var count = NGramCount()
    count.pool = pool
    count.starts = try node.optionalIntegers("ngram_counts") ?? []
    count.columns = try node.optionalIntegers("ngram_indexes") ?? []
    count.weights = try node.optionalReals("weights") ?? []
    count.shortest = try node.integer("min_gram_length", default: 1)
    count.longest = try node.integer("max_gram_length", default: 1)
    count.largestSkip = try node.integer("max_skip_count", default: 0)
    switch try node.text("mode", default: "TF") {
    case "TF": count.weighting = .count
    case "IDF": count.weighting = .weight
    case "TFIDF": count.weighting = .product
    case let other:
      throw ModelError(.malformed, "there is no mode '\(other)'", at: Location(attribute: "mode"))
    }
    return try node.add(count, node.inputs)
  }
}
