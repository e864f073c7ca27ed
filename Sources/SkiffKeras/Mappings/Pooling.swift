import SkiffBinary
import SkiffIR
import SkiffOperators

let poolingMappings: [LayerMapping] = [1, 2, 3].flatMap { rank in
  [
    LayerMapping("MaxPooling\(rank)D") { (call) throws(ModelError) in try maxPooling(call, rank: rank) },
    LayerMapping("AveragePooling\(rank)D") { (call) throws(ModelError) in
      try averagePooling(call, rank: rank)
    },
    LayerMapping("GlobalAveragePooling\(rank)D") { (call) throws(ModelError) in
      if rank == 1, let mask = try call.mask() { return try maskedAverage(call, mask) }
      let (input, axes, keepsDimensions) = try call.globalPooling(rank: rank)
      return try call.add(ReduceMean(axes: axes, keepsDimensions: keepsDimensions), input)
    },
    LayerMapping("GlobalMaxPooling\(rank)D") { (call) throws(ModelError) in
      let (input, axes, keepsDimensions) = try call.globalPooling(rank: rank)
      return try call.add(ReduceMax(axes: axes, keepsDimensions: keepsDimensions), input)
    },
    LayerMapping("UpSampling\(rank)D") { (call) throws(ModelError) in try upSampling(call, rank: rank) },
  ]
}

/// The mean over the steps that count.
private func maskedAverage(_ call: LayerCall, _ mask: ValueID) throws(ModelError) -> ValueID {
  let (input, axes, keepsDimensions) = try call.globalPooling(rank: 1)
  try call.requireRank(of: mask, 2)
  let weights = try call.add(
    Cast(to: .float32), call.add(Unsqueeze(axes: [axes == [1] ? 2 : 1]), mask, part: "mask"), part: "weights")
  let sum = ReduceSum(axes: axes, keepsDimensions: keepsDimensions)
  let total = try call.add(sum, call.add(Multiply(), input, weights, part: "weighted"), part: "sum")
  return try call.add(Divide(), total, call.add(sum, weights, part: "count"))
}

private func maxPooling(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  var operator_ = MaxPool()
  (operator_.layout, operator_.size, operator_.strides, operator_.padding) = try call.poolingWindow(
    rank: rank)
  return try call.add(operator_, call.spatialInput(rank: rank))
}

private func averagePooling(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  var operator_ = AveragePool()
  (operator_.layout, operator_.size, operator_.strides, operator_.padding) = try call.poolingWindow(
    rank: rank)
  return try call.add(operator_, call.spatialInput(rank: rank))
}

/// Whole elements repeated, or in two dimensions interpolated.
private func upSampling(_ call: LayerCall, rank: Int) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: rank)
  let factors = try call.settings.integers("size", rank: rank, default: [Int](repeating: 2, count: rank))
  guard factors.allSatisfy({ $0 > 0 }) else { throw call.settings.unsupported("size") }
  var operator_ = Resize()
  operator_.axes = Array(try call.channelLayout().spatialAxes(rank: rank + 2))
  switch try call.settings.string("interpolation", default: "nearest") {
  case "nearest":
    operator_.coordinates = .asymmetric
    operator_.rounding = .floor
  case "bilinear": operator_.mode = .linear
  // TensorFlow looks weights up in a table, which is exact for these only.
  case "bicubic" where rank == 2 && factors.allSatisfy({ $0 <= 64 && $0.nonzeroBitCount == 1 }):
    operator_.interpolateByKeys()
  default: throw call.settings.unsupported("interpolation")
  }
  return try call.add(operator_, input, nil, call.constant(factors.map(Float.init), shape: [rank]))
}

extension Resize {
  /// The cubic interpolation of TensorFlow (Keys, 1981), which leaves out what lies outside.
  mutating func interpolateByKeys() {
    mode = .cubic
    cubicCoefficient = -0.5
    excludesOutside = true
  }
}

extension LayerCall {
  /// The input of a pooling over all of space, the axes of that, and whether they stay.
  fileprivate func globalPooling(
    rank: Int
  ) throws(ModelError) -> (ValueID, axes: [Int], keepsDimensions: Bool) {
    let axes = try channelLayout().spatialAxes(rank: rank + 2)
    return (try spatialInput(rank: rank), Array(axes), try settings.boolean("keepdims", default: false))
  }

  /// The window of a pooling; without a step of its own it moves by its size.
  fileprivate func poolingWindow(
    rank: Int
  ) throws(ModelError) -> (ChannelLayout, size: [Int], strides: [Int], Padding) {
    // Keras before 2.2 called them in one dimension by other names.
    let size = try settings.integers(settings.has("pool_length") ? "pool_length" : "pool_size", rank: rank)
    let strides = try settings.integers("strides", rank: rank, default: size)
    switch try settings.string("padding", default: "valid") {
    case "valid": return (try channelLayout(), size, strides, .explicit)
    case "same": return (try channelLayout(), size, strides, .sameUpper)
    default: throw settings.unsupported("padding")
    }
  }
}
