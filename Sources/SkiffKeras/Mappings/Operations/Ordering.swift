import SkiffBinary
import SkiffIR
import SkiffOperators

let orderingOperations: [Operation] = [
  Operation("Sort", "sort") { (call) throws(ModelError) in
    let (input, axis) = try call.line(0, "x", "values", axis: -1)
    return try call.ordered(input, axis: axis).values
  },
  Operation("Argsort", "argsort") { (call) throws(ModelError) in
    let (input, axis) = try call.line(0, "x", "values", axis: -1)
    _ = call.parameter("stable")
    return try call.ordered(input, axis: axis).places
  },
  Operation(results: "TopK", "top_k") { (call) throws(ModelError) in
    // The others come in an order that TensorFlow leaves open.
    guard try call.boolean("sorted", default: true) else { throw call.wrong("sorted", .boolean(false)) }
    var operator_ = TopK()
    operator_.indexType = .int32
    return try call.addAll(
      operator_, [call.operand(0, "x", "input"), call.integers([call.integer("k", default: 1)])])
  },
  Operation("Median") { (call) throws(ModelError) in
    let keepsDimensions = try call.boolean("keepdims", default: false)
    let axes = try call.integers("axis")
    guard !keepsDimensions || axes != nil else {
      throw call.wrong("keepdims", .boolean(true))
    }
    let (input, axis) = try call.line(0, "x", axis: nil)
    let size = try call.size(of: input, axis: axis)
    guard size > 0 else { throw ModelError(.unsupported, "the median of nothing") }
    let sorted = try call.ordered(call.real(input), axis: axis, part: "sorted").values
    let middle = try call.add(
      Gather(axis: axis), sorted, call.integers([(size - 1) / 2, size / 2]), part: "middle")
    return try call.add(
      ReduceMean(axes: [axis], keepsDimensions: keepsDimensions), middle)
  },
  Operation("TakeAlongAxis") { (call) throws(ModelError) in
    let (input, indices) = (try call.operand(0, "x"), try call.operand(1, "indices"))
    var (sizes, places) = (try call.shape(of: input), try call.shape(of: indices))
    let axis = try normalizedAxis(call.integer("axis"), rank: sizes.rank)
    guard places.rank == sizes.rank else { throw ModelError(.malformed, "indices \(places) for \(sizes)") }
    (sizes[axis], places[axis]) = (.fixed(1), .fixed(1))
    guard sizes == places else { throw ModelError(.unsupported, "indices that are repeated along an axis") }
    var operator_ = GatherElements()
    operator_.axis = axis
    return try call.add(operator_, input, indices)
  },
  Operation("Roll", "roll") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "input")
    guard let shifts = try call.integers("shift") else { throw call.settings.unsupported("shift") }
    guard let axes = try call.integers("axis") else {
      let flat = try call.rolled(
        call.reshape(input, [-1], part: "flat"), by: shifts, along: [0], part: "rolled")
      return try call.add(Reshape(), flat, call.add(ShapeOf(), input, part: "shape"))
    }
    return try call.rolled(input, by: shifts, along: axes)
  },
  Operation("Tril") { (call) throws(ModelError) in try triangle(call, isUpper: false) },
  Operation("Triu") { (call) throws(ModelError) in try triangle(call, isUpper: true) },
  Operation("Diff") { (call) throws(ModelError) in
    let input = try call.operand(0, "a")
    let axis = try normalizedAxis(call.integer("axis", default: -1), rank: call.shape(of: input).rank)
    let count = try call.integer("n", default: 1)
    guard (1...64).contains(count) else { throw call.settings.unsupported("n") }
    var value = input
    for step in 1...count {
      let part = step == count ? "" : "difference\(step)"
      let later = try call.part(value, axis: axis, from: 1, part: "later\(step)")
      let earlier = try call.part(value, axis: axis, from: 0, upTo: -1, part: "earlier\(step)")
      value = try call.add(Subtract(), later, earlier, part: part)
    }
    return value
  },
  Operation("Digitize") { (call) throws(ModelError) in
    guard case .value(let json)? = call.arguments.argument(1, "bins"), let bins = KerasArray(json),
      bins.shape.count == 1
    else { throw ModelError(.unsupported, "bins that are no list", at: Location(attribute: "bins")) }
    let elements = try call.add(Unsqueeze(axes: [-1]), call.real(call.operand(0, "x")), part: "elements")
    // What is no number is beyond all of them.
    let isBelow = try call.add(
      Less(), elements, call.constant(bins.numbers.map { Float($0) }, shape: bins.shape), part: "below")
    let reached = try call.add(Not(), isBelow, part: "reached")
    return try call.add(
      ReduceSum(axes: [-1], keepsDimensions: false), call.cast(reached, to: .int32, part: "counted"))
  },
]

