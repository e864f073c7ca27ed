import SkiffIR
import SkiffOperators

/// Channels that one node makes and that only products use: what the node divides a channel by, the products can multiply it with,
/// which nothing in between notices.
struct ChannelEdge {
  /// A product or a normalization.
  let producer: NodeID
  /// What the products use, the channels along its last axis.
  let value: ValueID
  let users: [NodeID]

  /// The edges of a graph, in the order of their producers.
  static func all(in graph: Graph) -> [ChannelEdge] {
    graph.nodeIDs.compactMap { ChannelEdge(from: $0, in: graph) }
  }

  private init?(from id: NodeID, in graph: Graph) {
    guard graph[id].operator.isHomogeneous, ScaledLayer.hasOwnParameters(id, graph) else { return nil }
    producer = id
    var value = graph[id].outputs[0]
    while !graph.isOutput(value), let first = graph[value].users.first {
      let users = graph[value].users
      let areProducts = users.allSatisfy { user in
        graph[user].operator.isProduct && graph[user].inputs[0] == value
          && ScaledLayer.hasOwnParameters(user, graph)
      }
      if areProducts {
        (self.value, self.users) = (value, users)
        return
      }
      // What keeps channels apart, and makes a multiple of a multiple.
      guard users.count == 1, graph[first].inputs.count == 1,
        graph[first].operator.keepsMultiples(graph[value].type)
      else { return nil }
      value = graph[first].outputs[0]
    }
    return nil
  }
}

extension Operator {
  /// Whether the operator adds up products of the channels of its first operand, the last axis, with weights.
  fileprivate var isProduct: Bool {
    switch self {
    case let node as Convolution: node.layout == .last
    case let node as MatrixMultiply: !node.transposesA
    default: self is FullyConnected
    }
  }

  /// Whether positive multiples of weights and bias become the same multiples of the result.
  fileprivate var isHomogeneous: Bool {
    switch self {
    case let node as Convolution: node.layout == .last && [.none, .relu].contains(node.activation)
    case let node as FullyConnected: [.none, .relu].contains(node.activation)
    case let node as MatrixMultiply: !node.transposesA
    case let node as LayerNormalization: node.axis == -1
    case let node as RMSNormalization: node.axis == -1
    default: false
    }
  }

  /// Whether positive multiples of a channel, the last axis, become the same multiples of that channel of the result.
  fileprivate func keepsMultiples(_ type: TensorType?) -> Bool {
    switch self {
    case is Relu, is Identity: return true
    case let node as MaxPool: return node.layout == .last && node.outputCount == 1
    case let node as AveragePool: return node.layout == .last && [.none, .relu].contains(node.activation)
    case let node as ReduceMean:
      guard let rank = type?.rank else { return false }
      return !node.axes.isEmpty && !node.axes.contains { $0 == -1 || $0 == rank - 1 }
    default: return false
    }
  }
}
