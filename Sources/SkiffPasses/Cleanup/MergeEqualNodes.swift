import SkiffBinary
import SkiffIR

/// Common subexpressions: of several nodes that apply equal operators to the same values, one stays.
///
/// Small equal constants are merged first, so that nodes which differ only in a copied constant merge too.
public struct MergeEqualNodes: Pass {
  public static let name = "merge-equal-nodes"

  /// Constants of at most this many bytes are compared.
  private static let smallByteCount = 4096

  /// Creates the pass.
  public init() {}

  public func run(on graph: inout Graph, report: inout PassReport) throws(ModelError) {
    try mergeConstants(in: &graph, report: &report)
    var candidates: [[ValueID?]: [NodeID]] = [:]
    for id in graph.nodeIDs {
      let node = graph[id]
      guard !(node.operator is ForeignOperator) else { continue }
      let equal = candidates[node.inputs, default: []].first { other in
        graph[other].operator.isEqual(to: node.operator)
          && zip(graph[other].outputs, node.outputs).allSatisfy { graph[$0].type == graph[$1].type }
      }
      guard let equal else {
        candidates[node.inputs, default: []].append(id)
        continue
      }
      for (old, new) in zip(node.outputs, graph[equal].outputs) { graph.replaceUses(of: old, with: new) }
      try graph.remove(id)
      report.count(of: Self.name)
    }
  }

  private func mergeConstants(in graph: inout Graph, report: inout PassReport) throws(ModelError) {
    var known: [String: [(ValueID, Tensor)]] = [:]
    for id in graph.constantIDs {
      guard let constant = graph[id].constant, constant.byteCount <= Self.smallByteCount else { continue }
      let tensor = try locating(Location(tensor: graph[id].name)) { () throws(ModelError) in
        try constant.materialize()
      }
      let key = "\(constant.type) \(Digest(of: tensor.bytes))"
      if let equal = known[key]?.first(where: { $0.1 == tensor }) {
        graph.replaceUses(of: id, with: equal.0)
        report.count(of: Self.name)
      } else {
        known[key, default: []].append((id, tensor))
      }
    }
    graph.removeUnused()
  }
}
