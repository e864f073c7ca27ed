import SkiffBinary
import SkiffIR
import SkiffOperators

let adaptivePoolingMappings: [LayerMapping] = [1, 2, 3].flatMap { rank in
  [
    LayerMapping("AdaptiveMaxPooling\(rank)D") { (call) throws(ModelError) in
      try adaptivePooling(call, rank: rank, isMaximum: true)
    },
    LayerMapping("AdaptiveAveragePooling\(rank)D") { (call) throws(ModelError) in
      try adaptivePooling(call, rank: rank, isMaximum: false)
    },
  ]
}

/// A pooling to a given size. Where that divides the size of the input it is one with a fixed window.
private func adaptivePooling(
  _ call: LayerCall, rank: Int, isMaximum: Bool
) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: rank)
  let layout = try call.channelLayout()
  let axes = Array(layout.spatialAxes(rank: rank + 2))
  let wanted = try call.settings.integers("output_size", rank: rank)
  var given: [Int] = []
  for axis in axes { given.append(try call.size(of: input, axis: axis)) }
  // Each place of the input is in a window or two.
  guard zip(given, wanted).allSatisfy({ (1...1 << 18).contains($0) && (1...1 << 18).contains($1) }) else {
    throw call.settings.unsupported("output_size")
  }
  guard zip(given, wanted).allSatisfy({ $0 % $1 == 0 }) else {
    var result = input
    for (axis, (given, wanted)) in zip(axes, zip(given, wanted)) where given != wanted {
      let windows = AdaptiveWindows(from: given, to: wanted)
      result = try call.pooled(result, axis: axis, windows, isMaximum: isMaximum)
    }
    return result
  }
  let size = zip(given, wanted).map { $0 / $1 }
  if isMaximum {
    var operator_ = MaxPool()
    (operator_.layout, operator_.size, operator_.strides) = (layout, size, size)
    return try call.add(operator_, input)
  }
  var operator_ = AveragePool()
  (operator_.layout, operator_.size, operator_.strides) = (layout, size, size)
  return try call.add(operator_, input)
}

/// The windows along an axis, from `⌊i·given/wanted⌋` up to `⌈(i + 1)·given/wanted⌉`: as many places for each as the longest one has,
/// the last place again where it is shorter.
private struct AdaptiveWindows {
  let count: Int
  let length: Int
  /// `[count, length]`
  let places: [Int]
  /// Which of these are in the window: not those that repeat its last one.
  let isInside: [Bool]
  /// How many are, for each window.
  let counts: [Float]

  init(from given: Int, to wanted: Int) {
    let windows = (0..<wanted).map { ($0 * given / wanted)..<(($0 + 1) * given + wanted - 1) / wanted }
    let length = windows.map(\.count).max() ?? 0
    (count, self.length) = (wanted, length)
    places = windows.flatMap { window in (0..<length).map { window.lowerBound + min($0, window.count - 1) } }
    isInside = windows.flatMap { window in (0..<length).map { $0 < window.count } }
    counts = windows.map { Float($0.count) }
  }
}

extension LayerCall {
  /// One axis of a pooling, the windows side by side.
  fileprivate func pooled(
    _ input: ValueID, axis: Int, _ windows: AdaptiveWindows, isMaximum: Bool
  ) throws(ModelError) -> ValueID {
    let indices = Tensor(windows.places.map(Int64.init), shape: [windows.count, windows.length])
    let part = "axis\(axis)"
    let gathered = try add(
      Gather(axis: axis), input, importer.graph.addConstant(indices), part: "\(part)/windows")
    if isMaximum {
      return try add(ReduceMax(axes: [axis + 1], keepsDimensions: false), gathered, part: part)
    }
    var sizes = [Int](repeating: 1, count: try shape(of: gathered).rank)
    sizes[axis] = windows.count
    let counts = constant(windows.counts, shape: Array(sizes[...axis] + sizes[(axis + 2)...]))
    sizes[axis + 1] = windows.length
    let isInside = importer.graph.addConstant(Tensor(windows.isInside, shape: sizes))
    let counted = try add(
      Select(), isInside, gathered, constant([0], shape: []), part: "\(part)/counted")
    let sum = try add(ReduceSum(axes: [axis + 1], keepsDimensions: false), counted, part: "\(part)/sum")
    return try add(Divide(), sum, counts, part: part)
  }
}
