import SkiffBinary

/// A change of a whole graph that keeps what it computes.
public protocol Pass: Sendable {
  /// The name under which it is listed and chosen, for example `fold-constants`.
  static var name: String { get }
  /// Properties that must hold before it runs.
  static var requires: Set<GraphProperty> { get }
  /// Properties that hold after it ran.
  static var establishes: Set<GraphProperty> { get }
  /// Changes the graph; what a failing pass did is discarded by its ``Pipeline``.
  func run(on graph: inout Graph, report: inout PassReport) throws(ModelError)
}

extension Pass {
  public static var requires: Set<GraphProperty> { [] }
  public static var establishes: Set<GraphProperty> { [] }
}

/// Something that can be true of a graph and that passes rely on.
public struct GraphProperty: Hashable, Sendable {
  /// The name for people.
  public let name: String

  /// Creates a property.
  public init(_ name: String) { self.name = name }

  /// Every spatial operator has its channels last.
  public static let channelsLast = GraphProperty("channels-last")
}

/// What passes did and what a user should know of it.
public struct PassReport: Sendable {
  /// The number of changes by the name of the pass.
  public internal(set) var changes: [String: Int] = [:]
  /// What was noticed.
  public var warnings: [Warning] = []

  /// Creates an empty report.
  public init() {}

  /// Counts changes of the named pass.
  public mutating func count(_ changes: Int = 1, of pass: String) {
    self.changes[pass, default: 0] += changes
  }
}
