import SkiffBinary
import SkiffIR
import SkiffOperators

/// Slices whose bounds are computed when the model runs.
extension NodeWriter {
  /// Whether the elements of these integer operands are known before the graph runs.
  func knows(_ operands: Int...) throws(ModelError) -> Bool {
    operands.allSatisfy { index in
      guard index < node.inputs.count, let value = node.inputs[index] else { return false }
      let known = exporter.graph[value].knownElements
      return exporter.graph[value].constant != nil || known?.allSatisfy { $0.fixed != nil } == true
    }
  }

  /// Writes a slice whose axes and steps are known.
  func writeComputedSlice() throws(ModelError) {
    let rank = try type(0).rank
    guard let count = try type(1).shape.elementCount, try type(2).shape.elementCount == count else {
      throw ModelError(.unsupported, "bounds of a number that is not known")
    }
    var positions = [Int](repeating: count, count: rank)
    var steps = [Int](repeating: 1, count: rank)
    let given = try known(optional: 4, "steps") ?? [Int](repeating: 1, count: count)
    let axes = try known(optional: 3, "axes") ?? Array(0..<count)
    guard axes.count == count, given.count == count else {
      throw ModelError(.invalidGraph, "lists of different lengths")
    }
    for (index, axis) in axes.enumerated() {
      let axis = try normalizedAxis(axis, rank: rank)
      let limit = Int(Int32.max)
      (positions[axis], steps[axis]) = (index, max(-limit, min(limit, given[index])))
    }
    // Axes that are not sliced stay whole.
    let mask = positions.enumerated().reduce(0) { $1.element == count ? $0 | 1 << $1.offset : $0 }
    try emit(
      "STRIDED_SLICE", [required(0), bounds(1, positions), bounds(2, positions), integers(steps)],
      [result(0)],
      FlatObject("StridedSliceOptions", ["begin_mask": .integer(mask), "end_mask": .integer(mask)]))
  }

  /// The elements of an operand at some positions, in 32 bits; 0 at the one behind the last.
  private func bounds(_ index: Int, _ positions: [Int]) throws(ModelError) -> Int {
    var list = try required(index)
    let type = exporter.types[list]
    if type.dataType == .int64 {
      // What says "to the end" can be beyond 32 bits.
      for (name, limit) in [("MINIMUM", Int(Int32.max)), ("MAXIMUM", -Int(Int32.max))] {
        let clamped = try temporary(type)
        let bound = try exporter.addUnnamed(Tensor(integers: [limit], as: .int64, shape: []))
        try emit(name, [list, bound], [clamped], FlatObject("MaximumMinimumOptions"))
        list = clamped
      }
      let narrow = try temporary(TensorType(.int32, type.shape))
      try emitCast(list, to: narrow)
      list = narrow
    }
    guard positions != Array(0..<(type.shape.elementCount ?? 0)) else { return list }
    let (all, result) = (
      try temporary(TensorType(.int32, [(type.shape.elementCount ?? 0) + 1])),
      try temporary(TensorType(.int32, [positions.count]))
    )
    try emit("CONCATENATION", [list, integers([0])], [all], FlatObject("ConcatenationOptions"))
    try emit("GATHER", [all, integers(positions)], [result], FlatObject("GatherOptions"))
    return result
  }
}
