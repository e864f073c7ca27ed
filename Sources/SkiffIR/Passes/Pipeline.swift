import SkiffBinary

/// Passes in the order in which they run.
///
/// Each pass works on a copy of the graph that is verified before it replaces the original.
public struct Pipeline: Sendable {
  /// The passes.
  public let passes: [any Pass]

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
    self.passes = passes
  }

  /// Creates a pipeline of passes that require nothing.
  public init(unconditional passes: any Pass...) { self.passes = passes }

  /// Creates a pipeline of passes chosen from one that could be built.
  package init(selected passes: [any Pass]) { self.passes = passes }

  /// Runs the passes; after an error the graph is what the last successful pass left.
  public func run(on graph: inout Graph, report: inout PassReport) throws(ModelError) {
    for pass in passes { try Self.run(pass, on: &graph, report: &report) }
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
