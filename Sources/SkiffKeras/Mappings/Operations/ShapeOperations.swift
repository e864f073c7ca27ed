import SkiffBinary
import SkiffIR
import SkiffOperators

let shapeOperations: [Operation] = [
  Operation("Reshape", "reshape") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "tensor")
    switch call.arguments.argument(nil, "shape") {
    case .tensor?, .list?: return try call.add(Reshape(), input, call.computedShape())
    default: break
    }
    guard let sizes = try call.integers("newshape", "shape"), sizes.allSatisfy({ $0 >= -1 }) else {
      throw ModelError(.unsupported, "sizes that are not known", at: Location(attribute: "shape"))
    }
    return try call.reshape(input, sizes)
  },
  Operation("Transpose", "transpose") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "a")
    guard try !call.boolean("conjugate", default: false) else {
      throw call.wrong("conjugate", .boolean(true))
    }
    let rank = try call.shape(of: input).rank
    let axes = try call.integers("axes", "perm") ?? Array((0..<rank).reversed())
    return try call.add(Transpose(axes.map { $0 < 0 ? $0 + rank : $0 }), input)
  },
  Operation("Swapaxes") { (call) throws(ModelError) in
    let input = try call.operand(0, "x")
    let rank = try call.shape(of: input).rank
    let a = try normalizedAxis(call.integer("axis1"), rank: rank)
    let b = try normalizedAxis(call.integer("axis2"), rank: rank)
    var axes = Array(0..<rank)
    axes.swapAt(a, b)
    return try call.add(Transpose(axes), input)
  },
  Operation("Moveaxis") { (call) throws(ModelError) in
    let input = try call.operand(0, "x")
    let rank = try call.shape(of: input).rank
    let from = try normalizedAxes(call.integers("source") ?? [], rank: rank)
    let to = try normalizedAxes(call.integers("destination") ?? [], rank: rank)
    // The order of several would be lost in the sorted list of them.
    guard from.count == 1, to.count == 1 else { throw call.settings.unsupported("source") }
    var axes = Array(0..<rank)
    axes.insert(axes.remove(at: from[0]), at: to[0])
    return try call.add(Transpose(axes), input)
  },
  Operation("ExpandDims", "expand_dims") { (call) throws(ModelError) in
    let axes = try call.integers("axis") ?? [-1]
    return try call.add(Unsqueeze(axes: axes), call.operand(0, "x", "input"))
  },
  Operation("Squeeze", "squeeze") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "input")
    let shape = try call.shape(of: input)
    let axes = try call.integers("axis", "squeeze_dims") ?? (0..<shape.rank).filter { shape[$0] == .fixed(1) }
    return try call.add(Squeeze(axes: axes), input)
  },
  Operation("Concatenate", "concat", "concatenate") { (call) throws(ModelError) in
    let values = try joinedOperands(call)
    return try call.add(Concat(axis: call.integer("axis", default: call.layer.isOperation ? 0 : -1)), values)
  },
  Operation("Hstack") { (call) throws(ModelError) in
    let values = try joinedOperands(call)
    return try call.add(Concat(axis: call.shape(of: values[0]).rank > 1 ? 1 : 0), values)
  },
  Operation("Vstack") { (call) throws(ModelError) in
    let values = try joinedOperands(call)
    guard try call.shape(of: values[0]).rank > 1 else {
      throw ModelError(.unsupported, "tensors of fewer than 2 axes")
    }
    return try call.add(Concat(axis: 0), values)
  },
  Operation("Ravel") { (call) throws(ModelError) in try call.reshape(call.operand(0, "x"), [-1]) },
  Operation("Stack", "stack") { (call) throws(ModelError) in
    var values: [ValueID] = []
    let axis = try call.integer("axis", default: 0)
    for (index, value) in try joinedOperands(call).enumerated() {
      values.append(try call.add(Unsqueeze(axes: [axis]), value, part: "raised\(index)"))
    }
    let rank = try call.shape(of: values[0]).rank
    return try call.add(Concat(axis: normalizedAxis(axis, rank: rank)), values)
  },
  Operation(results: "Split", "split") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "value")
    var split = Split()
    let rank = try call.shape(of: input).rank
    split.axis = try normalizedAxis(call.integer("axis", default: 0), rank: rank)
    let size = try call.size(of: input, axis: split.axis)
    let isKeras3 = call.layer.isOperation
    guard let numbers = call.parameter("indices_or_sections", "num_or_size_splits") else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "num_or_size_splits"))
    }
    if let count = numbers.integer, count > 0, count <= size {
      split.parts = count
    } else if let list = numbers.integers, !list.isEmpty {
      // Keras 3 says where parts start, TensorFlow how great they are.
      split.sizes = isKeras3 ? zip(list + [size], [0] + list).map { $0 &- $1 } : list
      guard split.sizes.allSatisfy({ (0...size).contains($0) }) else {
        throw call.wrong("indices_or_sections", numbers)
      }
    } else {
      throw call.wrong("indices_or_sections", numbers)
    }
    return try call.addAll(split, [input])
  },
  Operation(results: "Unstack", "unstack") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "value")
    let axis = try normalizedAxis(call.integer("axis", default: 0), rank: call.shape(of: input).rank)
    let count = try call.size(of: input, axis: axis)
    guard try call.integer("num", default: count) == count, count > 0 else {
      throw call.settings.unsupported("num")
    }
    var split = Split()
    (split.axis, split.parts) = (axis, count)
    var parts: [ValueID] = []
    for part in try call.addAll(split, [input], part: "parts") {
      parts.append(try call.add(Squeeze(axes: [axis]), part))
    }
    return parts
  },
  Operation("Tile", "tile") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "input")
    guard let repeats = try call.integers("repeats", "multiples"),
      repeats.count == (try call.shape(of: input).rank)
    else {
      throw ModelError(.unsupported, "repeats that are not one for each axis")
    }
    return try call.add(Tile(), input, call.integers(repeats))
  },
  Operation("Repeat", "repeat") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "input")
    let axis = try normalizedAxis(call.integer("axis"), rank: call.shape(of: input).rank)
    let size = try call.size(of: input, axis: axis)
    let repeats = try call.integer("repeats")
    guard repeats >= 0, let count = [size, repeats].checkedProduct(), count <= 1 << 20 else {
      throw call.settings.unsupported("repeats")
    }
    return try call.add(Gather(axis: axis), input, call.integers((0..<count).map { $0 / repeats }))
  },
  Operation("Flip", "reverse") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "tensor")
    let rank = try call.shape(of: input).rank
    return try call.add(
      Reverse(axes: normalizedAxes(call.integers("axis") ?? Array(0..<rank), rank: rank)), input)
  },
  Operation("Fliplr") { (call) throws(ModelError) in
    try call.add(Reverse(axes: [1]), call.operand(0, "x"))
  },
  Operation("Flipud") { (call) throws(ModelError) in
    try call.add(Reverse(axes: [0]), call.operand(0, "x"))
  },
  Operation("Pad", "pad") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "tensor")
    let rank = try call.shape(of: input).rank
    guard let json = call.parameter("pad_width", "paddings"), let array = KerasArray(json),
      array.shape == [rank, 2]
    else {
      throw ModelError(
        .unsupported, "cannot be other than two numbers for each axis", at: Location(attribute: "pad_width"))
    }
    let numbers = array.numbers.compactMap { Int(exactly: $0) }
    guard numbers.count == 2 * rank, numbers.allSatisfy({ (0..<1 << 31).contains($0) }) else {
      throw call.wrong("pad_width", json)
    }
    let begins = (0..<rank).map { numbers[2 * $0] }
    let pads = call.integers(begins + (0..<rank).map { numbers[2 * $0 + 1] })
    switch (call.parameter("mode")?.string ?? "constant").lowercased() {
    case "constant":
      let value = try call.number("constant_values", default: 0)
      return try call.add(
        Pad(), input, pads, call.importer.add(KerasArray(number: value), as: call.dataType(of: input)))
    case "reflect":
      _ = call.parameter("constant_values")
      return try call.add(Pad(.reflect), input, pads)
    default: throw call.settings.unsupported("mode")
    }
  },
  Operation("Take", "gather") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "params")
    let axis = try normalizedAxis(
      call.integer("axis", default: call.layer.isOperation ? nil : 0), rank: call.shape(of: input).rank)
    guard try call.integer("batch_dims", default: 0) == 0 else {
      throw call.settings.unsupported("batch_dims")
    }
    return try call.add(Gather(axis: axis), input, call.indices(1, "indices"))
  },
  Operation(nil, "gather_nd") { (call) throws(ModelError) in
    var operator_ = GatherND()
    operator_.batchDimensions = try call.integer("batch_dims", default: 0)
    guard ["", "DEFAULT", nil].contains(call.parameter("bad_indices_policy")?.string) else {
      throw call.settings.unsupported("bad_indices_policy")
    }
    return try call.add(operator_, call.operand(0, "params"), call.indices(1, "indices"))
  },
  Operation("OneHot", "one_hot") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "indices")
    let depth = try call.integer("num_classes", "depth")
    guard try !call.boolean("sparse", default: false),
      ["float32", nil].contains(call.parameter("dtype")?.string)
    else {
      throw call.settings.unsupported("dtype")
    }
    guard (0...1 << 24).contains(depth) else { throw call.wrong("num_classes", .integer(depth)) }
    let isCategory = try call.oneHot(input, count: depth, axis: call.integer("axis", default: -1))
    let values = [try call.number("on_value", default: 1), try call.number("off_value", default: 0)]
    guard values != [1, 0] else { return try call.add(Cast(to: .float32), isCategory) }
    return try call.add(
      Select(), isCategory, call.constant([Float(values[0])], shape: []),
      call.constant([Float(values[1])], shape: []))
  },
  Operation("GetItem", "getitem") { (call) throws(ModelError) in try sliced(call) },
  Operation("Shape", "shape") { (call) throws(ModelError) in
    var operator_ = ShapeOf()
    operator_.dataType = call.parameter("out_type")?.string == "int64" ? .int64 : .int32
    return try call.add(operator_, call.operand(0, "input", "x"))
  },
  Operation("BroadcastTo", "broadcast_to") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "input")
    guard let sizes = try call.integers("shape"), sizes.allSatisfy({ $0 >= 0 }) else {
      throw call.settings.unsupported("shape")
    }
    return try call.add(Expand(), input, call.integers(sizes))
  },
]

