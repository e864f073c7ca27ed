import SkiffIR
import Testing

/// How far results of a quantized graph can be from those of the graph it was made of.
///
/// What is off before a product counts with its weights, the rounding of a weight with the most that it meets, and
/// every rounding of a result with half a step. Ranges must hold all that was seen, so that nothing is clamped by more
/// than that.
struct WorstError {
  let graph: Graph
  let quantized: Graph
  let ranges: [ValueID: ClosedRange<Float>]

  init(_ graph: Graph, _ quantized: Graph, _ ranges: [ValueID: ClosedRange<Float>]) {
    (self.graph, self.quantized, self.ranges) = (graph, quantized, ranges)
  }

  /// Half a step of what a node of the quantized graph computes.
  func rounding(of node: NodeID) throws -> Float {
    try #require(quantized[quantized[node].outputs[0]].type?.quantization).scales[0] / 2
  }

  /// The most by which each row of products is off, by the weights' first axis.
  ///
  /// - Parameters:
  ///   - index: The place of the node with the products in the graph.
  ///   - counterpart: Its place in the quantized graph.
  ///   - error: The most by which its operand is off.
  func afterProducts(of index: Int, by counterpart: Int, _ error: Float) throws -> [Float] {
    let (exact, rounded) = (graph[graph.nodeIDs[index]], quantized[quantized.nodeIDs[counterpart]])
    let operand = try #require(exact.inputs[0].flatMap { ranges[$0] })
    let most = max(-operand.lowerBound, operand.upperBound) + error
    let (weights, roundedWeights) = (try rows(graph, exact, 1), try rows(quantized, rounded, 1))
    var errors = [Float](repeating: try rounding(of: quantized.nodeIDs[counterpart]), count: weights.count)
    for row in errors.indices {
      for (weight, stored) in zip(weights[row], roundedWeights[row]) {
        errors[row] += abs(weight) * error + abs(weight - stored) * most
      }
    }
    guard exact.inputs.count > 2 else { return errors }
    let (biases, roundedBiases) = (try rows(graph, exact, 2), try rows(quantized, rounded, 2))
    return errors.indices.map { errors[$0] + abs(biases[$0][0] - roundedBiases[$0][0]) }
  }

  private func rows(_ graph: Graph, _ node: Node, _ input: Int) throws -> [[Float]] {
    let constant = try #require(node.inputs[input].flatMap { graph[$0].constant })
    let tensor = try constant.materialize().dequantized()
    let length = tensor.count / tensor.shape[0]
    let elements = try tensor.floats()
    return (0..<tensor.shape[0]).map { Array(elements[$0 * length..<($0 + 1) * length]) }
  }
}
