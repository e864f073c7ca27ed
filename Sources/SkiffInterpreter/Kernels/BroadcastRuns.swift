import CKernels

/// Two broadcast tensors cut into runs in which each either advances or stands still.
struct BroadcastRuns: Sendable {
  /// The elements of a run.
  let length: Int
  /// How each tensor advances within a run: 0 or 1.
  let steps: (a: Int, b: Int)
  /// Where each run starts in both tensors.
  let starts: [(a: Int, b: Int)]

  /// The runs of two shapes of which the second or the first is repeated; nil if they do not broadcast.
  init?(_ first: [Int], _ second: [Int]) {
    let rank = max(first.count, second.count)
    let a = [Int](repeating: 1, count: rank - first.count) + first
    let b = [Int](repeating: 1, count: rank - second.count) + second
    guard zip(a, b).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) else { return nil }
    let shape = zip(a, b).map { $0 == 1 ? $1 : $0 }

    // Axes join the run from the last one on as long as both tensors go on as before.
    var length = 1
    var steps: (a: Int, b: Int)?
    var outer = rank
    for axis in shape.indices.reversed() {
      if shape[axis] != 1 {
        let own = (a: a[axis] == 1 ? 0 : 1, b: b[axis] == 1 ? 0 : 1)
        if let steps, steps != own { break }
        steps = own
        length *= shape[axis]
      }
      outer = axis
    }
    self.length = length
    self.steps = steps ?? (0, 0)

    var starts: [(a: Int, b: Int)] = [(0, 0)]
    var stride = (a: a[outer...].reduce(1, *), b: b[outer...].reduce(1, *))
    for axis in (0..<outer).reversed() {
      let own = (a: a[axis] == 1 ? 0 : stride.a, b: b[axis] == 1 ? 0 : stride.b)
      starts = (0..<shape[axis]).flatMap { index in
        starts.map { (a: $0.a + index * own.a, b: $0.b + index * own.b) }
      }
      stride = (stride.a * a[axis], stride.b * b[axis])
    }
    self.starts = starts
  }

  /// The stretches that belong to a part: their lengths and where they start in both tensors and in the result.
  func forEach(
    of part: skiff_part, _ body: (_ length: Int, _ start: (a: Int, b: Int), _ target: Int) -> Void
  ) {
    if starts.count >= part.count {
      for index in part.share(of: starts.count) { body(length, starts[index], index * length) }
      return
    }
    let share = part.share(of: length)
    for (index, start) in starts.enumerated() {
      let own = (a: start.a + share.lowerBound * steps.a, b: start.b + share.lowerBound * steps.b)
      body(share.count, own, index * length + share.lowerBound)
    }
  }
}
