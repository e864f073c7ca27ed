import SkiffBinary
import SkiffIR

/// A tensor that a file stores without its zeros: a tree with a level for each axis in some order, and then for each axis of a
/// block, whose leaves are the elements that are stored.
package struct SparseConstant {
  /// The children of the nodes of a level.
  private enum Level {
    /// All places up to a size.
    case dense(Int)
    /// The places of node i are those from segment i to the next one.
    case sparse(segments: [Int], places: [Int])
  }

  private let shape: [Int]
  private let order: [Int]
  /// The axis that each axis of a block divides, and its size.
  private let blocks: [(axis: Int, size: Int)]
  private let levels: [Level]

  /// Reads `SparsityParameters` of a tensor of a shape.
  package init(_ sparsity: FlatObject, shape: [Int]) throws(ModelError) {
    self.shape = shape
    order = sparsity.integers("traversal_order") ?? []
    let map = sparsity.integers("block_map") ?? []
    guard case .objects(let metadata)? = sparsity["dim_metadata"], metadata.count == order.count,
      order.count == shape.count + map.count, Set(order) == Set(order.indices),
      map.allSatisfy(shape.indices.contains)
    else { throw ModelError(.malformed, "an impossible order of sparse axes") }
    var levels: [Level] = []
    for object in metadata {
      guard object.enumerator("format") == "SPARSE_CSR" else {
        levels.append(.dense(object.integer("dense_size")))
        continue
      }
      levels.append(
        .sparse(
          segments: try Self.list(object, "array_segments"), places: try Self.list(object, "array_indices")))
    }
    self.levels = levels
    var blocks: [(axis: Int, size: Int)] = []
    for (index, axis) in map.enumerated() {
      guard case .dense(let size) = levels[shape.count + index], size > 0 else {
        throw ModelError(.malformed, "a sparse block")
      }
      blocks.append((axis, size))
    }
    self.blocks = blocks
  }

  private static func list(_ object: FlatObject, _ name: String) throws(ModelError) -> [Int] {
    guard case .object(let vector)? = object[name] else { throw ModelError(.malformed, "\(name) is missing") }
    switch vector["values"] {
    case .integers(let list)?: return list
    case .bytes(let bytes)?: return bytes.withBytes { $0.map(Int.init) }
    default: return []
    }
  }

  /// The bytes of all elements, each `width` wide, with zeros between those that `stored` holds.
  package func dense(_ stored: ByteRegion, width: Int) throws(ModelError) -> ByteRegion {
    guard let count = shape.checkedProduct(), count <= Limits.standard.structureSize / max(width, 1) else {
      throw ModelError(.limitExceeded, "a sparse tensor of the shape \(Shape(shape))")
    }
    guard count > 0 else { return ByteRegion([UInt8]()) }
    let elements = stored.withBytes { [UInt8]($0) }
    var result = [UInt8](repeating: 0, count: count * width)
    var places = [Int](repeating: 0, count: levels.count)
    try visit(0, 0, &places) { (leaf, place) throws(ModelError) in
      guard leaf < elements.count / width else {
        throw ModelError(.malformed, "too few elements of a sparse tensor")
      }
      for byte in 0..<width { result[place * width + byte] = elements[leaf * width + byte] }
    }
    return ByteRegion(result)
  }

  private func visit(
    _ level: Int, _ node: Int, _ places: inout [Int],
    _ body: (_ leaf: Int, _ place: Int) throws(ModelError) -> Void
  ) throws(ModelError) {
    guard level < levels.count else { return try body(node, place(of: places)) }
    switch levels[level] {
    case .dense(let size):
      // An axis without places would let those around it be walked for nothing, however long they say they are.
      let (first, overflow) = node.multipliedReportingOverflow(by: size)
      guard size > 0, size <= Limits.standard.structureSize, !overflow, first <= Int.max - size else {
        throw ModelError(.malformed, "a sparse axis of the size \(size)")
      }
      for index in 0..<size {
        places[level] = index
        try visit(level + 1, first + index, &places, body)
      }
    case .sparse(let segments, let indices):
      guard node + 1 < segments.count, segments[node] >= 0, segments[node] <= segments[node + 1],
        segments[node + 1] <= indices.count
      else { throw ModelError(.malformed, "the segments of a sparse axis") }
      for index in segments[node]..<segments[node + 1] {
        places[level] = indices[index]
        try visit(level + 1, index, &places, body)
      }
    }
  }

  /// The offset of the element that a place at each level means.
  private func place(of places: [Int]) throws(ModelError) -> Int {
    var index = [Int](repeating: 0, count: shape.count)
    var inBlock = [Int](repeating: 0, count: blocks.count)
    for (level, axis) in order.enumerated() {
      if axis < shape.count {
        index[axis] = places[level]
      } else {
        inBlock[axis - shape.count] = places[level]
      }
    }
    for (block, place) in zip(blocks, inBlock) {
      let (scaled, overflow) = index[block.axis].multipliedReportingOverflow(by: block.size)
      index[block.axis] = overflow ? -1 : scaled &+ place
    }
    var offset = 0
    for (axis, size) in shape.enumerated() {
      guard index[axis] >= 0, index[axis] < size else {
        throw ModelError(.malformed, "an element of a sparse tensor outside of \(Shape(shape))")
      }
      offset = offset * size + index[axis]
    }
    return offset
  }
}