private func triangle(_ call: LayerCall, isUpper: Bool) throws(ModelError) -> ValueID {
  var operator_ = Trilu()
  operator_.isUpper = isUpper
  operator_.diagonal = try call.integer("k", default: 0)
  return try call.add(operator_, call.operand(0, "x"))
}

extension LayerCall {
  /// The operand and the axis along which its elements are ordered, all of them if the axis is null.
  fileprivate func line(
    _ place: Int, _ names: String..., axis: Int?
  ) throws(ModelError) -> (ValueID, axis: Int) {
    guard let argument = arguments.operand(place, names), let input = arguments.tensor(argument)?.value else {
      throw ModelError(.malformed, "is called without a tensor")
    }
    let direction = try word("direction", default: "ASCENDING")
    guard direction == "ASCENDING" else { throw wrong("direction", .string(direction)) }
    let axes = try integers("axis")
    guard axes?.count ?? 1 == 1 else { throw wrong("axis", parameter("axis") ?? .null) }
    guard let axis = axes?.first ?? (saysNull("axis") ? nil : axis) else {
      return (try reshape(input, [-1], part: "flat"), 0)
    }
    return (input, try normalizedAxis(axis, rank: shape(of: input).rank))
  }

  /// Whether a parameter is there and null.
  private func saysNull(_ name: String) -> Bool { layer.config.object?[name] == .null }

  /// All elements along an axis from the least on, and where they were.
  fileprivate func ordered(
    _ input: ValueID, axis: Int, part: String = ""
  ) throws(ModelError) -> (values: ValueID, places: ValueID) {
    var operator_ = TopK()
    (operator_.axis, operator_.takesGreatest, operator_.indexType) = (axis, false, .int32)
    var size = ShapeOf()
    (size.start, size.end) = (axis, axis + 1)
    let count: ValueID
    if let known = try shape(of: input)[axis].fixed {
      count = integers([known])
    } else {
      count = try add(size, input, part: join(part, "count"))
    }
    let results = try addAll(operator_, [input, count], part: part)
    return (results[0], results[1])
  }

  /// The elements from a place on, up to one that may count from behind.
  fileprivate func part(
    _ input: ValueID, axis: Int, from start: Int, upTo end: Int = Int(Int32.max), part: String
  ) throws(ModelError) -> ValueID {
    try add(Slice(), input, integers([start]), integers([end]), integers([axis]), part: part)
  }

  /// The elements moved along axes, those that leave at the end coming back at the start.
  fileprivate func rolled(
    _ input: ValueID, by shifts: [Int], along axes: [Int], part: String = ""
  ) throws(ModelError) -> ValueID {
    guard shifts.count == axes.count || shifts.count == 1 else { throw settings.unsupported("shift") }
    var value = input
    for (index, axis) in axes.enumerated() {
      let axis = try normalizedAxis(axis, rank: shape(of: input).rank)
      let size = try size(of: value, axis: axis)
      let shift = shifts[shifts.count == 1 ? 0 : index]
      guard size > 0, shift % size != 0 else { continue }
      // The place that comes to the start.
      let first = ((-shift) % size + size) % size
      let name = "turn\(index)"
      value = try add(
        Concat(axis: axis), self.part(value, axis: axis, from: first, part: "\(name)/head"),
        self.part(value, axis: axis, from: 0, upTo: first, part: "\(name)/tail"), part: name)
    }
    return try add(Identity(), value, part: part)
  }
}
