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
  private var ranges: [ValueAxis: Range<Int>] = [:]
  private var parents: [Int32] = []
  private var ranks: [UInt8] = []
  /// By the root of a set, which of the reasons holds for it; −1 for none.
  private var locks: [Int32] = []
  private var reasons: [AxisLock] = []

  /// The longest axis that has elements, and how many there are at most.
  private static let (largestSize, largestCount) = (1 << 20, 1 << 25)

  /// Adds the axes of a value whose sizes are fixed and not too large.
  mutating func add(_ value: ValueID, _ shape: Shape) {
    for (axis, dimension) in shape.dimensions.enumerated() {
      guard let size = dimension.fixed, size <= Self.largestSize,
        parents.count + size <= Self.largestCount
      else { continue }
      let key = ValueAxis(value: value, axis: axis)
      axes.append(key)
      ranges[key] = parents.count..<parents.count + size
      parents += Int32(parents.count)..<Int32(parents.count + size)
      ranks += repeatElement(0, count: size)
      locks += repeatElement(-1, count: size)
    }
  }

  /// The elements of an axis, one for each index; nil if it has none here.
  func elements(of axis: ValueAxis) -> Range<Int>? { ranges[axis] }

  /// How many indices an axis has; nil if it has no elements here.
  func size(_ axis: ValueAxis) -> Int? { ranges[axis]?.count }

  /// The representative of the set that an element belongs to.
  mutating func root(_ element: Int) -> Int {
    var element = element
    while Int(parents[element]) != element {
      parents[element] = parents[Int(parents[element])]
      element = Int(parents[element])
    }
    return element
  }

  mutating func join(_ a: Int, _ b: Int) {
    var (x, y) = (root(a), root(b))
    guard x != y else { return }
    if ranks[x] < ranks[y] { swap(&x, &y) }
    if ranks[x] == ranks[y] { ranks[x] += 1 }
    parents[y] = Int32(x)
    if locks[x] < 0 { locks[x] = locks[y] }
  }

  /// Forbids to remove any index of an axis.
  mutating func lock(_ axis: ValueAxis, _ lock: AxisLock) {
    guard let elements = ranges[axis] else { return }
    let reason = Int32(reasons.count)
    reasons.append(lock)
    for element in elements {
      let root = root(element)
      if locks[root] < 0 { locks[root] = reason }
    }
  }

  /// Why a set cannot be removed; nil if it can.
  func lock(ofRoot root: Int) -> AxisLock? { locks[root] < 0 ? nil : reasons[Int(locks[root])] }

  /// Why an index of an axis cannot be removed, if so for any.
  mutating func lock(_ axis: ValueAxis) -> AxisLock? {
    for element in ranges[axis] ?? 0..<0 {
      if let lock = lock(ofRoot: root(element)) { return lock }
    }
    return nil
  }
}
