import SkiffBinary

/// What a pruning did.
public struct ChannelPruningReport: Sendable, CustomStringConvertible {
  /// Channels that can only be removed together with others.
  public struct Group: Sendable {
    /// The nodes whose weights make the channels.
    public let producers: [Location]
    /// How many there were.
    public let before: Int
    /// How many there are.
    public let after: Int
  }

  /// A node that something could not be done to.
  public struct KeptNode: Hashable, Sendable {
    /// Where it is.
    public let location: Location
    /// Why, for people.
    public let reason: String
  }

  /// How well a node that lost inputs computes what it computed before, on samples that it was not fitted on.
  public struct Reconstruction: Sendable {
    /// The node.
    public let location: Location
    /// The mean squared error of its results before the weights were fitted, divided by the mean square of the results.
    public let errorBefore: Double
    /// The same with the fitted weights.
    public let errorAfter: Double
  }

  /// The groups of channels that can be removed.
  public let groups: [Group]
  /// The nodes none of whose channels can be, with the reason.
  public let keptNodes: [KeptNode]
  /// The products that the graph added up before; sizes that are not fixed count as those of the first sample, or as 1.
  public let multiplicationsBefore: Double
  /// The products that it adds up now.
  public let multiplicationsAfter: Double
  /// The nodes whose weights were fitted, in the order in which they were.
  public internal(set) var reconstructions: [Reconstruction] = []
  /// The nodes that lost inputs and whose weights could not be fitted, with the reason.
  public internal(set) var unfittedNodes: [KeptNode] = []

  /// Some lines for people.
  public var description: String {
    let (before, after) = groups.reduce((0, 0)) { ($0.0 + $1.before, $0.1 + $1.after) }
    let share = multiplicationsBefore > 0 ? multiplicationsAfter / multiplicationsBefore * 100 : 100
    var lines = [
      "\(after) of \(before) channels in \(groups.count) groups are left",
      "multiplications: \(Int(min(multiplicationsBefore, 9e18))) -> \(Int(min(multiplicationsAfter, 9e18))) (\((share * 10).rounded() / 10) %)",
    ]
    lines += reconstructions.map {
      "fitted: \($0.location): relative squared error \(Float($0.errorBefore)) -> \(Float($0.errorAfter))"
    }
    lines += unfittedNodes.map { "not fitted: \($0.location): \($0.reason)" }
    lines += keptNodes.map { "kept: \($0.location): \($0.reason)" }
    return lines.joined(separator: "\n")
  }
}
