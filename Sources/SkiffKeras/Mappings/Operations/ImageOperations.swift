import SkiffBinary
import SkiffIR
import SkiffOperators

let imageOperations: [Operation] = [
  Operation("MaxPool", "max_pool", "max_pool1d", "max_pool2d", "max_pool3d") { (call) throws(ModelError) in
    var operator_ = MaxPool()
    let input = try call.operand(0, "inputs", "input", "value")
    (operator_.layout, operator_.size, operator_.strides, operator_.padding) = try call.window(of: input)
    return try call.add(operator_, input)
  },
  Operation("AveragePool", "avg_pool", "avg_pool1d", "avg_pool2d", "avg_pool3d") {
    (call) throws(ModelError) in
    var operator_ = AveragePool()
    let input = try call.operand(0, "inputs", "input", "value")
    (operator_.layout, operator_.size, operator_.strides, operator_.padding) = try call.window(of: input)
    return try call.add(operator_, input)
  },
  Operation("DepthToSpace", "depth_to_space") { (call) throws(ModelError) in
    var operator_ = DepthToSpace()
    operator_.blockSize = try call.integer("block_size")
    operator_.layout = try call.channelOrder()
    return try call.add(operator_, call.operand(0, "x", "input"))
  },
  Operation("SpaceToDepth", "space_to_depth") { (call) throws(ModelError) in
    var operator_ = SpaceToDepth()
    operator_.blockSize = try call.integer("block_size")
    operator_.layout = try call.channelOrder()
    return try call.add(operator_, call.operand(0, "x", "input"))
  },
  Operation("RGBToGrayscale", "image.rgb_to_grayscale") { (call) throws(ModelError) in
    let input = try call.operand(0, "images")
    let rank = try call.shape(of: input).rank
    let axis = try call.channelOrder() == .last ? rank - 1 : rank - 3
    guard rank == 4 || rank == 3, try call.dataType(of: input) == .float32 else {
      throw ModelError(.unsupported, "images \(try call.shape(of: input)) or of integers")
    }
    guard try call.size(of: input, axis: axis) == 3 else { return try call.add(Identity(), input) }
    var sizes = [Int](repeating: 1, count: rank)
    sizes[axis] = 3
    let weighted = try call.add(
      Multiply(), input, call.constant([0.2989, 0.5870, 0.1140], shape: sizes), part: "weighted")
    return try call.add(ReduceSum(axes: [axis], keepsDimensions: true), weighted)
  },
  Operation("CropImages") { (call) throws(ModelError) in
    let (input, axes, sizes) = try call.imageSizes()
    let (before, after) = try call.margins(sizes, "cropping", sign: -1)
    return try call.add(
      Slice(), input, call.integers(before), call.integers(zip(sizes, after).map { $0 - $1 }),
      call.integers(axes))
  },
  Operation("PadImages") { (call) throws(ModelError) in
    let (input, axes, sizes) = try call.imageSizes()
    let (before, after) = try call.margins(sizes, "padding", sign: 1)
    return try call.add(Pad(), input, call.integers(before + after), nil, call.integers(axes))
  },
  Operation("ExtractPatches") { (call) throws(ModelError) in try patches(call) },
]

/// The windows of images, each as one vector: what a convolution gives whose filters are the unit vectors.
private func patches(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.operand(0, "images")
  try call.requireRank(of: input, 4)
  guard try call.channelOrder() == .last else { throw call.settings.unsupported("data_format") }
  let channels = try call.size(of: input, axis: 3)
  let size = try call.pairOfIntegers("size") ?? [1, 1]
  guard let count = (size + [channels]).checkedProduct(), (1...1 << 11).contains(count) else {
    throw call.settings.unsupported("size")
  }
  var operator_ = Convolution()
  operator_.layout = .last
  operator_.strides = try call.pairOfIntegers("strides") ?? size
  operator_.dilations = try call.pairOfIntegers("dilation_rate") ?? [1, 1]
  operator_.padding = try call.windowPadding()
  var unit = [Float](repeating: 0, count: count * count)
  for index in 0..<count { unit[index * (count + 1)] = 1 }
  return try call.add(operator_, input, call.constant(unit, shape: [count] + size + [channels]))
}

