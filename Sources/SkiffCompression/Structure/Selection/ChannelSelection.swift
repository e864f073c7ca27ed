import SkiffIR

/// Chooses the units that go: in blocks, those first that cost the least importance for each product they save.
struct ChannelSelection {
  /// Units of one group that go together, so that what is left is a multiple.
  private struct Block {
    let group: Int
    let units: [Int]
    let score: Double
    let removed: [ValueAxis: Int]
  }

  private let groups: [PruningGroup]
  /// The blocks of each group, the least important first.
  private var blocks: [[Block]] = []
  private var count: MultiplicationCount
  /// The products before and after.
  let before: Double
  var after: Double { count.total }
  /// By group, the units that go.
  private(set) var removed: [[Int]]

  /// - Parameter scores: How important each unit of each group is.
  init(
    _ groups: [PruningGroup], scores: [[Double]], count: MultiplicationCount, multiple: Int,
    least: (Int) -> Int
  ) {
    self.groups = groups
    self.count = count
    before = count.total
    removed = groups.map { _ in [] }
    for (index, group) in groups.enumerated() {
      let order = group.units.indices.sorted { (scores[index][$0], $0) < (scores[index][$1], $1) }
      var made: [Block] = []
      var first = 0
      while first < order.count {
        let rest = (order.count - first) % multiple
        let end = first + (rest == 0 ? multiple : rest)
        guard order.count - end >= least(order.count) else { break }
        let units = Array(order[first..<end])
        var sizes: [ValueAxis: Int] = [:]
        for unit in units {
          for (axis, indices) in group.units[unit].indices { sizes[axis, default: 0] += indices.count }
        }
        made.append(
          Block(group: index, units: units, score: units.reduce(0) { $0 + scores[index][$1] }, removed: sizes)
        )
        first = end
      }
      blocks.append(made)
    }
  }

  /// Removes blocks of any groups until no more than a share of the products is left.
  mutating func reduce(to share: Double) {
    // What a block saves only shrinks when others go, so that one which is still the best once counted anew is the best.
    var queue = MinimumQueue<(group: Int, position: Int)>()
    for group in blocks.indices where !blocks[group].isEmpty { queue.insert((group, 0), price(group, 0)) }
    while count.total > share * before, let next = queue.popMinimum() {
      let price = price(next.group, next.position)
      if let least = queue.leastPriority, price > least {
        queue.insert(next, price)
        continue
      }
      guard price < .infinity else { return }
      remove(blocks[next.group][next.position])
      if next.position + 1 < blocks[next.group].count {
        let following = (next.group, next.position + 1)
        queue.insert(following, self.price(next.group, next.position + 1))
      }
    }
  }

  /// Removes blocks of each group as long as at least a share of its units is left.
  mutating func reduceEach(to share: Double) {
    for (group, blocks) in blocks.enumerated() {
      var left = groups[group].units.count
      for block in blocks where Double(left - block.units.count) >= share * Double(groups[group].units.count)
      {
        left -= block.units.count
        remove(block)
      }
    }
  }

  private func price(_ group: Int, _ position: Int) -> Double {
    let block = blocks[group][position]
    let saving = count.saving(of: block.removed)
    return saving > 0 ? block.score / saving : .infinity
  }

  private mutating func remove(_ block: Block) {
    removed[block.group] += block.units
    count.remove(block.removed)
  }

  /// The indices that are left of each axis that loses some.
  func kept(in graph: Graph) -> [ValueAxis: [Int]] {
    var gone: [ValueAxis: Set<Int>] = [:]
    for (group, units) in zip(groups, removed) {
      for unit in units {
        for (axis, indices) in group.units[unit].indices { gone[axis, default: []].formUnion(indices) }
      }
    }
    var result: [ValueAxis: [Int]] = [:]
    for (axis, indices) in gone {
      let size = graph[axis.value].type?.shape[axis.axis].fixed ?? 0
      result[axis] = (0..<size).filter { !indices.contains($0) }
    }
    return result
  }
}

/// Elements by their priority, the least one first: a binary heap.
struct MinimumQueue<Element> {
  private var heap: [(element: Element, priority: Double)] = []

  var leastPriority: Double? { heap.first?.priority }

  mutating func insert(_ element: Element, _ priority: Double) {
    heap.append((element, priority))
    var index = heap.count - 1
    while index > 0, heap[(index - 1) / 2].priority > heap[index].priority {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func popMinimum() -> Element? {
    guard let first = heap.first else { return nil }
    heap[0] = heap[heap.count - 1]
    heap.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && heap[child].priority < heap[least].priority { least = child }
      guard least != index else { return first.element }
      heap.swapAt(index, least)
      index = least
    }
  }
}