extension KerasArray {
  /// One number.
  fileprivate init(number: Double) {
    self.init(shape: [], numbers: [number])
  }
}

extension LayerCall {
  /// An argument of integers, computed or not.
  fileprivate func indices(_ place: Int, _ name: String) throws(ModelError) -> ValueID {
    guard let given = arguments.argument(place, name) else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: name))
    }
    if let tensor = arguments.tensor(given) {
      guard try dataType(of: tensor.value).isInteger else {
        throw ModelError(.unsupported, "indices that are no integers")
      }
      return tensor.value
    }
    guard case .value(let json) = given, let array = KerasArray(json), array.isInteger else {
      throw ModelError(.unsupported, "indices that are no integers")
    }
    return importer.add(array, as: .int64)
  }

  /// The argument `shape` as a list of sizes, some or all of which are tensors.
  fileprivate func computedShape() throws(ModelError) -> ValueID {
    let parts: [KerasLayer.Argument]
    switch arguments.argument(nil, "shape") {
    case .list(let list)?: parts = list
    case let argument?: parts = [argument]
    case nil: parts = []
    }
    var sizes: [ValueID] = []
    for part in parts {
      if let tensor = arguments.tensor(part) {
        let size = try cast(tensor.value, to: .int64, part: "size")
        sizes.append(try shape(of: size).rank == 0 ? add(Unsqueeze(axes: [0]), size, part: "sizes") : size)
      } else if case .value(let json) = part, let size = json.integer, (-1..<1 << 31).contains(size) {
        sizes.append(integers([size]))
      } else {
        throw ModelError(.unsupported, "sizes that are not known", at: Location(attribute: "shape"))
      }
    }
    guard sizes.count != 1 else { return sizes[0] }
    return try add(Concat(axis: 0), sizes, part: "shape")
  }
}

