import SkiffBinary
import SkiffIR
import SkiffOperators

extension Transpose: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let rank = axes.operand(0)?.count else { return nil }
    var relations = AxisRelations()
    for (axis, source) in permutation(rank: rank).enumerated() {
      relations.link(.operand(0, axis: source), .result(0, axis: axis))
    }
    return relations
  }
}

extension Concat: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let rank = axes.result(0)?.count, let axis = try? normalizedAxis(axis, rank: rank) else {
      return nil
    }
    var relations = AxisRelations()
    var start: Int? = 0
    for index in axes.node.inputs.indices {
      guard let operand = axes.operand(index), operand.count == rank else { return nil }
      for other in 0..<rank where other != axis {
        relations.link(.operand(index, axis: other), .result(0, axis: other))
      }
      guard let first = start, let size = operand[axis].fixed else {
        start = nil
        continue
      }
      relations.link(.operand(index, axis: axis), 0..<size, .result(0, axis: axis), from: first)
      start = first &+ size
    }
    return relations
  }
}

extension Split: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let rank = axes.operand(0)?.count, let axis = try? normalizedAxis(axis, rank: rank) else {
      return nil
    }
    var relations = AxisRelations()
    var start: Int? = 0
    for index in axes.node.outputs.indices {
      guard let part = axes.result(index) else { return nil }
      for other in 0..<rank where other != axis {
        relations.link(.operand(0, axis: other), .result(index, axis: other))
      }
      guard let first = start, let size = part[axis].fixed else {
        start = nil
        continue
      }
      relations.link(.result(index, axis: axis), 0..<size, .operand(0, axis: axis), from: first)
      start = first &+ size
    }
    return relations
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard let rank = slicing.axes.operand(0)?.count else { return }
    let axis = try normalizedAxis(axis, rank: rank)
    guard slicing.kept(.operand(0, axis: axis)) != nil else { return }
    var copy = self
    copy.sizes = slicing.axes.node.outputs.indices.map { slicing.size(.result($0, axis: axis)) ?? 0 }
    slicing.operator = copy
  }
}

extension Slice: AxisRelated {
  /// The first index and the step along each axis that is sliced; nil if they are not known.
  private func ranges(_ axes: NodeAxes) -> [Int: (first: Int, step: Int)]? {
    guard let input = axes.operand(0), let starts = axes.integers(1) else { return nil }
    let named = axes.operand(3) == nil ? Array(starts.indices) : axes.integers(3)
    let steps = axes.operand(4) == nil ? [Int](repeating: 1, count: starts.count) : axes.integers(4)
    guard let named, let steps, named.count == starts.count, steps.count == starts.count else { return nil }
    var result: [Int: (first: Int, step: Int)] = [:]
    for (index, axis) in named.enumerated() {
      let axis = axis < 0 ? axis + input.count : axis
      // Where the size is not known nothing can be removed.
      guard input.indices.contains(axis), let size = input[axis].fixed else { continue }
      let start = starts[index] < 0 ? starts[index] + size : starts[index]
      result[axis] = (min(max(start, 0), steps[index] > 0 ? size : size - 1), steps[index])
    }
    return result
  }

  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let ranges = ranges(axes), let input = axes.operand(0), let result = axes.result(0) else {
      return nil
    }
    var relations = AxisRelations()
    for axis in input.indices {
      guard let range = ranges[axis] else {
        if input[axis] == result[axis] {
          relations.link(.operand(0, axis: axis), .result(0, axis: axis))
        }
        continue
      }
      // Once some of the indices are gone, a longer step does not find the others.
      guard let count = result[axis].fixed, axes.integers(2) != nil, range.step == 1 else { continue }
      relations.link(.result(0, axis: axis), 0..<count, .operand(0, axis: axis), from: range.first)
    }
    return relations
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard let ranges = ranges(slicing.axes), var starts = slicing.axes.integers(1),
      let rank = slicing.axes.operand(0)?.count, var ends = slicing.axes.integers(2)
    else { return }
    let named = slicing.axes.operand(3) == nil ? Array(starts.indices) : slicing.axes.integers(3) ?? []
    var isChanged = false
    for (index, axis) in named.enumerated() {
      let axis = axis < 0 ? axis + rank : axis
      guard let range = ranges[axis], let kept = slicing.kept(.operand(0, axis: axis)) else { continue }
      starts[index] = kept.count { $0 < range.first }
      ends[index] = starts[index] + (slicing.size(.result(0, axis: axis)) ?? 0)
      isChanged = true
    }
    guard isChanged else { return }
    slicing.replace(1, by: starts)
    slicing.replace(2, by: ends)
  }
}

