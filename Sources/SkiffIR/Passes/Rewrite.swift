import SkiffBinary

/// A local change: looks at one node and replaces it, and what feeds only it, by something better.
public protocol Rewrite: Sendable {
  /// The name under which its changes are counted.
  static var name: String { get }
  /// Replaces the node if its pattern is there.
  ///
  /// The rewrite adds nodes before `node`, makes the users of its results use theirs, and leaves removing what
  /// became unused to its caller.
  /// - Returns: Whether it changed the graph.
  func rewrite(_ node: NodeID, in graph: inout Graph) throws(ModelError) -> Bool
}

/// Applies rewrites to every node until none of them finds anything.
public struct RewritePass: Pass {
  public static let name = "rewrite"

  /// The rewrites, in the order in which they are tried.
  let rewrites: [any Rewrite]

  /// Creates a pass that tries `rewrites` in this order at each node.
  public init(_ rewrites: any Rewrite...) { self.rewrites = rewrites }

  /// Creates a pass that tries `rewrites` in this order at each node.
  public init(_ rewrites: [any Rewrite]) { self.rewrites = rewrites }

  public func run(on graph: inout Graph, report: inout PassReport) throws(ModelError) {
    // Each rewrite makes the graph simpler by its own measure, so the rounds end; the bound guards against a
    // pair of rewrites that undo each other.
    for _ in 0..<64 {
      var hasChanged = false
      for id in graph.nodeIDs where graph.contains(id) {
        for rewrite in rewrites where graph.contains(id) {
          let name = type(of: rewrite).name
          let changed = try locating(Location(pass: name)) { () throws(ModelError) in
            try rewrite.rewrite(id, in: &graph)
          }
          guard changed else { continue }
          report.count(of: name)
          hasChanged = true
          break
        }
      }
      graph.removeUnused()
      guard hasChanged else { return }
    }
    throw ModelError(.invalidGraph, "the rewrites undo each other without end")
  }
}
