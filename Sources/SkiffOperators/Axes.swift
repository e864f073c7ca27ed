import SkiffBinary
import SkiffIR

/// The axis counted from the first; negative ones count from behind.
///
/// - Throws: ``ModelError/Code/invalidGraph`` if there is no such axis.
package func normalizedAxis(_ axis: Int, rank: Int) throws(ModelError) -> Int {
  let normalized = axis < 0 ? axis + rank : axis
  guard normalized >= 0, normalized < rank else {
    throw ModelError(.invalidGraph, "axis \(axis) does not exist in rank \(rank)")
  }
  return normalized
}

/// The axes counted from the first, sorted, each once.
package func normalizedAxes(_ axes: [Int], rank: Int) throws(ModelError) -> [Int] {
  var result: Set<Int> = []
  for axis in axes {
    guard try result.insert(normalizedAxis(axis, rank: rank)).inserted else {
      throw ModelError(.invalidGraph, "axis \(axis) is named twice")
    }
  }
  return result.sorted()
}

extension Array where Element == Tensor? {
  /// The operand at `index`.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if it is left out.
  package func required(_ index: Int) throws(ModelError) -> Tensor {
    guard index < count, let tensor = self[index] else {
      throw ModelError(.invalidGraph, "operand \(index) is missing")
    }
    return tensor
  }

  /// The operand at `index`, nil if it is left out.
  package func optional(_ index: Int) -> Tensor? { index < count ? self[index] : nil }
}
