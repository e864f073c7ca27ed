/// Places buffers in one block of memory so that those alive at the same time do not overlap.
///
/// Greedy by size: the largest buffer first, each at the lowest offset that is free while it lives
/// (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
package struct ArenaLayout: Sendable {
  /// A buffer that is wanted.
  package struct Request: Sendable {
    /// The bytes it needs.
    package let byteCount: Int
    /// The steps during which it must not be overwritten.
    package let lifetime: ClosedRange<Int>

    package init(byteCount: Int, lifetime: ClosedRange<Int>) {
      self.byteCount = byteCount
      self.lifetime = lifetime
    }
  }

  /// The start of each buffer, in the order of the requests; multiples of 64.
  package let offsets: [Int]
  /// The size of the block.
  package let byteCount: Int

  /// Places the buffers.
  package init(_ requests: [Request]) {
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []
    var end = 0
    let order = requests.indices.sorted {
      (requests[$1].byteCount, $0) < (requests[$0].byteCount, $1)
    }
    for index in order {
      let request = requests[index]
      let busy = placed.filter { requests[$0].lifetime.overlaps(request.lifetime) }
        .sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for other in busy {
        if offset + request.byteCount.aligned <= offsets[other] { break }
        offset = max(offset, offsets[other] + requests[other].byteCount.aligned)
      }
      offsets[index] = offset
      end = max(end, offset + request.byteCount.aligned)
      placed.append(index)
    }
    self.offsets = offsets
    byteCount = end
  }
}
