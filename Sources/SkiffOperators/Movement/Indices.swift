import SkiffBinary
import SkiffIR

/// An index counted from the first; negative ones count from behind.
///
/// - Throws: ``ModelError/Code/invalidGraph`` if there is no such element.
package func checkedIndex(_ index: Int, below size: Int) throws(ModelError) -> Int {
  guard index >= -size, index < size else {
    throw ModelError(.invalidGraph, "index \(index) of \(size) elements")
  }
  return index < 0 ? index + size : index
}

/// The offset of the element that each index names: at the index's own place, but for the axis.
package func elementOffsets(_ indices: Tensor, in shape: [Int], axis: Int) throws(ModelError) -> [Int] {
  let axis = try normalizedAxis(axis, rank: shape.count)
  guard indices.rank == shape.count,
    shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= shape[$0] })
  else {
    throw ModelError(.invalidGraph, "indices \(Shape(indices.shape)) for \(Shape(shape))")
  }
  guard indices.count > 0 else { return [] }
  let strides = Tensor.strides(of: shape)
  var positions = indices.shape.map { Array(0..<$0) }
  positions[axis] = [Int](repeating: 0, count: indices.shape[axis])
  var offsets = combinedOffsets(positions, strides: strides)
  for (position, index) in try indices.integers().enumerated() {
    offsets[position] += try checkedIndex(index, below: shape[axis]) * strides[axis]
  }
  return offsets
}

/// Where the parts of a tensor begin that a list of indices each names.
package struct PartOffsets {
  /// The offset of each part.
  package let starts: [Int]
  /// The axes of the indices but the last.
  package let outerShape: [Int]
  /// The axes of a part.
  package let partShape: [Int]
  /// The elements of a part.
  package let partSize: Int

  package init(_ indices: Tensor, in shape: [Int], batchDimensions: Int = 0) throws(ModelError) {
    guard let depth = indices.shape.last, batchDimensions >= 0, batchDimensions < indices.rank,
      depth <= shape.count - batchDimensions,
      shape[..<batchDimensions] == indices.shape[..<batchDimensions]
    else { throw ModelError(.invalidGraph, "indices \(Shape(indices.shape)) for \(Shape(shape))") }
    let strides = Tensor.strides(of: shape)
    outerShape = indices.shape.dropLast()
    partShape = Array(shape[(batchDimensions + depth)...])
    partSize = partShape.reduce(1, *)
    let count = outerShape.reduce(1, *)
    let batches = outerShape[..<batchDimensions].reduce(1, *)
    let batchSize = shape[batchDimensions...].reduce(1, *)
    let values = try indices.integers()
    var starts: [Int] = []
    starts.reserveCapacity(count)
    for part in 0..<count {
      var start = part / max(1, count / max(1, batches)) * batchSize
      for place in 0..<depth {
        let axis = batchDimensions + place
        start += try checkedIndex(values[part * depth + place], below: shape[axis]) * strides[axis]
      }
      starts.append(start)
    }
    self.starts = starts
  }
}
