import SkiffBinary
import SkiffIR

/// Indices of axes that are removed together or not at all: a channel, a neuron, a head.
struct PruningUnit {
  /// The indices of each axis that belong to it.
  let indices: [ValueAxis: [Int]]
}

/// Units that have as many indices on the same axes, so that any of them can go.
struct PruningGroup {
  let units: [PruningUnit]
  /// The axes of weights that make the units.
  let producers: [ValueAxis]
}

extension AxisCoupling {
  /// The groups of all units that can be removed, and the axes of weights none of whose indices can.
  mutating func groups() -> (groups: [PruningGroup], kept: [(axis: ValueAxis, node: NodeID, lock: AxisLock)])
  {
    var members: [Int: [ValueAxis: [Int]]] = [:]
    var order: [Int] = []
    var wanted: Set<Int> = []
    var kept: [(axis: ValueAxis, node: NodeID, lock: AxisLock)] = []
    for (axis, node) in producers {
      var reason: AxisLock?
      var isFree = false
      for element in elements.elements(of: axis) ?? 0..<0 {
        let root = elements.root(element)
        if let lock = elements.lock(ofRoot: root) {
          reason = reason ?? lock
        } else {
          isFree = true
          wanted.insert(root)
        }
      }
      if let reason, !isFree { kept.append((axis, node, reason)) }
    }
    for axis in elements.axes {
      for (index, element) in (elements.elements(of: axis) ?? 0..<0).enumerated() {
        let root = elements.root(element)
        guard wanted.contains(root) else { continue }
        if members[root] == nil { order.append(root) }
        members[root, default: [:]][axis, default: []].append(index)
      }
    }
    let made = Set(producers.map(\.axis))
    var groups: [Set<AxisCount>: [PruningUnit]] = [:]
    var keys: [Set<AxisCount>] = []
    for root in order {
      guard let indices = members[root] else { continue }
      let key = Set(indices.map { AxisCount(axis: $0, count: $1.count) })
      if groups[key] == nil { keys.append(key) }
      groups[key, default: []].append(PruningUnit(indices: indices))
    }
    let result = keys.map { key in
      PruningGroup(
        units: groups[key] ?? [],
        producers: key.map(\.axis).filter(made.contains).sorted {
          ($0.value, $0.axis) < ($1.value, $1.axis)
        })
    }
    return (result, kept)
  }

  private struct AxisCount: Hashable {
    let axis: ValueAxis
    let count: Int
  }
}
