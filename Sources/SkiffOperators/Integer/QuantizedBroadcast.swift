/// How two tensors of up to any rank line up element by element: numpy's rules.
package struct QuantizedBroadcast: Hashable, Sendable {
  /// The output's shape.
  package let shape: [Int]
  /// The first input's step in elements along each axis of the output; 0 where it is repeated.
  package let firstStrides: [Int]
  /// The second input's step.
  package let secondStrides: [Int]

  /// The alignment of two shapes, or nil if an axis differs and is 1 on neither side.
  package init?(_ first: [Int], _ second: [Int]) {
    let rank = max(first.count, second.count)
    let a = [Int](repeating: 1, count: rank - first.count) + first
    let b = [Int](repeating: 1, count: rank - second.count) + second
    guard zip(a, b).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) else { return nil }
    shape = zip(a, b).map { $0 == 1 ? $1 : $0 }
    firstStrides = Self.strides(of: a)
    secondStrides = Self.strides(of: b)
  }

  private static func strides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 0, count: shape.count)
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = shape[axis] == 1 ? 0 : step
      step *= shape[axis]
    }
    return strides
  }

  /// Calls `body` with the output's, the first and the second input's element, in the output's order.
  @inline(__always)
  package func forEach(_ body: (_ output: Int, _ first: Int, _ second: Int) -> Void) {
    let count = shape.reduce(1, *)
    var index = [Int](repeating: 0, count: shape.count)
    var first = 0
    var second = 0
    for output in 0..<count {
      body(output, first, second)
      for axis in shape.indices.reversed() {
        index[axis] += 1
        first += firstStrides[axis]
        second += secondStrides[axis]
        if index[axis] < shape[axis] { break }
        first -= firstStrides[axis] * shape[axis]
        second -= secondStrides[axis] * shape[axis]
        index[axis] = 0
      }
    }
  }
}
