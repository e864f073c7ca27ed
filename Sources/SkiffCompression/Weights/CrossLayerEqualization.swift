import SkiffBinary
import SkiffIR
import SkiffOperators

/// Giving the channels between two layers ranges alike, so that one scale suits all weights of a layer: what one layer divides a
/// channel by, the next one multiplies it with, which no rectifier in between notices.
///
/// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.1.
public struct CrossLayerEqualization: Hashable, Sendable {
  /// How often every pair of layers is equalized, at most; less if nothing changes any more.
  public var rounds = 50

  /// Creates the usual equalization.
  public init() {}

  /// The graph with other weights, which computes the same but for rounding.
  ///
  /// - Returns: Also the number of pairs of layers.
  public func apply(to source: Graph) throws(ModelError) -> (graph: Graph, pairs: Int) {
    var graph = source.untyingVectors()
    let pairs = graph.nodeIDs.compactMap { LayerPair(from: $0, in: graph) }
    var layers: [NodeID: LayerWeights] = [:]
    for pair in pairs {
      for id in [pair.first, pair.second] where layers[id] == nil { layers[id] = try LayerWeights(id, graph) }
    }
    for _ in 0..<rounds {
      var greatest: Float = 1
      for pair in pairs {
        guard var first = layers[pair.first], var second = layers[pair.second] else { continue }
        let (made, used) = (first.outputRanges(), second.inputRanges())
        // A layer can take what is not channels alone, like all elements of an image in a row.
        guard made.count == used.count else { continue }
        for channel in made.indices {
          let factor = (made[channel] / used[channel]).squareRoot()
          guard factor > 0, factor.isFinite else { continue }
          first.divideOutput(channel, by: factor)
          second.multiplyInput(channel, by: factor)
          greatest = max(greatest, factor, 1 / factor)
        }
        (layers[pair.first], layers[pair.second]) = (first, second)
      }
      if greatest < 1.001 { break }
    }
    for layer in layers.values { try layer.store(in: &graph) }
    return (graph, pairs.count)
  }
}

/// Two layers of which the second one alone uses what the first one computes, channel by channel.
private struct LayerPair {
  let first: NodeID
  let second: NodeID

  init?(from id: NodeID, in graph: Graph) {
    guard LayerWeights.hasOwnWeights(id, graph), graph[id].operator.isHomogeneous else { return nil }
    var value = graph[id].outputs[0]
    while let user = graph.soleUser(of: value) {
      if graph[user].inputs[0] == value, LayerWeights.hasOwnWeights(user, graph) {
        (first, second) = (id, user)
        return
      }
      // What keeps channels apart, and makes a multiple of a multiple.
      guard graph[user].inputs.count == 1, graph[user].operator.keepsMultiples(graph[value].type) else {
        return nil
      }
      value = graph[user].outputs[0]
    }
    return nil
  }
}

extension Operator {
  /// Whether positive multiples of a sum become the same multiples of the result.
  fileprivate var isHomogeneous: Bool {
    switch self {
    case let node as Convolution: node.layout == .last && [.none, .relu].contains(node.activation)
    case let node as FullyConnected: [.none, .relu].contains(node.activation)
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

/// The weights and the bias of a layer, the outputs along the first axis.
private struct LayerWeights {
  private let weights: ValueID
  private let bias: ValueID?
  private let shape: [Int]
  private let groups: Int
  private var elements: [Float]
  private var biases: [Float]

  /// Whether the constants of a node belong to no other.
  static func hasOwnWeights(_ id: NodeID, _ graph: Graph) -> Bool {
    let node = graph[id]
    let layout = (node.operator as? Convolution)?.layout
    guard layout == .last || node.operator is FullyConnected, node.inputs.count > 1 else { return false }
    return node.inputs.indices.dropFirst().allSatisfy { index in
      guard let value = node.inputs[index] else { return index > 1 }
      return graph[value].constant?.type.dataType == .float32 && graph.soleUser(of: value) == id
    }
  }

  init?(_ id: NodeID, _ graph: Graph) throws(ModelError) {
    let node = graph[id]
    guard let weights = node.inputs[1], let constant = graph[weights].constant else { return nil }
    self.weights = weights
    shape = constant.shape
    groups = (node.operator as? Convolution)?.groups ?? 1
    elements = try constant.materialize().floats()
    bias = node.inputs.count > 2 ? node.inputs[2] : nil
    biases = try bias.flatMap { graph[$0].constant }?.materialize().floats() ?? []
    guard !elements.isEmpty, biases.isEmpty || biases.count == shape[0], shape[0] % groups == 0 else {
      return nil
    }
  }

  private var each: Int { elements.count / shape[0] }

  func outputRanges() -> [Float] {
    (0..<shape[0]).map { output in
      elements[output * each..<(output + 1) * each].reduce(0) { max($0, abs($1)) }
    }
  }

  /// The input channel that an element is multiplied with.
  private func channel(of index: Int) -> Int {
    let own = shape[shape.count - 1]
    return index / each / (shape[0] / groups) * own + index % own
  }

  func inputRanges() -> [Float] {
    var ranges = [Float](repeating: 0, count: groups * shape[shape.count - 1])
    for index in elements.indices {
      let channel = channel(of: index)
      ranges[channel] = max(ranges[channel], abs(elements[index]))
    }
    return ranges
  }

  mutating func divideOutput(_ output: Int, by factor: Float) {
    for index in output * each..<(output + 1) * each { elements[index] /= factor }
    if !biases.isEmpty { biases[output] /= factor }
  }

  mutating func multiplyInput(_ input: Int, by factor: Float) {
    let own = shape[shape.count - 1]
    let rows = shape[0] / groups
    for row in input / own * rows..<(input / own + 1) * rows {
      for index in stride(from: row * each + input % own, to: (row + 1) * each, by: own) {
        elements[index] *= factor
      }
    }
  }

  func store(in graph: inout Graph) throws(ModelError) {
    graph.setConstant(weights, to: Constant(Tensor(elements, shape: shape)))
    if let bias { graph.setConstant(bias, to: Constant(Tensor(biases, shape: [biases.count]))) }
  }
}
