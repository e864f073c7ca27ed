import SkiffIR
import SkiffOperators

/// Outputs of a graph that are joined of parts with very different ranges: boxes in pixels and scores from 0 to 1, as detectors
/// return them.
///
/// In integers of one scale the small part has next to no steps. Nothing computes with it any more, so that nothing is lost by joining
/// real numbers; parts keep scales of their own.
struct UnevenOutputs {
  /// How many steps of 255 a part must have at least.
  private static let leastSteps: Float = 32

  /// Why these nodes stay in real numbers.
  static let reason = "it makes an output of parts with very different ranges, which one scale does not suit"

  /// The nodes that join such parts, and those that only move what is joined on its way to an output.
  private(set) var nodes: Set<NodeID> = []

  init(_ graph: Graph, _ known: KnownParameters) {
    guard known.dataType == .int8 else { return }
    for id in graph.nodeIDs where graph[id].operator is Concat {
      guard let way = Self.wayToOutput(from: id, in: graph),
        way.allSatisfy({ known.given[graph[$0].outputs[0]] == nil })
      else { continue }
      let node = graph[id]
      guard let whole = known.parameters(of: node.outputs[0], in: graph)?.perTensor?.scale else { continue }
      let scales = node.inputs.compactMap { operand in
        operand.flatMap { value in
          // Constants, of zeros for example, are known to the last bit.
          graph[value].constant == nil ? known.parameters(of: value, in: graph)?.perTensor?.scale : nil
        }
      }
      guard let least = scales.min(), least * 255 < whole * Self.leastSteps else { continue }
      nodes.formUnion(way)
    }
  }

  /// The node and those behind it, where all of its result only moves to an output; nil elsewhere.
  private static func wayToOutput(from id: NodeID, in graph: Graph) -> [NodeID]? {
    var way = [id]
    var value = graph[id].outputs[0]
    while !graph.isOutput(value) {
      guard let user = graph.soleUser(of: value), graph[user].operator.movesExactly,
        graph[user].outputs.count == 1
      else { return nil }
      way.append(user)
      value = graph[user].outputs[0]
    }
    return graph[value].users.isEmpty ? way : nil
  }
}
