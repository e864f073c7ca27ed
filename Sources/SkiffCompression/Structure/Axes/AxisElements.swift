import SkiffBinary
import SkiffIR

/// Why indices cannot be removed.
struct AxisLock: Hashable {
  let reason: String
  let location: Location
}

/// The indices of the axes of all values, joined where one cannot be removed without the others.
///
/// A forest of disjoint sets (Tarjan, "Efficiency of a Good But Not Linear Set Union Algorithm", 1975).
struct AxisElements {
  /// The axes that have elements, in the order of these.
  private(set) var axes: [ValueAxis] = []
  private var starts: [ValueAxis: Int] = [:]
  private var sizes: [ValueAxis: Int] = [:]
  private var parents: [Int] = []
  private var ranks: [UInt8] = []
  /// By the root of a set.
  private var locks: [Int: AxisLock] = [:]

  /// Adds the axes of a value whose sizes are fixed.
  mutating func add(_ value: ValueID, _ shape: Shape) {
    for (axis, dimension) in shape.dimensions.enumerated() {
      guard let size = dimension.fixed else { continue }
      let key = ValueAxis(value: value, axis: axis)
      axes.append(key)
      starts[key] = parents.count
      sizes[key] = size
      parents += parents.count..<parents.count + size
      ranks += [UInt8](repeating: 0, count: size)
    }
  }

  /// How many indices an axis has; nil if its size is not fixed.
  func size(_ axis: ValueAxis) -> Int? { sizes[axis] }

  /// The representative of the set that an element of an axis belongs to.
  mutating func root(_ axis: ValueAxis, _ index: Int) -> Int { root((starts[axis] ?? 0) + index) }

  private mutating func root(_ element: Int) -> Int {
    var element = element
    while parents[element] != element {
      parents[element] = parents[parents[element]]
      element = parents[element]
    }
    return element
  }

  mutating func join(_ a: ValueAxis, _ i: Int, _ b: ValueAxis, _ j: Int) {
    var (x, y) = (root(a, i), root(b, j))
    guard x != y else { return }
    if ranks[x] < ranks[y] { swap(&x, &y) }
    if ranks[x] == ranks[y] { ranks[x] += 1 }
    parents[y] = x
    if let lock = locks.removeValue(forKey: y), locks[x] == nil { locks[x] = lock }
  }

  /// Forbids to remove any index of an axis.
  mutating func lock(_ axis: ValueAxis, _ lock: AxisLock) {
    for index in 0..<(sizes[axis] ?? 0) {
      let root = root(axis, index)
      if locks[root] == nil { locks[root] = lock }
    }
  }

  func lock(ofRoot root: Int) -> AxisLock? { locks[root] }

  /// Why an index of an axis cannot be removed, if so for any.
  mutating func lock(_ axis: ValueAxis) -> AxisLock? {
    for index in 0..<(sizes[axis] ?? 0) {
      if let lock = locks[root(axis, index)] { return lock }
    }
    return nil
  }
}
