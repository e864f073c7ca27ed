import SkiffBinary

/// Passes in the order in which they run.
///
/// Each pass works on a copy of the graph that is verified before it replaces the original.
public struct Pipeline: Sendable {
  /// The passes.
  public let passes: [any Pass]
  /// Whether they also run on the graphs inside of operators, after that around them.
  package let entersBodies: Bool

  /// Creates a pipeline.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if a pass requires what none before it establishes and
  ///   `given` does not contain.
  public init(_ passes: [any Pass], given: Set<GraphProperty> = []) throws(ModelError) {
    var established = given
    for pass in passes {
      let kind = type(of: pass)
      for property in kind.requires where !established.contains(property) {
        throw ModelError(
          .invalidArgument, "pass '\(kind.name)' requires \(property.name), which nothing establishes")
      }
      established.formUnion(kind.establishes)
    }
    self.init(selected: passes)
  }

  /// Creates a pipeline of passes that require nothing.
  public init(unconditional passes: any Pass...) { self.init(selected: passes) }

  /// Creates a pipeline of passes chosen from one that could be built.
  package init(selected passes: [any Pass], entersBodies: Bool = false) {
    self.passes = passes
    self.entersBodies = entersBodies
  }

  /// The pipeline that also runs on the graphs inside of operators, branches and the bodies of loops.
  public var enteringBodies: Pipeline { Pipeline(selected: passes, entersBodies: true) }

  /// Runs the passes; after an error the graph is what the last successful pass left.
  public func run(on graph: inout Graph, report: inout PassReport) throws(ModelError) {
    for pass in passes { try Self.run(pass, on: &graph, report: &report) }
    if entersBodies { try runOnBodies(of: &graph, report: &report) }
  }

  /// Runs the passes on the graphs inside of operators; what they say of an interface stays inside.
  private func runOnBodies(of graph: inout Graph, report: inout PassReport) throws(ModelError) {
    let inside = Pipeline(selected: passes.map(\.inside), entersBodies: true)
    for id in graph.nodeIDs where !graph[id].operator.subgraphs.isEmpty {
      let node = graph[id]
      var changed = node.operator
      try locating(node.location) { () throws(ModelError) in
        for case (let name, .graph(let body)) in node.operator.attributeValues {
          // What has no types cannot be arranged.
          guard body.graph.inputs.allSatisfy({ body.graph[$0].type != nil }) else { continue }
          var (inner, own) = (body.graph, PassReport())
          try inside.run(on: &inner, report: &own)
          for (pass, changes) in own.changes { report.count(changes, of: pass) }
          report.warnings += own.warnings
          if inner.revision != body.graph.revision {
            try changed.setAttribute(name, to: .graph(Subgraph(inner)))
          }
        }
      }
      graph.setNode(id, to: changed, inputs: node.inputs)
    }
  }

  /// Runs one pass on a copy, verifies the copy and keeps it.
  public static func run(
    _ pass: any Pass, on graph: inout Graph, report: inout PassReport
  ) throws(ModelError) {
    let name = type(of: pass).name
    var copy = graph
    try locating(Location(pass: name)) { () throws(ModelError) in
      try pass.run(on: &copy, report: &report)
      try copy.verify()
    }
    graph = copy
  }
}
