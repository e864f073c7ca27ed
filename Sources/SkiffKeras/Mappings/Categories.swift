import SkiffBinary
import SkiffIR
import SkiffOperators

let categoryMappings: [LayerMapping] = [
  LayerMapping("Discretization", discretization),
  LayerMapping("CategoryEncoding", categoryEncoding),
  LayerMapping("IntegerLookup", integerLookup),
]

/// How many of the boundaries an element reaches.
private func discretization(_ call: LayerCall) throws(ModelError) -> ValueID {
  let boundaries = try call.settings.numbers("bin_boundaries")
  let mode = try call.settings.string("output_mode", default: "int")
  let input = try call.add(Unsqueeze(axes: [-1]), call.real(call.input()), part: "elements")
  // What is no number is beyond all of them.
  let isBelow = try call.add(
    Less(), input, call.constant(boundaries, shape: [boundaries.count]), part: "below")
  let isWide = mode == "int" && !call.importer.isKeras3
  let counts = try call.add(
    Cast(to: isWide ? .int64 : .int32), call.add(Not(), isBelow, part: "reached"), part: "counts")
  let bins = try call.add(
    ReduceSum(axes: [-1], keepsDimensions: false), counts, part: mode == "int" ? "" : "bins")
  return mode == "int" ? bins : try call.encoded(bins, count: boundaries.count + 1, mode)
}

/// Which categories occur in each row, or how often.
private func categoryEncoding(_ call: LayerCall) throws(ModelError) -> ValueID {
  var input = try call.input()
  if try !call.dataType(of: input).isInteger {
    input = try call.add(Cast(to: .int32), input, part: "indices")
  }
  return try call.encoded(
    input, count: call.settings.integer("num_tokens"),
    call.settings.string("output_mode", default: "multi_hot"))
}

/// The places of integers in a vocabulary, behind those of the mask and of what is in no vocabulary.
private func integerLookup(_ call: LayerCall) throws(ModelError) -> ValueID {
  let settings = call.settings
  guard try !settings.boolean("invert", default: false) else { throw settings.unsupported("invert") }
  guard try settings.integer("num_oov_indices", default: 1) == 1 else {
    throw settings.unsupported("num_oov_indices")
  }
  let mode = try settings.string("output_mode", default: "int")
  let mask = settings.has("mask_token") ? [try settings.integer("mask_token")] : []
  guard mask.isEmpty || mode == "int" else { throw settings.unsupported("mask_token") }
  // One that was counted is in a file of its own.
  guard settings.has("vocabulary") else { throw settings.unsupported("vocabulary") }
  var words = try settings.integers("vocabulary")
  let special = mask + [try settings.integer("oov_token", default: -1)]
  if words.starts(with: special) { words.removeFirst(special.count) }
  let input = try call.cast(call.input(), to: .int64)
  func integer(_ value: Int) -> ValueID { call.importer.graph.addConstant(Tensor(scalar: Int64(value))) }
  // A table over all integers from below the least word to above the greatest.
  let (least, greatest) = (words.min() ?? 0, words.max() ?? 0)
  guard greatest - least < 1 << 20 else {
    throw ModelError(
      .unsupported, "has words that are \(greatest - least) apart", at: Location(attribute: "vocabulary"))
  }
  var table = [Int](repeating: 0, count: greatest - least + 3)
  for (index, word) in words.enumerated() { table[word - least + 1] = index + 1 }
  let limited = try call.add(
    Minimum(), call.add(Maximum(), input, integer(least - 1), part: "raised"), integer(greatest + 1),
    part: "limited")
  let place = try call.add(
    Gather(axis: 0), call.integers(table), call.add(Subtract(), limited, integer(least - 1), part: "rows"),
    part: mask.isEmpty && mode == "int" ? "" : "place")
  guard let mask = mask.first else {
    guard mode != "int" else { return place }
    let isPadded = try settings.boolean("pad_to_max_tokens", default: false)
    let count = isPadded ? try settings.integer("max_tokens") : words.count + 1
    let encoded = try call.encoded(place, count: count, mode)
    return try call.importer.isKeras3 ? call.cast(encoded, to: .int64, part: "encoded") : encoded
  }
  let isMask = try call.add(Equal(), input, integer(mask), part: "masked")
  return try call.add(Select(), isMask, integer(0), call.add(Add(), place, integer(1), part: "shifted"))
}

extension LayerCall {
  /// Categories as vectors of so many numbers: one for each, or which of a row's there are or how often.
  fileprivate func encoded(_ input: ValueID, count: Int, _ mode: String) throws(ModelError) -> ValueID {
    guard (1...1 << 24).contains(count) else { throw settings.unsupported("num_tokens") }
    let rank = try shape(of: input).rank
    let rows = try add(Cast(to: .float32), oneHot(input, count: count), part: "rows")
    switch mode {
    case "one_hot":
      guard rank > 1, try shape(of: input)[rank - 1] == .fixed(1) else { return rows }
      return try add(Squeeze(axes: [rank - 1]), rows)
    case "multi_hot" where rank == 2: return try add(ReduceMax(axes: [1], keepsDimensions: false), rows)
    case "count" where rank == 2: return try add(ReduceSum(axes: [1], keepsDimensions: false), rows)
    default: throw settings.unsupported("output_mode")
    }
  }

  /// Which of so many categories each index is, along an axis of its own: none if it is beyond them or below 0.
  func oneHot(_ indices: ValueID, count: Int, axis: Int = -1) throws(ModelError) -> ValueID {
    let rank = try shape(of: indices).rank + 1
    let axis = try normalizedAxis(axis, rank: rank)
    let isWide = try dataType(of: indices) == .int64
    let wide = isWide ? indices : try cast(indices, to: .int32, part: "wide")
    var sizes = [Int](repeating: 1, count: rank)
    sizes[axis] = count
    let categories = try Tensor(integers: Array(0..<count), as: isWide ? .int64 : .int32, shape: sizes)
    return try add(
      Equal(), add(Unsqueeze(axes: [axis]), wide, part: "categories"), importer.graph.addConstant(categories),
      part: "isCategory")
  }
}