extension LayerCall {
  /// Where the channels are: Keras has words for it, TensorFlow letters.
  fileprivate func channelOrder() throws(ModelError) -> ChannelLayout {
    let name = try word("data_format", default: "channels_last")
    if name == "channels_last" || name.hasPrefix("N") && name.hasSuffix("C") { return .last }
    if name == "channels_first" || name.hasPrefix("NC") { return .first }
    throw wrong("data_format", .string(name))
  }

  /// Two integers, of which one may stand for both.
  fileprivate func pairOfIntegers(_ name: String) throws(ModelError) -> [Int]? {
    guard let integers = try integers(name) else { return nil }
    guard (1...2).contains(integers.count) else { throw settings.unsupported(name) }
    return [integers[0], integers[integers.count - 1]]
  }

  /// The window of a pooling. TensorFlow may say what it is for the batch and the channels too, which has to be 1.
  fileprivate func window(
    of input: ValueID
  ) throws(ModelError) -> (ChannelLayout, size: [Int], strides: [Int], Padding) {
    let rank = try shape(of: input).rank - 2
    let layout = try channelOrder()
    guard (1...3).contains(rank) else { throw ModelError(.malformed, "an input of rank \(rank + 2)") }
    func sizes(_ names: [String], default value: [Int]?) throws(ModelError) -> [Int] {
      for name in names {
        guard let list = try integers(name) else { continue }
        switch list.count {
        case 1: return [Int](repeating: list[0], count: rank)
        case rank: return list
        case rank + 2 where list[0] == 1 && list[layout.channelAxis(rank: rank + 2)] == 1:
          return layout.spatialAxes(rank: rank + 2).map { list[$0] }
        default: throw settings.unsupported(name)
        }
      }
      guard let value else { throw ModelError(.malformed, "is missing", at: Location(attribute: names[0])) }
      return value
    }
    let size = try sizes(["pool_size", "ksize"], default: nil)
    let strides = try sizes(["strides"], default: size)
    return (layout, size, strides, try windowPadding())
  }

  /// How a window is padded, by the words of Keras or of TensorFlow.
  fileprivate func windowPadding() throws(ModelError) -> Padding {
    switch try word("padding", default: "valid").lowercased() {
    case "valid": return .explicit
    case "same": return .sameUpper
    case let other: throw wrong("padding", .string(other))
    }
  }

  /// Images, the axes of their height and width, and how great these are.
  fileprivate func imageSizes() throws(ModelError) -> (ValueID, axes: [Int], sizes: [Int]) {
    let input = try operand(0, "images")
    try requireRank(of: input, 4)
    let axes = Array(try channelOrder().spatialAxes(rank: 4))
    return (input, axes, [try size(of: input, axis: axes[0]), try size(of: input, axis: axes[1])])
  }

  /// How much is taken off images or put around them: of what is before, what is behind and the size that results, two are given.
  fileprivate func margins(
    _ sizes: [Int], _ kind: String, sign: Int
  ) throws(ModelError) -> (before: [Int], after: [Int]) {
    var (before, after): ([Int], [Int]) = ([], [])
    for (size, names) in zip(sizes, [("top", "bottom", "height"), ("left", "right", "width")]) {
      let first = try integers("\(names.0)_\(kind)")?.first
      let last = try integers("\(names.1)_\(kind)")?.first
      let target = try integers("target_\(names.2)")?.first
      let total = target.map { ($0 - size) * sign }
      guard let start = first ?? last.flatMap({ last in total.map { $0 - last } }),
        let end = last ?? total.map({ $0 - start }), start >= 0, end >= 0, sign > 0 || start + end <= size,
        total == nil || total == start + end
      else {
        throw ModelError(.unsupported, "margins that do not give the size", at: Location(attribute: kind))
      }
      before.append(start)
      after.append(end)
    }
    return (before, after)
  }
}
