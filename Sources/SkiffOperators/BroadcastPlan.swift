import SkiffBinary
import SkiffIR

/// How the elements of two tensors meet when their shapes broadcast.
///
/// Neighbouring axes along which both advance alike are walked as one, so that the innermost run is long.
package struct BroadcastPlan {
  /// The sizes of the result.
  package let sizes: [Int]
  /// The number of elements of the result.
  package let count: Int
  private var loops: [Loop] = []
  private var run = Loop(size: 1, a: 0, b: 0)

  private struct Loop {
    var size: Int
    var a: Int
    var b: Int
  }

  /// Plans for tensors of these shapes.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if they do not broadcast.
  package init(_ a: [Int], _ b: [Int]) throws(ModelError) {
    sizes = try Broadcasting.sizes(of: [a, b])
    guard let count = sizes.checkedProduct() else {
      throw ModelError(.limitExceeded, "impossible shape \(sizes)")
    }
    self.count = count
    let (first, second) = (Broadcasting.strides(of: a, in: sizes), Broadcasting.strides(of: b, in: sizes))
    var merged: [Loop] = []
    for axis in sizes.indices.reversed() where sizes[axis] != 1 {
      let loop = Loop(size: sizes[axis], a: first[axis], b: second[axis])
      if let last = merged.last, loop.a == last.a * last.size, loop.b == last.b * last.size {
        merged[merged.count - 1].size *= loop.size
      } else {
        merged.append(loop)
      }
    }
    if let innermost = merged.first {
      run = innermost
      loops = Array(merged.dropFirst())
    }
  }

  /// The function applied to each pair of elements, in the order of the result.
  @inline(__always)
  package func combine<A, B, Result, Failure: Error>(
    _ a: [A], _ b: [B], _ function: (A, B) throws(Failure) -> Result
  ) throws(Failure) -> [Result] {
    var result: [Result] = []
    guard count > 0 else { return result }
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: loops.count)
    var (left, right) = (0, 0)
    while true {
      if run.b == 0 {
        let other = b[right]
        for step in 0..<run.size { result.append(try function(a[left + step * run.a], other)) }
      } else if run.a == 0 {
        let other = a[left]
        for step in 0..<run.size { result.append(try function(other, b[right + step])) }
      } else {
        for step in 0..<run.size { result.append(try function(a[left + step], b[right + step])) }
      }
      var level = 0
      while level < loops.count {
        index[level] += 1
        left += loops[level].a
        right += loops[level].b
        if index[level] < loops[level].size { break }
        left -= loops[level].a * loops[level].size
        right -= loops[level].b * loops[level].size
        index[level] = 0
        level += 1
      }
      if level == loops.count { return result }
    }
  }
}

extension Broadcasting {
  /// The distances of elements along each axis of `sizes` in a tensor of `shape`, 0 where it is repeated.
  package static func strides(of shape: [Int], in sizes: [Int]) -> [Int] {
    let lead = [Int](repeating: 0, count: sizes.count - shape.count)
    return lead + zip(shape, Tensor.strides(of: shape)).map { $0 == 1 ? 0 : $1 }
  }
}