extension Reverse: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let input = axes.operand(0), let reversed = try? normalizedAxes(self.axes, rank: input.count)
    else { return nil }
    var relations = AxisRelations()
    for axis in input.indices {
      let (a, b) = (AxisRelations.Place.operand(0, axis: axis), AxisRelations.Place.result(0, axis: axis))
      if !reversed.contains(axis) {
        relations.link(a, b)
      } else if let size = input[axis].fixed {
        relations.link(a, b, count: size) { ($0, size - 1 - $0) }
      }
    }
    return relations
  }
}

extension Gather: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let data = axes.operand(0), let indices = axes.operand(1),
      let axis = try? normalizedAxis(axis, rank: data.count), batchDimensions == 0
    else { return nil }
    var relations = AxisRelations()
    for other in data.indices where other != axis {
      let target = other < axis ? other : other + indices.count - 1
      relations.link(.operand(0, axis: other), .result(0, axis: target))
      relations.produce(.operand(0, axis: other))
    }
    if let places = places(axes, axis) {
      relations.link(.result(0, axis: axis), .operand(0, axis: axis), count: places.count) {
        ($0, places[$0])
      }
      // Each index of the list belongs to the result that it is looked up for.
      relations.link(.operand(1, axis: 0), .result(0, axis: axis))
    } else {
      for other in indices.indices {
        relations.link(.operand(1, axis: other), .result(0, axis: axis + other))
      }
    }
    return relations
  }

  /// The places that are looked up, if they are a list that is known.
  private func places(_ axes: NodeAxes, _ axis: Int) -> [Int]? {
    guard axes.operand(1)?.count == 1, axes.isConstant(1), let size = axes.operand(0)?[axis].fixed else {
      return nil
    }
    return axes.integers(1)?.map { $0 < 0 ? $0 + size : $0 }
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard let rank = slicing.axes.operand(0)?.count else { return }
    let axis = try normalizedAxis(axis, rank: rank)
    guard let kept = slicing.kept(.operand(0, axis: axis)), let places = places(slicing.axes, axis) else {
      return
    }
    let numbers = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    slicing.replace(1, by: places.compactMap { numbers[$0] })
  }
}

extension Pad: AxisRelated {
  /// What is added at the beginning and at the end of each axis; nil if it is not known.
  private func amounts(_ axes: NodeAxes) -> [Int: (begin: Int, end: Int, index: Int)]? {
    guard let rank = axes.operand(0)?.count, let pads = axes.integers(1) else { return nil }
    guard let named = axes.operand(3) == nil ? Array(0..<rank) : axes.integers(3),
      pads.count == 2 * named.count
    else { return nil }
    var result: [Int: (begin: Int, end: Int, index: Int)] = [:]
    for (index, axis) in named.enumerated() {
      result[axis < 0 ? axis + rank : axis] = (pads[index], pads[named.count + index], index)
    }
    return result
  }

  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let amounts = amounts(axes), let input = axes.operand(0) else { return nil }
    var relations = AxisRelations()
    for axis in input.indices {
      let (a, b) = (AxisRelations.Place.operand(0, axis: axis), AxisRelations.Place.result(0, axis: axis))
      let amount = amounts[axis]
      if amount == nil || amount?.begin == 0 && amount?.end == 0 {
        relations.link(a, b)
      } else if let amount, content == .constant, amount.begin >= 0, amount.end >= 0,
        let size = input[axis].fixed
      {
        relations.link(a, 0..<size, b, from: amount.begin)
      }
    }
    return relations
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard let amounts = amounts(slicing.axes), var pads = slicing.axes.integers(1),
      let input = slicing.axes.operand(0)
    else { return }
    var isChanged = false
    for (axis, amount) in amounts {
      guard amount.begin != 0 || amount.end != 0, let kept = slicing.kept(.result(0, axis: axis)),
        let size = input[axis].fixed
      else { continue }
      pads[amount.index] = kept.count { $0 < amount.begin }
      pads[pads.count / 2 + amount.index] = kept.count { $0 >= amount.begin + size }
      isChanged = true
    }
    if isChanged { slicing.replace(1, by: pads) }
  }
}

