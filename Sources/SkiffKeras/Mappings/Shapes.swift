import SkiffBinary
import SkiffIR
import SkiffOperators

let inputMappings: [LayerMapping] = [
  LayerMapping("InputLayer", masking: .kept) { (call) throws(ModelError) in try call.input() },
  LayerMapping("Identity", masking: .keptByKeras3) { (call) throws(ModelError) in try call.input() },
  LayerMapping("Masking", results: masking),
]

let shapeMappings: [LayerMapping] =
  [
    LayerMapping("Flatten", flatten),
    LayerMapping("Reshape", reshape),
    LayerMapping("Permute", permute),
    LayerMapping("RepeatVector", repeatVector),
  ]
  + [1, 2, 3].flatMap { rank in
    [
      LayerMapping("ZeroPadding\(rank)D") { (call) throws(ModelError) in try zeroPadding(call, rank: rank) },
      LayerMapping("Cropping\(rank)D") { (call) throws(ModelError) in try cropping(call, rank: rank) },
    ]
  }

/// Everything but the batch in one axis; channels move behind space first.
private func flatten(_ call: LayerCall) throws(ModelError) -> ValueID {
  var input = try call.input()
  var shape = try call.shape(of: input)
  if shape.rank > 2, try call.channelLayout() == .first {
    input = try call.add(Transpose([0] + Array(2..<shape.rank) + [1]), input, part: "channels_last")
    shape = try call.shape(of: input)
  }
  guard let count = Shape(Array(shape.dimensions.dropFirst())).elementCount else {
    return try call.reshape(input, [0, -1])
  }
  return try call.reshape(input, [-1, count])
}

private func reshape(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.input()
  var sizes = try call.settings.integers("target_shape")
  let shape = try call.shape(of: input)
  // With the remainder filled in, the batch alone is open.
  if let open = sizes.firstIndex(of: -1), let count = Shape(Array(shape.dimensions.dropFirst())).elementCount
  {
    let known = sizes.filter { $0 != -1 }.checkedProduct() ?? 0
    guard known > 0, count % known == 0 else { throw call.settings.unsupported("target_shape") }
    sizes[open] = count / known
  }
  guard sizes.allSatisfy({ $0 == -1 || $0 > 0 }) else { throw call.settings.unsupported("target_shape") }
  return try call.reshape(input, sizes.contains(-1) ? [0] + sizes : [-1] + sizes)
}

/// Axes counted from 1, without the batch.
private func permute(_ call: LayerCall) throws(ModelError) -> ValueID {
  try call.add(Transpose([0] + call.settings.integers("dims")), call.input())
}

private func repeatVector(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.input()
  try call.requireRank(of: input, 2)
  let column = try call.reshape(input, [-1, 1, call.size(of: input, axis: 1)], part: "column")
  return try call.add(Tile(), column, call.integers([1, call.settings.integer("n"), 1]))
}

private func zeroPadding(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: rank)
  let pairs = try call.settings.pairs("padding", rank: rank)
  guard pairs.allSatisfy({ $0.0 >= 0 && $0.1 >= 0 }) else { throw call.settings.unsupported("padding") }
  let (before, after) = try call.aroundSpace(rank: rank)
  let begins = before + pairs.map(\.0) + after
  return try call.add(Pad(), input, call.integers(begins + before + pairs.map(\.1) + after))
}

private func cropping(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: rank)
  let pairs = try call.settings.pairs("cropping", rank: rank)
  guard pairs.allSatisfy({ $0.0 >= 0 && $0.1 >= 0 }) else { throw call.settings.unsupported("cropping") }
  let first = try call.aroundSpace(rank: rank).before.count
  let ends = pairs.map { $0.1 == 0 ? Int(Int32.max) : -$0.1 }
  return try call.add(
    Slice(), input, call.integers(pairs.map(\.0)), call.integers(ends),
    call.integers(Array(first..<first + rank)))
}

extension LayerCall {
  /// A constant list of integers.
  func integers(_ numbers: [Int]) -> ValueID {
    importer.graph.addConstant(Tensor(numbers.map(Int64.init), shape: [numbers.count]))
  }

  /// Zeros for the axes before and behind those of space.
  fileprivate func aroundSpace(rank: Int) throws(ModelError) -> (before: [Int], after: [Int]) {
    try channelLayout() == .last ? ([0], [0]) : ([0, 0], [])
  }
}
