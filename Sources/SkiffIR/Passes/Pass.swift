import SkiffBinary

/// A change of a whole graph that keeps what it computes.
public protocol Pass: Sendable {
  /// The name under which it is listed and chosen, for example `fold-constants`.
  static var name: String { get }
  /// Properties that must hold before it runs.
  static var requires: Set<GraphProperty> { get }
  /// Properties that hold after it ran.
  static var establishes: Set<GraphProperty> { get }
  /// The pass as it runs on graphs inside of operators, whose interfaces stay as they are.
  var inside: any Pass { get }
  /// Changes the graph; what a failing pass did is discarded by its ``Pipeline``.
  func run(on graph: inout Graph, report: inout PassReport) throws(ModelError)
}

extension Pass {
  public static var requires: Set<GraphProperty> { [] }
  public static var establishes: Set<GraphProperty> { [] }
  public var inside: any Pass { self }
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
  /// The transpositions that the layout could not avoid.
  public var transpositions: [Transposition] = []
  /// The new order of the axes of inputs and outputs of the graph whose order changed, by name.
  public var interfaceOrders: [String: [Int]] = [:]

  /// Creates an empty report.
  public init() {}

  /// Counts changes of the named pass.
  public mutating func count(_ changes: Int = 1, of pass: String) {
    self.changes[pass, default: 0] += changes
  }
}

/// A transposition that remains, and why.
public struct Transposition: Hashable, Sendable, CustomStringConvertible {
  /// The name of the value that is transposed.
  public let value: String
  /// The operand's axis for each axis of the result.
  public let permutation: [Int]
  /// What forces it.
  public let reason: String

  /// Creates the record of a transposition.
  public init(value: String, permutation: [Int], reason: String) {
    self.value = value
    self.permutation = permutation
    self.reason = reason
  }

  /// For example `'x' by [0, 2, 3, 1] for node 'Conv_0' (Conv, #0)`.
  public var description: String { "'\(value)' by \(permutation) for \(reason)" }
}
