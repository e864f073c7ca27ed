import SkiffBinary
import SkiffIR

/// Multidirectional broadcasting as NumPy and ONNX define it: shapes are aligned at their last axis, and a
/// size of 1 is repeated.
package enum Broadcasting {
  /// The type inference side: the shape that all `shapes` are repeated to.
  ///
  /// A symbol against 1 stays the symbol; a symbol against another size is taken to be that size, since
  /// anything else would be 1 or an error when the graph runs.
  package static func shape(of shapes: [Shape]) throws(ModelError) -> Shape {
    let rank = shapes.map(\.rank).max() ?? 0
    var result = [Shape.Dimension](repeating: .fixed(1), count: rank)
    for shape in shapes {
      for (axis, dimension) in shape.dimensions.enumerated() {
        let position = rank - shape.rank + axis
        guard let joined = join(result[position], dimension) else {
          throw ModelError(
            .invalidGraph,
            "the shapes \(shapes.map(\.description).joined(separator: " and ")) do not broadcast")
        }
        result[position] = joined
      }
    }
    return Shape(result)
  }

  private static func join(_ a: Shape.Dimension, _ b: Shape.Dimension) -> Shape.Dimension? {
    switch (a, b) {
    case _ where a == b: a
    case (.fixed(1), _): b
    case (_, .fixed(1)): a
    case (.fixed, .fixed): nil
    case (.fixed, _): a
    case (_, .fixed): b
    default: .unknown
    }
  }

  /// The sizes that all `shapes` are repeated to.
  package static func sizes(of shapes: [[Int]]) throws(ModelError) -> [Int] {
    guard let sizes = try shape(of: shapes.map { Shape($0) }).fixed else {
      throw ModelError(.invalidGraph, "sizes must be known")
    }
    return sizes
  }

  /// `elements` of a tensor of `shape`, repeated to `sizes`.
  package static func expand<Element>(_ elements: [Element], _ shape: [Int], to sizes: [Int]) -> [Element] {
    guard shape != sizes else { return elements }
    let count = sizes.reduce(1, *)
    if elements.count == 1, let only = elements.first { return [Element](repeating: only, count: count) }
    let strides = strides(of: shape, in: sizes)
    var result: [Element] = []
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: sizes.count)
    var offset = 0
    while result.count < count {
      result.append(elements[offset])
      var axis = sizes.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < sizes[axis] { break }
        offset -= strides[axis] * sizes[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}
