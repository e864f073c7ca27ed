import SkiffBinary
import SkiffIR

/// The lines of a tensor along one axis.
package struct Lines {
  /// The elements of a line.
  package let count: Int
  /// The distance of neighbours on a line.
  package let stride: Int
  private let outer: Int

  /// The lines along `axis`, which must be one of the shape's.
  package init(_ shape: [Int], axis: Int) {
    count = shape[axis]
    stride = shape[(axis + 1)...].reduce(1, *)
    outer = shape[..<axis].reduce(1, *)
  }

  /// Calls `body` with the offset of the first element of each line, in the order of the other axes.
  @inline(__always)
  package func forEach(_ body: (_ start: Int) -> Void) {
    for block in 0..<outer {
      for offset in 0..<stride { body(block * count * stride + offset) }
    }
  }
}
