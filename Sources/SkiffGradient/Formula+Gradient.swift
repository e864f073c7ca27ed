import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension Formula {
  /// The sizes, all of which are fixed where derivatives are taken.
  var sizes: [Int] {
    get throws(ModelError) {
      guard let sizes = type.shape.fixed else { throw ModelError(.unsupported, "sizes must be fixed") }
      return sizes
    }
  }

  /// A number in the type of this value, as near as that can be.
  func exact(_ number: Double) throws(ModelError) -> Formula {
    constant(try Tensor(scalar: number).cast(to: type.dataType))
  }

  /// Zeros of the type of this value, in another shape.
  func zeros(_ sizes: [Int]) throws(ModelError) -> Formula {
    constant(try .zeros(type.dataType, shape: sizes))
  }

  /// −x.
  func negated() throws(ModelError) -> Formula { try applying(Negate()) }

  /// x².
  func squared() throws(ModelError) -> Formula { try applying(Square()) }

  /// 1 − x.
  func complement() throws(ModelError) -> Formula { try number(1) - self }

  /// Whether elements are greater than a number.
  func isGreater(than number: Float) throws(ModelError) -> Formula {
    try applying(Greater(), self.number(number))
  }

  /// Whether elements are less than a number.
  func isLess(than number: Float) throws(ModelError) -> Formula {
    try applying(Less(), self.number(number))
  }

  /// The value where a condition holds, another elsewhere.
  func when(_ condition: Formula, else other: Formula) throws(ModelError) -> Formula {
    try condition.applying(Select(), self, other)
  }

  /// The value where a condition holds, zero elsewhere.
  func when(_ condition: Formula) throws(ModelError) -> Formula { try when(condition, else: number(0)) }

  /// The value where another one lies between two bounds, zero elsewhere.
  func inside(_ other: Formula, _ low: Float, _ high: Float) throws(ModelError) -> Formula {
    var result = self
    if low.isFinite { result = try result.when(other.isGreater(than: low)) }
    if high.isFinite { result = try result.when(other.isLess(than: high)) }
    return result
  }

  /// The sum of what was broadcast from a tensor of some sizes.
  func summed(to sizes: [Int]) throws(ModelError) -> Formula {
    let own = try self.sizes
    guard own != sizes else { return self }
    let extra = own.count - sizes.count
    var axes = Array(0..<max(0, extra))
    for (axis, size) in sizes.enumerated() where size == 1 && own[extra + axis] != 1 {
      axes.append(extra + axis)
    }
    let sum = try axes.isEmpty ? self : reduced(by: ReduceSum.self, along: axes)
    return try sum.formed(as: sizes)
  }

  /// The sum of what was broadcast from a value.
  func summed(like value: Formula) throws(ModelError) -> Formula { try summed(to: value.sizes) }

  /// The elements in another shape with as many.
  func formed(as sizes: [Int]) throws(ModelError) -> Formula {
    guard try self.sizes != sizes else { return self }
    var reshape = Reshape()
    reshape.allowsZero = true
    return try applying(reshape, integers(sizes))
  }

  /// The tensor repeated along axes of size 1.
  func expanded(to sizes: [Int]) throws(ModelError) -> Formula {
    try self.sizes == sizes ? self : applying(Expand(), integers(sizes))
  }

  /// The tensor with its axes in another order.
  func permuted(by order: [Int]) throws(ModelError) -> Formula {
    order == Array(order.indices) ? self : try applying(Transpose(order))
  }

  /// The tensor with two axes exchanged.
  func exchanging(_ a: Int, _ b: Int) throws(ModelError) -> Formula {
    var order = Array(0..<type.rank)
    order.swapAt(a, b)
    return try permuted(by: order)
  }

  /// The first elements along some axes.
  func first(_ counts: [Int], of axes: [Int]) throws(ModelError) -> Formula {
    let sizes = try self.sizes
    guard zip(counts, axes).contains(where: { $0 != sizes[$1] }) else { return self }
    let starts = [Int](repeating: 0, count: axes.count)
    return try applying(Slice(), integers(starts), integers(counts), integers(axes))
  }
}
