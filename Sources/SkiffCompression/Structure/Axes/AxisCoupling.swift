import SkiffBinary
import SkiffIR
import SkiffOperators

/// Which indices of the axes of a graph can only be removed together, and which not at all.
package struct AxisCoupling {
  /// Where a node sums products along axes.
  package struct Contraction {
    package let node: NodeID
    package let data: ValueAxis
    package let weights: ValueAxis
  }

  package let graph: Graph
  var elements = AxisElements()
  /// Axes of constant weights along which results are counted, each with the node that it is of.
  private(set) var producers: [(axis: ValueAxis, node: NodeID)] = []
  package private(set) var contractions: [Contraction] = []
  private var batches: Set<ValueAxis> = []
  private var merges: [(merged: ValueAxis, factors: [ValueAxis], location: Location)] = []

  /// - Parameter excluded: Nodes whose results keep all of their indices.
  init(_ graph: Graph, excluded: Set<NodeID> = []) {
    self.graph = graph
    for id in graph.valueIDs {
      guard let type = graph[id].type else { continue }
      elements.add(id, type.shape)
      if type.isQuantized { lock(id, "its integers stand for real numbers") }
    }
    for id in graph.inputs { lock(id, "it is an input of the graph") }
    for output in graph.outputs { lock(output.value, "it is an output of the graph") }
    for state in graph.states {
      for id in [state.value, state.next] { lock(id, "it is kept for the next run") }
    }
    for id in graph.nodeIDs { relate(id, isExcluded: excluded.contains(id)) }
    resolveMerges()
  }

  private mutating func lock(_ value: ValueID, _ reason: String) {
    let lock = AxisLock(reason: reason, location: Location(tensor: graph[value].name))
    for axis in 0..<(graph[value].type?.rank ?? 0) {
      elements.lock(ValueAxis(value: value, axis: axis), lock)
    }
  }

  private mutating func relate(_ id: NodeID, isExcluded: Bool) {
    let axes = NodeAxes(graph: graph, node: graph[id])
    let location = graph[id].location
    let name = type(of: graph[id].operator).name
    let relations = axes.relations() ?? AxisRelations()
    for link in relations.links {
      guard let a = axes.valueAxis(link.a), let b = axes.valueAxis(link.b) else { continue }
      join(
        a, b, link.pairs,
        AxisLock(reason: "\(name) joins axes of unknown or other sizes", location: location))
    }
    let mentioned = relations.mentioned
    for place in axes.places where !mentioned.contains(place) {
      guard let axis = axes.valueAxis(place) else { continue }
      elements.lock(axis, AxisLock(reason: "\(name) uses the axis as a whole", location: location))
    }
    for place in relations.producers {
      guard let axis = axes.valueAxis(place), graph[axis.value].constant != nil else { continue }
      producers.append((axis, id))
      if isExcluded { elements.lock(axis, AxisLock(reason: "it is excluded", location: location)) }
    }
    for contraction in relations.contractions {
      guard let data = axes.valueAxis(contraction.data), let weights = axes.valueAxis(contraction.weights)
      else { continue }
      contractions.append(Contraction(node: id, data: data, weights: weights))
    }
    batches.formUnion(relations.batches.compactMap(axes.valueAxis))
    for merge in relations.merges {
      guard let merged = axes.valueAxis(merge.merged) else { continue }
      merges.append((merged, merge.factors.compactMap(axes.valueAxis), location))
    }
  }

  private mutating func join(
    _ a: ValueAxis, _ b: ValueAxis, _ pairs: AxisRelations.Pairs?, _ mismatch: AxisLock
  ) {
    guard let x = elements.elements(of: a), let y = elements.elements(of: b),
      pairs != nil || x.count == y.count
    else {
      elements.lock(a, mismatch)
      elements.lock(b, mismatch)
      return
    }
    guard let pairs else {
      for (i, j) in zip(x, y) { elements.join(i, j) }
      return
    }
    for number in 0..<max(0, pairs.count) {
      let (i, j) = pairs.pair(number)
      if (0..<x.count).contains(i), (0..<y.count).contains(j) {
        elements.join(x.lowerBound + i, y.lowerBound + j)
      }
    }
  }

  /// Chooses the factor of each merged axis that is pruned: the one that numbers matrix products, which are attention
  /// heads, or else the last one that can be.
  private mutating func resolveMerges() {
    for merge in merges {
      let free = merge.factors.filter { elements.lock($0) == nil && (elements.size($0) ?? 1) > 1 }
      let chosen = free.last { isBatch($0) } ?? free.last ?? merge.factors.last
      let lock = AxisLock(reason: "another axis is merged with it", location: merge.location)
      for factor in merge.factors where factor != chosen { elements.lock(factor, lock) }
      guard let chosen, let position = merge.factors.firstIndex(of: chosen),
        let own = elements.elements(of: chosen), let merged = elements.elements(of: merge.merged),
        merge.factors.allSatisfy({ elements.size($0) != nil })
      else {
        for axis in merge.factors + [merge.merged] { elements.lock(axis, lock) }
        continue
      }
      let inner = merge.factors[(position + 1)...].reduce(1) { $0 * (elements.size($1) ?? 1) }
      for index in 0..<merged.count where inner > 0 && !own.isEmpty {
        elements.join(merged.lowerBound + index, own.lowerBound + index / inner % own.count)
      }
    }
  }

  /// Whether an axis is joined to one that numbers matrix products.
  private mutating func isBatch(_ axis: ValueAxis) -> Bool {
    guard let first = elements.elements(of: axis)?.first else { return false }
    let root = elements.root(first)
    for batch in batches {
      if let other = elements.elements(of: batch)?.first, elements.root(other) == root { return true }
    }
    return false
  }
}
