import SkiffBinary
import SkiffIR
import SkiffOperators

/// How many products a graph adds up, as a function of the sizes of its axes.
package struct MultiplicationCount {
  /// The axes whose sizes are multiplied for each node.
  private var terms: [[ValueAxis]] = []
  private var termsOfAxis: [ValueAxis: [Int]] = [:]
  private var sizes: [ValueAxis: Int] = [:]
  /// The products of all nodes.
  package private(set) var total = 0.0

  /// - Parameter graph: The graph; sizes that are not fixed count as 1.
  package init(_ graph: Graph) {
    for id in graph.nodeIDs { count(NodeAxes(graph: graph, node: graph[id])) }
    for (index, term) in terms.enumerated() {
      total += product(term)
      for axis in term { termsOfAxis[axis, default: []].append(index) }
    }
  }

  private mutating func count(_ axes: NodeAxes) {
    switch axes.node.operator {
    case let convolution as Convolution:
      guard let rank = axes.operand(1)?.count else { return }
      let space = convolution.layout.spatialAxes(rank: rank)
      add(axes, weights(axes, 1) + ([0] + Array(space)).map { .result(0, axis: $0) })
    case let convolution as TransposedConvolution:
      guard let rank = axes.operand(1)?.count else { return }
      let space = convolution.layout.spatialAxes(rank: rank)
      add(axes, weights(axes, 1) + ([0] + Array(space)).map { .operand(0, axis: $0) })
    case is FullyConnected:
      guard let rank = axes.operand(0)?.count else { return }
      add(axes, weights(axes, 1) + (0..<max(0, rank - 1)).map { .operand(0, axis: $0) })
    case let product as MatrixMultiply:
      guard let a = axes.operand(0), let result = axes.result(0) else { return }
      let inner = a.count > 1 && product.transposesA ? a.count - 2 : a.count - 1
      add(axes, [.operand(0, axis: inner)] + result.indices.map { .result(0, axis: $0) })
    case is any RecurrentOperator:
      for operand in [1, 2] {
        add(axes, weights(axes, operand) + [.operand(0, axis: 0), .operand(0, axis: 1)])
      }
    default: return
    }
  }

  private func weights(_ axes: NodeAxes, _ operand: Int) -> [AxisRelations.Place] {
    (axes.operand(operand) ?? []).indices.map { .operand(operand, axis: $0) }
  }

  private mutating func add(_ axes: NodeAxes, _ places: [AxisRelations.Place]) {
    var term: [ValueAxis] = []
    for place in places {
      guard let axis = axes.valueAxis(place), let shape = axes.graph[axis.value].type?.shape,
        axis.axis < shape.rank, let size = shape[axis.axis].fixed
      else { continue }
      term.append(axis)
      sizes[axis] = size
    }
    terms.append(term)
  }

  private func product(_ term: [ValueAxis], less removed: [ValueAxis: Int] = [:]) -> Double {
    term.reduce(1) { $0 * Double((sizes[$1] ?? 1) - (removed[$1] ?? 0)) }
  }

  /// How many products less there are without so many indices of some axes.
  func saving(of removed: [ValueAxis: Int]) -> Double {
    var touched: Set<Int> = []
    for axis in removed.keys { touched.formUnion(termsOfAxis[axis] ?? []) }
    return touched.reduce(0) { $0 + product(terms[$1]) - product(terms[$1], less: removed) }
  }

  /// Counts without so many indices of some axes from now on.
  mutating func remove(_ removed: [ValueAxis: Int]) {
    total -= saving(of: removed)
    for (axis, count) in removed where sizes[axis] != nil { sizes[axis, default: 0] -= count }
  }
}