extension DepthToSpace: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    let channels = layout.channelAxis(rank: 4)
    guard axes.operand(0)?.count == 4, let all = axes.operand(0)?[channels].fixed,
      let count = axes.result(0)?[channels].fixed, count > 0
    else { return nil }
    let square = all / count
    var relations = AxisRelations()
    relations.link(.operand(0, axis: 0), .result(0, axis: 0))
    relations.link(.operand(0, axis: channels), .result(0, axis: channels), count: all) {
      ($0, order == .blockFirst ? $0 % count : $0 / square)
    }
    return relations
  }
}

extension SpaceToDepth: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    let channels = layout.channelAxis(rank: 4)
    guard axes.operand(0)?.count == 4, let count = axes.operand(0)?[channels].fixed, count > 0,
      let all = axes.result(0)?[channels].fixed
    else { return nil }
    var relations = AxisRelations()
    relations.link(.operand(0, axis: 0), .result(0, axis: 0))
    relations.link(.result(0, axis: channels), .operand(0, axis: channels), count: all) {
      ($0, $0 % count)
    }
    return relations
  }
}

extension SpaceToBatch: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? { axes.passing(except: Array(0...blockSizes.count)) }
}

extension BatchToSpace: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? { axes.passing(except: Array(0...blockSizes.count)) }
}

extension ReverseSequence: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? { axes.passing(except: [timeAxis, batchAxis]) }
}

extension CumSum: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? { axes.passing(except: [axis]) }
}

extension Resize: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let input = axes.operand(0), let result = axes.result(0),
      let resized = try? resizedAxes(rank: input.count)
    else { return nil }
    let scales =
      try? axes.node.inputs.count > 2
      ? axes.node.inputs[2].flatMap {
        try axes.graph[$0].constant?.materialize().floats()
      } : nil
    var used = resized
    // Only where axes are resized on their own does one that keeps its size keep its elements.
    if policy == .stretch {
      used = resized.enumerated().filter { index, axis in
        guard input[axis].fixed != nil, input[axis] == result[axis] else { return true }
        if let scales { return scales[index] != 1 }
        return axes.integers(3) == nil
      }.map(\.element)
    }
    return axes.passing(except: used)
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) {
    guard let rank = slicing.axes.operand(0)?.count, var sizes = slicing.axes.integers(3) else { return }
    var isChanged = false
    for (index, axis) in try resizedAxes(rank: rank).enumerated() {
      guard let kept = slicing.kept(.result(0, axis: axis)) else { continue }
      sizes[index] = kept.count
      isChanged = true
    }
    if isChanged { slicing.replace(3, by: sizes) }
  }
}

extension Tile: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let repeats = axes.integers(1) else { return nil }
    return axes.passing(except: repeats.indices.filter { repeats[$0] != 1 })
  }
}

extension Expand: AxisRelated {
  func relations(_ axes: NodeAxes) -> AxisRelations? {
    guard let input = axes.operand(0), let result = axes.result(0), input.count <= result.count else {
      return nil
    }
    var relations = AxisRelations()
    for (axis, size) in input.enumerated() {
      let other = axis + result.count - input.count
      guard size == result[other], size.fixed != nil else { continue }
      relations.link(.operand(0, axis: axis), .result(0, axis: other))
    }
    return relations
  }

  func slice(_ slicing: inout NodeSlicing) throws(ModelError) { try slicing.resize(shape: 1) }
}
