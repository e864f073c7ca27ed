import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// The removal of channels, neurons, attention heads and recurrent units: what is left is a smaller graph of the same kind.
///
/// What can only go together goes together: all that is added up along residual connections, the parts of what is
/// concatenated, a head of queries, keys and values. Without reconstruction the graph that is left computes what the graph
/// before would if all that is removed were multiplied by zero where it is used.
public struct ChannelPruning: Hashable, Sendable {
  /// How much is removed.
  public enum Amount: Hashable, Sendable {
    /// Until no more than this share of the multiplications is left; where, importance decides.
    case multiplications(Double)
    /// Until this share of each group of channels is left.
    case eachGroup(Double)
  }

  /// How much is removed.
  public var amount: Amount
  /// What decides which channels are important.
  public var ranking = ChannelRanking.l2
  /// The array of the samples that tells the class of each row of the model's first output; only the ranking ``ChannelRanking/taylor``
  /// looks at it.
  public var labels: String?
  /// What the numbers of channels that are left are multiples of, except where none is removed.
  public var multiple = 1
  /// The fewest channels that are left of a group.
  public var leastCount = 1
  /// The least share that is left of a group.
  public var leastShare = 0.2
  /// Whether the weights that used the removed channels are fitted, so that their results are as near to those before as
  /// they can be on the samples.
  public var reconstructs = false
  /// Nodes whose results keep all of their channels, by their name or that of a node of the source which they compute.
  public var excludedNodes: Set<String> = []

  /// Creates a pruning by the norm of weights.
  public init(_ amount: Amount) { self.amount = amount }

  /// The graph with fewer channels.
  ///
  /// - Parameters:
  ///   - graph: A graph in floating point; batch normalization should be part of the convolutions.
  ///   - samples: The inputs by name of one run after the other; what the ranking or the reconstruction looks at.
  ///   - classes: The class of each row of the first output, run by run, where ``labels`` says that there are some.
  /// - Throws: ``ModelError/Code/invalidArgument`` for an excluded node that the graph does not have, for numbers that
  ///   make no sense, and if samples are needed and missing.
  public func apply(
    to graph: Graph, samples: [[String: Tensor]] = [], classes: [Int]? = nil
  ) throws(ModelError) -> (graph: Graph, report: ChannelPruningReport) {
    let plan = try plan(for: graph, samples: samples, classes: classes)
    guard !plan.kept.isEmpty else { return (graph, plan.report) }
    let source = plan.coupling.graph
    let pruned = try source.sliced(plan.kept)
    guard reconstructs else { return (pruned, plan.report) }
    let reconstruction = Reconstruction(
      source: source, coupling: plan.coupling, kept: plan.kept, samples: samples)
    let outcome = try reconstruction.apply(to: pruned)
    var report = plan.report
    (report.reconstructions, report.unfittedNodes) = (outcome.fitted, outcome.unfitted)
    return (outcome.graph, report)
  }

  /// What is to be removed.
  package func plan(
    for graph: Graph, samples: [[String: Tensor]] = [], classes: [Int]? = nil
  ) throws(ModelError) -> ChannelPruningPlan {
    try check(hasSamples: !samples.isEmpty, hasClasses: classes != nil)
    let graph = graph.untyingVectors()
    let excluded = try graph.nodes(named: excludedNodes)
    var coupling = AxisCoupling(graph, excluded: excluded)
    let (groups, locked) = coupling.groups()
    let importance = ChannelImportance(
      graph: graph, coupling: coupling, ranking: ranking, labels: classes)
    var sized = graph
    if let shapes = samples.first?.mapValues(\.shape) { sized = try Plan(graph, inputShapes: shapes).graph }
    var selection = ChannelSelection(
      groups, scores: try importance.scores(of: groups, samples: samples), count: MultiplicationCount(sized),
      multiple: multiple,
      least: { max(leastCount, Int((leastShare * Double($0)).rounded(.up))) })
    switch amount {
    case .multiplications(let share): selection.reduce(to: share)
    case .eachGroup(let share): selection.reduceEach(to: share)
    }
    let report = ChannelPruningReport(
      groups: groups.indices.map { index in
        .init(
          producers: groups[index].producers.map { graph.location(ofWeights: $0.value) },
          before: groups[index].units.count,
          after: groups[index].units.count - selection.removed[index].count)
      },
      keptNodes: locked.map { .init(location: graph[$0.node].location, reason: $0.lock.description) },
      multiplicationsBefore: selection.before, multiplicationsAfter: selection.after)
    return ChannelPruningPlan(coupling: coupling, kept: selection.kept(in: graph), report: report)
  }

  private func check(hasSamples: Bool, hasClasses: Bool) throws(ModelError) {
    let share =
      switch amount {
      case .multiplications(let share), .eachGroup(let share): share
      }
    guard (0...1).contains(share), (0...1).contains(leastShare), multiple > 0, leastCount > 0 else {
      throw ModelError(
        .invalidArgument,
        "shares are from 0 to 1, a multiple and the least number of channels at least 1")
    }
    guard hasClasses == (labels != nil), labels == nil || ranking == .taylor else {
      throw ModelError(
        .invalidArgument,
        ranking == .taylor
          ? "labels are named but not given, or the other way round"
          : "only the ranking 'taylor' takes labels")
    }
    guard hasSamples || !ranking.needsSamples && !reconstructs else {
      throw ModelError(
        .invalidArgument, "the ranking '\(ranking.rawValue)' and reconstruction need samples")
    }
  }
}

/// What is removed from a graph, and why.
package struct ChannelPruningPlan {
  package let coupling: AxisCoupling
  /// The indices that are left of each axis that loses some.
  package let kept: [ValueAxis: [Int]]
  package let report: ChannelPruningReport
}

extension AxisLock {
  /// The reason with the place that it comes from.
  fileprivate var description: String {
    let place = location.description
    return place.isEmpty ? reason : "\(reason) (\(place))"
  }
}

extension Graph {
  /// The place of the node that uses weights first.
  fileprivate func location(ofWeights value: ValueID) -> Location {
    self[value].users.first.map { self[$0].location } ?? Location(tensor: self[value].name)
  }
}
