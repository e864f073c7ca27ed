import SkiffBinary
import SkiffIR
import SkiffOperators

/// Stores every spatial tensor with its channels last, with as few transpositions as possible: see ``LayoutAssignment``.
///
/// ```
/// %y = Convolution(%x, %w) {layout = first} : f32[N,8,H,W]
/// %z = Relu(%y)
///   →
/// %x' = Transpose(%x) {permutation = [0, 2, 3, 1]}
/// %y = Convolution(%x', %w') {layout = last} : f32[N,H,W,8]
/// %z = Relu(%y)
/// ```
public struct AssignChannelsLast: Pass {
  public static let name = "assign-channels-last"
  public static let establishes: Set<GraphProperty> = [.channelsLast]

  /// Whether inputs and outputs of the graph are stored with their channels last too, where that is what the
  /// operators next to them want.
  public let changesInterface: Bool

  /// Creates the pass.
  public init(changesInterface: Bool = false) { self.changesInterface = changesInterface }

  public var inside: any Pass { Self() }

  public func run(on graph: inout Graph, report: inout PassReport) throws(ModelError) {
    try LayoutAssignment(layout: .last, changesInterface: changesInterface)
      .run(on: &graph, report: &report, as: Self.name)
  }
}

/// Stores every spatial tensor with its channels first, with as few transpositions as possible: see ``LayoutAssignment``. What
/// ``AssignChannelsLast`` did is undone, so that none remains where there was none before.
public struct AssignChannelsFirst: Pass {
  public static let name = "assign-channels-first"

  /// Creates the pass.
  public init() {}

  public func run(on graph: inout Graph, report: inout PassReport) throws(ModelError) {
    try LayoutAssignment(layout: .first).run(on: &graph, report: &report, as: Self.name)
  }
}
