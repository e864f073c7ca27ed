import SkiffBinary
import SkiffIR
import SkiffOperators

/// The values of a graph by whose channels have to be scaled together.
///
/// 1. Products with weights of their own take scaled channels, and make some unless they clamp above; so do the channels of depthwise
///    convolutions, whose inputs and outputs have factors of their own. Normalizations over the channels make some.
/// 2. Sums and differences of scaled channels are scaled alike. What is multiplied with something that stays is scaled as it was.
/// 3. Rectifiers, pooling, and sums and means over other axes make of multiples the same multiples, and so do moves that leave channels
///    the last axis.
/// 4. Inputs, outputs and all other operators, clamps above among them, see how large channels are, which must stay.
struct ScalingGroups {
  private let graph: Graph
  private var sets: ValueSets<ScalingGroup>

  init(_ graph: Graph) {
    self.graph = graph
    sets = ValueSets(of: graph)
    for id in graph.nodeIDs { add(id) }
    sets.blockInterface()
    for value in graph.constantIDs where sets.contains(value) { sets.block(value, "it is a constant") }
  }

  /// The groups that layers make and take, in the order of the first that makes one.
  var all: [ScalingGroup] {
    var places: [NodeID: Int] = [:]
    for (place, id) in graph.nodeIDs.enumerated() { places[id] = place }
    func isBefore(_ a: NodeID, _ b: NodeID) -> Bool { (places[a] ?? 0) < (places[b] ?? 0) }
    return sets.groups.filter { $0.obstacle == nil && !$0.producers.isEmpty && !$0.users.isEmpty }.map {
      group in
      var sorted = group
      sorted.values.sort()
      sorted.producers.sort(by: isBefore)
      sorted.users.sort(by: isBefore)
      return sorted
    }.sorted { isBefore($0.producers[0], $1.producers[0]) }
  }

  private mutating func add(_ id: NodeID) {
    let node = graph[id]
    switch node.operator {
    case is ShapeOf, is SizeOf: return
    case let convolution as Convolution where convolution.layout == .last:
      addLayer(id, convolution.activation)
    case let product as FullyConnected: addLayer(id, product.activation)
    case let product as MatrixMultiply where !product.transposesA: addLayer(id, .none)
    case let normalization as any TrailingNormalization where normalization.axis == -1:
      guard ScaledLayer.hasOwnParameters(id, graph), let x = node.inputs[0] else { return sets.block(id) }
      sets.block(x, "'\(node.name)' normalizes it")
      sets.with(node.outputs[0]) { $0.producers.append(id) }
    case let sum as Add where sum.activation.keepsMultiples: sets.joinSum(id)
    case let difference as Subtract where difference.activation.keepsMultiples: sets.joinSum(id)
    case let product as Multiply where product.activation.keepsMultiples: addProduct(id)
    case is Relu, is LeakyRelu, is Identity, is Reshape, is Squeeze, is Unsqueeze: pass(id)
    case let pool as MaxPool where pool.layout == .last && pool.outputCount == 1: pass(id)
    case let pool as AveragePool where pool.layout == .last && pool.activation.keepsMultiples: pass(id)
    case let mean as ReduceMean: sets.joinReduced(id, mean)
    case let sum as ReduceSum: sets.joinReduced(id, sum)
    default: sets.block(id)
    }
  }

  /// A product with weights.
  private mutating func addLayer(_ id: NodeID, _ activation: FusedActivation) {
    let node = graph[id]
    guard ScaledLayer.hasOwnParameters(id, graph), let x = node.inputs[0] else {
      return sets.block(id, "the weights of '\(node.name)' are shared or computed")
    }
    sets.with(x) { $0.users.append(id) }
    if activation.keepsMultiples {
      sets.with(node.outputs[0]) { $0.producers.append(id) }
    } else {
      sets.block(node.outputs[0], "the activation of '\(node.name)' sees how large they are")
    }
  }

  /// What is multiplied with a constant, or with what is known to stay, as gates are.
  private mutating func addProduct(_ id: NodeID) {
    let node = graph[id]
    for (x, factor) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let x, let factor, x != factor, sets.haveEqualChannels(x, node.outputs[0]),
        graph[factor].constant != nil || sets.with(factor, { $0.obstacle != nil })
      else { continue }
      return sets.join(x, node.outputs[0])
    }
    sets.block(id)
  }

  /// A node whose only operand of real numbers has its channels where the result has them: elements keep their order, or pooling takes each
  /// channel by itself.
  private mutating func pass(_ id: NodeID) {
    let node = graph[id]
    guard let x = node.inputs[0], sets.haveEqualChannels(x, node.outputs[0]) else { return sets.block(id) }
    sets.join(x, node.outputs[0])
  }
}

extension FusedActivation {
  /// Whether positive multiples become the same multiples.
  fileprivate var keepsMultiples: Bool { self == .none || self == .relu }
}
