import SkiffBinary

/// A graph inside of an operator: a branch, or the body of a loop.
///
/// It is closed: what it uses of the graph around it comes in through inputs of its own.
/// Two of them are equal if they are the same one; ``Graph/semanticDigest()`` compares what graphs mean.
public struct Subgraph: Sendable {
  private final class Storage: Sendable {
    let graph: Graph
    /// How many graphs nest in each other from here on.
    let depth: Int

    init(_ graph: Graph) {
      self.graph = graph
      depth = 1 + (graph.nodeIDs.flatMap { graph[$0].operator.subgraphs }.map(\.storage.depth).max() ?? 0)
    }
  }

  private let storage: Storage
  /// How many graphs may nest in each other: the types of a loop are inferred several times at each level.
  package static let mostDepth = 8

  /// The graph.
  public var graph: Graph { storage.graph }

  /// Creates a subgraph; the graph must not change any more.
  public init(_ graph: Graph) { storage = Storage(graph) }

  /// A graph without anything in it.
  public static let empty = Subgraph(Graph())

  /// The types of the outputs for inputs of these types.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if the graph has another number of inputs or cannot take them.
  package func outputTypes(_ types: [TensorType?]) throws(ModelError) -> [TensorType?] {
    var graph = graph
    guard storage.depth <= Self.mostDepth else {
      throw ModelError(.limitExceeded, "graphs nest deeper than \(Self.mostDepth)")
    }
    guard graph.states.isEmpty else {
      throw ModelError(.invalidGraph, "only the outermost graph leaves anything for the next run")
    }
    guard graph.inputs.count == types.count else {
      throw ModelError(
        .invalidGraph, "\(types.count) values for the \(graph.inputs.count) inputs of a subgraph")
    }
    for (input, type) in zip(graph.inputs, types) {
      guard let type, let own = graph[input].type else { continue }
      guard type.dataType == own.dataType, type.shape.isCompatible(with: own.shape) else {
        throw ModelError(
          .invalidGraph, "a value \(type) for the input \(own) of a subgraph",
          at: Location(tensor: graph[input].name))
      }
      graph.setType(of: input, to: type)
    }
    try graph.inferTypes()
    return graph.outputs.map { graph[$0.value].type }
  }
}

extension Subgraph: Hashable {
  public static func == (a: Subgraph, b: Subgraph) -> Bool { a.storage === b.storage }

  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(storage)) }
}

extension Subgraph: AttributeConvertible {
  public init?(_ value: AttributeValue) {
    guard case .graph(let graph) = value else { return nil }
    self = graph
  }
  public var attributeValue: AttributeValue { .graph(self) }
  public static var kind: String { "a graph" }
}

extension Operator {
  /// The graphs among the attributes.
  package var subgraphs: [Subgraph] {
    Self.attributes.compactMap { if case .graph(let graph) = $0.get(self) { graph } else { nil } }
  }
}
