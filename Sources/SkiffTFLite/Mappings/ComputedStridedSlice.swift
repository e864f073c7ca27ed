import SkiffBinary
import SkiffIR
import SkiffOperators

/// What STRIDED_SLICE means where its starts or ends are computed when the model runs: for each of their elements an axis.
struct ComputedStridedSlice {
  private let reader: OperatorReader
  private var axes: [Int] = []
  private var starts: [ValueID] = []
  private var ends: [ValueID] = []
  private var steps: [Int] = []
  /// The sliced axes that vanish.
  private var removed: [Int] = []

  /// Whether starts and ends of the operator are known before the model runs.
  static func isKnown(_ reader: OperatorReader) throws(ModelError) -> Bool {
    for index in [1, 2] {
      let value = reader.importer.graph[try reader.input(index)]
      let known = value.knownElements.map { $0.allSatisfy { $0.fixed != nil } } ?? false
      guard known || value.constant != nil else { return false }
    }
    return true
  }

  /// Reads the operands and masks of the operator, and adds what single starts and ends are.
  init(_ reader: OperatorReader) throws(ModelError) {
    self.reader = reader
    let options = reader.options
    let stride = try reader.integers(3, "steps")
    guard options.integer("new_axis_mask") == 0, options.integer("ellipsis_mask") == 0 else {
      throw ModelError(.unsupported, "axes that are added, or an ellipsis, beside computed bounds")
    }
    guard try stride.count <= reader.type(0).rank else {
      throw ModelError(.malformed, "\(stride.count) slices of \(try reader.type(0).rank) axes")
    }
    func has(_ mask: String, _ index: Int) -> Bool { options.integer(mask) >> index & 1 == 1 }
    let limit = Int(Int32.max)
    for (axis, step) in stride.enumerated() {
      let isRemoved = has("shrink_axis_mask", axis)
      let (isOpen, isOpenAtEnd) = (has("begin_mask", axis) && !isRemoved, has("end_mask", axis))
      if isOpen, isOpenAtEnd, step == 1 { continue }
      let start = try isOpen ? number(step < 0 ? limit : 0) : element(axis, of: 1)
      axes.append(axis)
      starts.append(start)
      steps.append(isRemoved ? 1 : step)
      if isRemoved {
        removed.append(axis)
        // The place -1 is the last one, and what is behind it is the end.
        let isLast = try reader.addIntermediate(Equal(), [start, number(-1)])
        let next = try reader.addIntermediate(Add(), [start, number(1)])
        ends.append(try reader.addIntermediate(Select(), [isLast, number(limit), next]))
      } else if isOpenAtEnd {
        ends.append(try number(step < 0 ? -limit : limit))
      } else {
        let end = try element(axis, of: 2)
        ends.append(options.boolean("offset") ? try reader.addIntermediate(Add(), [start, end]) : end)
      }
    }
  }

  /// Adds the slice and what takes axes away.
  func read() throws(ModelError) -> [ValueID] {
    guard !axes.isEmpty else { return [try reader.add(Identity(), [reader.input(0)])] }
    let operands = [
      try reader.input(0), try list(starts), try list(ends), reader.constant(axes), reader.constant(steps),
    ]
    guard !removed.isEmpty else { return [try reader.add(Slice(), operands)] }
    let slice = try reader.addIntermediate(Slice(), operands)
    return [try reader.add(Squeeze(axes: removed), [slice])]
  }

  /// One element of a list, as a list.
  private func element(_ position: Int, of index: Int) throws(ModelError) -> ValueID {
    let value = reader.importer.graph[try reader.input(index)]
    if let known = value.knownElements, known.indices.contains(position), let number = known[position].fixed {
      return try self.number(number)
    }
    let place = reader.constant([position])
    let element = try reader.addIntermediate(Gather(axis: 0), [reader.input(index), place])
    return try reader.type(index).dataType == .int64
      ? element : reader.addIntermediate(Cast(to: .int64), [element])
  }

  private func number(_ number: Int) throws(ModelError) -> ValueID {
    reader.importer.graph.addConstant(try Tensor(integers: [number], as: .int64, shape: [1]))
  }

  private func list(_ elements: [ValueID]) throws(ModelError) -> ValueID {
    elements.count == 1 ? elements[0] : try reader.addIntermediate(Concat(axis: 0), elements)
  }
}