private func joinedOperands(_ call: LayerCall) throws(ModelError) -> [ValueID] {
  let list = call.arguments.operands
  guard !list.isEmpty else { throw ModelError(.malformed, "is called without tensors") }
  return try call.operands(list)
}

/// Part of a tensor, as Python writes it: numbers, slices, dots for axes in the middle, and new axes.
private func sliced(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.operand(0, "tensor", "x")
  let rank = try call.shape(of: input).rank
  guard
    case .value(let json)? = call.arguments.argument(1, call.layer.isOperation ? "key" : "slice_spec")
      ?? .value(.null)
  else {
    throw ModelError(.unsupported, "a part whose place is a tensor", at: Location(attribute: "slice_spec"))
  }
  let items = json.array ?? [json]
  let isDots = { (item: JSONValue) in item["class_name"]?.string == "__ellipsis__" }
  let isPlace = { (item: JSONValue) in item != .null && !isDots(item) }
  let places = items.count(where: isPlace)
  guard places <= rank, items.count(where: isDots) <= 1 else {
    throw ModelError(
      .malformed, "\(places) places for an input of rank \(rank)", at: Location(attribute: "slice_spec"))
  }
  var (starts, ends, axes, steps): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
  var removed: [Int] = []
  var inserted: [Int] = []
  var axis = 0
  var outAxis = 0
  for item in items {
    if isDots(item) {
      outAxis += rank - places
      axis += rank - places
    } else if item == .null {
      inserted.append(outAxis)
      outAxis += 1
    } else if let index = item.integer, index.magnitude < 1 << 31 {
      starts.append(index)
      ends.append(index == -1 ? Int(Int32.max) : index + 1)
      axes.append(axis)
      steps.append(1)
      removed.append(axis)
      axis += 1
    } else if let slice = sliceParts(item) {
      if slice.start != nil || slice.stop != nil || slice.step != 1 {
        guard slice.step != 0 else {
          throw ModelError(.malformed, "a step of 0", at: Location(attribute: "slice_spec"))
        }
        starts.append(slice.start ?? (slice.step > 0 ? 0 : Int(Int32.max)))
        ends.append(slice.stop ?? (slice.step > 0 ? Int(Int32.max) : -Int(Int32.max)))
        axes.append(axis)
        steps.append(slice.step)
      }
      axis += 1
      outAxis += 1
    } else {
      throw ModelError(.unsupported, "a part \(item.kind)", at: Location(attribute: "slice_spec"))
    }
  }
  var value = input
  if !axes.isEmpty {
    value = try call.add(
      Slice(), value, call.integers(starts), call.integers(ends), call.integers(axes), call.integers(steps),
      part: removed.isEmpty && inserted.isEmpty ? "" : "part")
  }
  if !removed.isEmpty {
    value = try call.add(Squeeze(axes: removed), value, part: inserted.isEmpty ? "" : "squeezed")
  }
  if !inserted.isEmpty { value = try call.add(Unsqueeze(axes: inserted), value) }
  return value
}

/// The parts of a slice; nil if it is none, or one whose parts are no integers.
private func sliceParts(_ json: JSONValue) -> (start: Int?, stop: Int?, step: Int)? {
  guard let members = json["class_name"]?.string == "__slice__" ? json["config"]?.object : json.object,
    members.keys.contains("start"), members.keys.contains("stop")
  else { return nil }
  for name in ["start", "stop", "step"] {
    guard let value = members[name], value != .null else { continue }
    guard let integer = value.integer, integer.magnitude < 1 << 31 else { return nil }
  }
  return (members["start"]?.integer, members["stop"]?.integer, members["step"]?.integer ?? 1)
}
