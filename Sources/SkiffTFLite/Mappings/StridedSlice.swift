import SkiffBinary
import SkiffIR
import SkiffOperators

/// What STRIDED_SLICE means: for each position of its lists an axis that is sliced, an axis of size 1 that is added or a run of
/// axes that stay whole, as bits of its masks say.
struct StridedSlice {
  private let reader: OperatorReader
  private var axes: [Int] = []
  private var starts: [Int] = []
  private var ends: [Int] = []
  private var steps: [Int] = []
  /// The sliced axes that vanish, by their place in the input.
  private var removed: [Int] = []
  /// The axes that are added, by their place in the result.
  private var added: [Int] = []

  /// Reads the operands and masks of the operator.
  init(_ reader: OperatorReader) throws(ModelError) {
    self.reader = reader
    let options = reader.options
    let (begin, end) = (try reader.integers(1, "starts"), try reader.integers(2, "ends"))
    let stride = try reader.integers(3, "steps")
    guard begin.count == end.count, begin.count == stride.count, begin.count <= 32 else {
      throw ModelError(.malformed, "\(begin.count) starts, \(end.count) ends, \(stride.count) steps")
    }
    func has(_ mask: String, _ index: Int) -> Bool { options.integer(mask) >> index & 1 == 1 }
    let rank = try reader.type(0).rank
    let sliced = begin.indices.count { !has("new_axis_mask", $0) && !has("ellipsis_mask", $0) }
    guard sliced <= rank, begin.indices.count(where: { has("ellipsis_mask", $0) }) <= 1 else {
      throw ModelError(.malformed, "\(sliced) slices of \(rank) axes")
    }
    guard sliced < rank || !begin.indices.contains(where: { has("ellipsis_mask", $0) }) else {
      // The reference runtime lets it stand for an axis nevertheless, and drops the last slice.
      throw ModelError(.unsupported, "an ellipsis that stands for no axis")
    }
    var (axis, place) = (0, 0)
    for index in begin.indices {
      if has("ellipsis_mask", index) {
        axis += rank - sliced
        place += rank - sliced
      } else if has("new_axis_mask", index) {
        added.append(place)
        place += 1
      } else {
        let (isRemoved, step) = (has("shrink_axis_mask", index), stride[index])
        axes.append(axis)
        steps.append(isRemoved ? 1 : step)
        let limit = Int(Int32.max)
        let isOpen = (has("begin_mask", index) && !isRemoved, has("end_mask", index))
        starts.append(isOpen.0 ? (step < 0 ? limit : 0) : begin[index])
        if isRemoved {
          removed.append(axis)
          // The place -1 is the last one, and what is behind it is the end.
          ends.append(begin[index] == -1 ? limit : begin[index] + 1)
        } else if isOpen.1 {
          ends.append(step < 0 ? -limit : limit)
        } else {
          ends.append(options.boolean("offset") ? starts[starts.count - 1] + end[index] : end[index])
        }
        axis += 1
        if !isRemoved { place += 1 }
      }
    }
  }

  /// Adds the slice and what changes the number of axes.
  func read() throws(ModelError) -> [ValueID] {
    var value = try reader.input(0)
    if !axes.isEmpty {
      let operands = [
        value, reader.constant(starts), reader.constant(ends), reader.constant(axes), reader.constant(steps),
      ]
      if removed.isEmpty, added.isEmpty { return [try reader.add(Slice(), operands)] }
      value = try reader.addIntermediate(Slice(), operands)
    }
    if !removed.isEmpty {
      if added.isEmpty { return [try reader.add(Squeeze(axes: removed), [value])] }
      value = try reader.addIntermediate(Squeeze(axes: removed), [value])
    }
    guard !added.isEmpty else { return [try reader.add(Identity(), [value])] }
    return [try reader.add(Unsqueeze(axes: added), [value])]
  }
}
